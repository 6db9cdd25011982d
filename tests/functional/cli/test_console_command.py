"""How the console is started: on this machine alone, telling nobody, refused in one sentence."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import create_autospec

import pytest

from cli.commands import console
from cli.main import main
from infra.local.athena import LocalAthena
from quicksight.console.settings import (
    ConsoleSettings,
    ConsoleSettingsError,
    MySqlAddress,
    read_settings,
)


def test_the_page_is_served_to_this_machine_and_nobody_is_told() -> None:
    command = console.streamlit_command(8501)
    flags = dict(zip(command[5::2], command[6::2], strict=True))
    assert command[2:4] == ["streamlit", "run"]
    assert Path(command[4]).is_file()
    assert flags["--server.address"] == "127.0.0.1"
    assert flags["--browser.gatherUsageStats"] == "false"
    assert flags["--server.port"] == "8501"


def test_settings_come_back_as_they_were_written() -> None:
    address = MySqlAddress("db", 3306, "reader", "secret", "crowdlens", tls=True)
    settings = ConsoleSettings(None, "crowdlens", "Asia/Seoul", workgroup="w", mysql=address)
    assert read_settings(settings.written()) == settings
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    "environment",
    [
        pytest.param({}, id="not started by the command"),
        pytest.param({"CROWDLENS_CONSOLE": "{"}, id="no JSON"),
        pytest.param({"CROWDLENS_CONSOLE": '{"pixels": 1}'}, id="another setting"),
        pytest.param({"CROWDLENS_CONSOLE": "[]"}, id="no object"),
    ],
)
def test_settings_that_are_none_are_one_sentence(environment: dict[str, str]) -> None:
    with pytest.raises(ConsoleSettingsError, match="CROWDLENS_CONSOLE"):
        read_settings(environment)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["console", "--lake", "nowhere"], "lake is 'nowhere'", id="no lake"),
        pytest.param(["preview", "--lake", "nowhere"], "lake is 'nowhere'", id="no lake to preview"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    arguments: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(["--dashboard", "sales"], "dashboard is 'sales': expected operations", id="dashboard"),
        pytest.param(["--filter", "pixels=1"], "filter 'pixels' is not one of the dashboard", id="filter"),
        pytest.param(
            ["--dashboard", "footfall", "--from", "2026-11-02", "--to", "2026-11-01"],
            "the period is 2026-11-02 to 2026-11-01",
            id="period",
        ),
        pytest.param(["--before", "no-such-revision"], "revision is 'no-such-revision'", id="revision"),
    ],
)
def test_a_choice_that_is_none_is_one_sentence(
    options: list[str], sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "raw").mkdir()
    out = tmp_path / "page.html"
    assert main(["preview", "--lake", str(tmp_path), "--out", str(out), "--headless", *options]) == 2
    assert sentence in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param(["--filter", "site"], "expected COLUMN=VALUE", id="no value"),
        pytest.param(["--from", "yesterday"], "expected a day like 2026-11-21", id="no day"),
    ],
)
def test_an_option_that_cannot_be_read_is_refused(
    options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["preview", *options])
    assert sentence in capsys.readouterr().err


@pytest.mark.parametrize(
    ("newest", "ended"),
    [
        pytest.param(None, False, id="nothing was ever counted"),
        pytest.param(datetime(2026, 11, 21, 11, 55, tzinfo=UTC), False, id="live: the clock goes on"),
        pytest.param(datetime(2026, 11, 21, 11, 40, tzinfo=UTC), True, id="a history: the clock stands"),
    ],
)
def test_the_clock_stands_where_a_history_ended(newest: datetime | None, ended: bool) -> None:
    athena = create_autospec(LocalAthena, instance=True)
    athena.query.return_value.rows = [(newest and newest.replace(tzinfo=None),)]
    found = console.end_of_history(athena, datetime(2026, 11, 21, 12, 0, tzinfo=UTC))
    assert found == (newest if ended else None)


def test_the_page_is_told_where_its_clock_stands() -> None:
    settings = ConsoleSettings("http://x", "crowdlens", "UTC", stands_at="2026-11-21T11:40:00+00:00")
    assert read_settings(settings.written()).now() == datetime(2026, 11, 21, 11, 40, tzinfo=UTC)
