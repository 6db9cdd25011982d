"""`crowdlens devices expect`, `expected` and `forget`, as an operator types them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cli.main import main
from lambdas.shared.expected_devices import ExpectedDevices

TABLE = "crowdlens-control"
EXPECT = ["devices", "expect", "jetson-7", "--site", "seoul-1", "--serial", "1421321000123", "--group"]


@pytest.fixture(autouse=True)
def region(monkeypatch: pytest.MonkeyPatch, dynamodb: Any) -> None:
    monkeypatch.setenv("CONTROL_TABLE", TABLE)


def test_a_device_is_expected_listed_and_forgotten(dynamodb: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*EXPECT, "jetson-jetpack6"]) == 0
    assert "may provision itself as jetson-7 of seoul-1, once" in capsys.readouterr().err
    assert main(["devices", "expected", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["device"], listed["group"], listed["certificate_id"]) == (
        "jetson-7",
        "jetson-jetpack6",
        None,
    )
    assert main(["devices", "expected"]) == 0
    assert "1421321000123  expected" in capsys.readouterr().out
    assert main(["devices", "forget", "1421321000123"]) == 0
    assert list(ExpectedDevices(TABLE, dynamodb).devices()) == []


def test_a_device_that_came_is_expected_again_only_when_asked(
    dynamodb: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    main([*EXPECT, "rpi"])
    ExpectedDevices(TABLE, dynamodb).claim("1421321000123", "a" * 64)
    capsys.readouterr()
    assert main([*EXPECT, "rpi"]) == 2
    assert "was provisioned before: expected `--again`" in capsys.readouterr().err
    assert main([*EXPECT, "rpi", "--again"]) == 0


@pytest.mark.parametrize("group", ["jetson", "toaster"])
def test_a_group_without_software_is_no_choice(group: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([*EXPECT, group])
    assert stopped.value.code == 2
    assert "choose from" in capsys.readouterr().err
