"""The agent's flags: what would be ignored is refused, and what is null is explained."""

from __future__ import annotations

import pytest

from edge_components.fleet_agent.arguments import parse
from edge_components.fleet_agent.gathering import Gathering, LinkSpeedReader


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["--json"], "--json goes with --once alone", id="json"),
        pytest.param(["--once", "--device", "x"], "--device does not go with --once", id="device"),
        pytest.param(["--once", "--report-seconds", "9"], "--report-seconds does not go", id="seconds"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        parse(words)
    assert ended.value.code == 2
    assert sentence in capsys.readouterr().err


def test_a_link_that_was_not_measured_is_explained() -> None:
    cannot = Gathering([LinkSpeedReader()]).gather().cannot
    assert set(cannot) == {"link_down_bits_per_second", "link_up_bits_per_second"}
    assert all("link test" in reason for reason in cannot.values())
