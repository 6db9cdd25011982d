"""`crowdlens cost` as a user calls it."""

from __future__ import annotations

import json

import pytest

from cli.main import main


def test_one_fleet_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--cameras", "100", "--profile", "economy", "--region", "us-east-1", "--json"]) == 0

    document = json.loads(capsys.readouterr().out)
    (fleet,) = document["fleets"]
    assert document["region"] == "us-east-1"
    assert fleet["messages_a_second"] == pytest.approx(100 / 60, abs=0.01)
    variable = fleet["usd_a_month"]["variable"]
    assert sum(variable.values()) / 100 == pytest.approx(fleet["usd_a_camera_month"]["variable"], abs=0.001)
    assert fleet["limits"][0]["used"] == max(limit["used"] for limit in fleet["limits"])


def test_a_table_has_a_column_for_each_fleet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--profile", "economy"]) == 0

    printed = capsys.readouterr()
    assert all(f"{cameras} economy" in printed.out for cameras in ("10", "100", "1,000", "10,000"))
    assert "a camera, without fees" in printed.out
    assert "no free tier" in printed.err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["--cameras", "0"], "'0': expected a whole number from 1", id="no cameras"),
        pytest.param(["--batch-window", "301"], "'301': expected whole seconds", id="window beyond AWS's"),
        pytest.param(["--batch-size", "10001"], "'10001': expected whole messages", id="batch beyond AWS's"),
        pytest.param(["--stored-days", "soon"], "'soon': expected a number above 0", id="no number"),
        pytest.param(
            ["--cameras", "10,many"], "'many': expected a whole number from 1", id="no number in it"
        ),
    ],
)
def test_a_wrong_call_is_told_so(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["cost", *arguments])

    assert stopped.value.code == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize("command", ["cost", "destroy-plan", "redrive"])
def test_help_names_a_default_once(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    words = " ".join(capsys.readouterr().out.split())
    assert "(default: " in words
    assert ") (default: " not in words


def test_fleets_come_in_the_order_asked_for_and_both_stages_idle(
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = ["cost", "--cameras", "1,10,100,1000,10000", "--profile", "economy", "--json"]
    assert main(arguments) == 0

    document = json.loads(capsys.readouterr().out)
    assert [fleet["cameras"] for fleet in document["fleets"]] == [1, 10, 100, 1_000, 10_000]
    assert list(document["idle"]) == [
        f"{stage}, MySQL {mysql}" for stage in ("dev", "prod") for mysql in ("on", "off")
    ]
    for idle in document["idle"].values():
        assert sum(idle["usd_a_month"].values()) == pytest.approx(idle["total"], abs=0.05)
        assert 0 < idle["less_always_free"] < idle["total"]


def test_a_region_without_prices_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--cameras", "1", "--region", "mars-1"]) == 2
    assert "region is 'mars-1': expected one of" in capsys.readouterr().err


def test_too_many_cameras_for_a_device_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cost", "--cameras", "100", "--cameras-per-device", "65"]) == 2
    assert "cameras_a_device is 65" in capsys.readouterr().err
