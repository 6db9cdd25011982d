"""The agent's configuration: numbers may be text, and a bad one is refused in a sentence."""

from __future__ import annotations

from typing import Any

import pytest

from contract.errors import CrowdLensError
from edge_components.fleet_agent.settings import FleetAgentSettings, LinkTestSettings

URL = "https://files.example.com/10MB.bin"


def test_without_anything_there_is_no_link_test() -> None:
    assert FleetAgentSettings.read({"folder": "/x", "logLevel": "INFO"}) == FleetAgentSettings(60.0, "", None)


def test_numbers_may_be_text() -> None:
    link = {
        "run": "2026-11-21",
        "downloadUrl": URL,
        "uploadUrl": "",
        "maximumBytes": "5000",
        "maximumSeconds": "5",
    }
    assert FleetAgentSettings.read({"reportSeconds": "120", "linkTest": link}) == FleetAgentSettings(
        120.0, "2026-11-21", LinkTestSettings(URL, None, 5000, 5.0)
    )


@pytest.mark.parametrize(
    ("configuration", "sentence"),
    [
        pytest.param({"reportSeconds": "1"}, "reportSeconds is '1': expected", id="too often"),
        pytest.param({"reportsSeconds": 60}, "reportsSeconds is not known", id="unknown key"),
        pytest.param({"linkTest": {"run": "a"}}, "has no URL", id="no URL"),
        pytest.param(
            {"linkTest": {"run": "a", "downloadUrl": "ftp://x/y"}}, "expected an http or https", id="FTP"
        ),
        pytest.param(
            {"linkTest": {"run": "a", "downloadUrl": "http://x:99999/"}}, "expected an http", id="port"
        ),
        pytest.param(
            {"linkTest": {"run": "a", "downloadUrl": URL, "maximumBytes": 10**12}},
            "maximumBytes",
            id="too many bytes",
        ),
        pytest.param(
            {"linkTest": {"when": "now"}}, "linkTest/when is not known", id="unknown key of the test"
        ),
    ],
)
def test_bad_configurations(configuration: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CrowdLensError) as caught:
        FleetAgentSettings.read(configuration)
    assert sentence in str(caught.value)
