"""Rules: what may be said in them, and which holds for an alert."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from contract.alerts import Alert
from contract.errors import CrowdLensError
from lambdas.notifier.quiet import parse_quiet_hours
from lambdas.notifier.rules import (
    DEFAULTS,
    Place,
    check_place,
    is_below,
    options_for,
    read_options,
    severity_of,
)

CROWD = Alert(
    "e", "crowding", "start", "seoul-1", "jetson-7", "plaza-1", "Asia/Seoul", 0, 0, zone="정문#1",
    value=13.0, threshold=12.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        pytest.param({"cooldown": 5}, "there is no option cooldown: expected some of", id="unknown"),
        pytest.param(
            {"cooldown_seconds": -1},
            "cooldown_seconds is -1: expected whole seconds from 0 to 86,400",
            id="negative",
        ),
        pytest.param(
            {"group_seconds": True},
            "group_seconds is True: expected whole seconds from 0 to 3,600",
            id="bool",
        ),
        pytest.param({"recovery": "yes"}, "recovery is 'yes': expected true or false", id="text"),
        pytest.param(
            {"minimum_severity": "none"},
            "minimum_severity is 'none': expected one of info, warning, critical",
            id="severity",
        ),
        pytest.param({"quiet_after": "send"}, "quiet_after is 'send': expected summary or drop", id="after"),
        pytest.param(
            {"quiet_hours": "22-7"},
            "quiet_hours is '22-7': expected two local times like 22:00-07:00, or none",
            id="hours without minutes",
        ),
        pytest.param({"quiet_hours": "24:00-07:00"}, "quiet_hours is '24:00-07:00'", id="no such hour"),
        pytest.param({"quiet_hours": "07:00-07:00"}, "quiet_hours is '07:00-07:00'", id="no time at all"),
        pytest.param(
            {"place_ko": "a\nb"},
            "place_ko is 'a\\nb': expected 1 to 60 printable characters",
            id="line break",
        ),
    ],
)
def test_a_bad_option_is_refused_in_one_sentence(option: dict[str, Any], sentence: str) -> None:
    with pytest.raises(CrowdLensError) as raised:
        read_options(option)
    assert str(raised.value).startswith(sentence)


@pytest.mark.parametrize(
    "place",
    [
        pytest.param(Place(site="seoul 1"), id="site with a space"),
        pytest.param(Place(camera="../x"), id="camera that is a path"),
        pytest.param(Place(zone=" "), id="empty zone"),
        pytest.param(Place(kind="party"), id="unknown kind"),
    ],
)
def test_a_rule_about_no_place_is_refused(place: Place) -> None:
    with pytest.raises(CrowdLensError):
        check_place(place)


def test_a_place_survives_its_key() -> None:
    for place in (Place(), Place("seoul-1", "plaza-1", "정문#1 *", "crowding"), Place(zone="a*b%2A")):
        assert Place.of_key(place.key) == place


def test_the_special_rule_wins_option_by_option() -> None:
    rules: list[tuple[Place, dict[str, Any]]] = [
        (Place(zone="정문#1"), {"cooldown_seconds": 1}),
        (Place(site="seoul-1"), {"cooldown_seconds": 2, "group_seconds": 20}),
        (Place(), {"cooldown_seconds": 3, "group_seconds": 30, "recovery": False}),
        (Place(site="busan-1"), {"enabled": False}),
        (Place(kind="running"), {"enabled": False}),
    ]
    options = options_for(CROWD, rules)
    assert (options.cooldown_seconds, options.group_seconds, options.recovery) == (1, 20, False)
    assert options.enabled


def test_every_kind_has_defaults_and_a_severity() -> None:
    for kind in DEFAULTS:
        assert severity_of(Alert("e", kind, "start", "s", "d", "c", "UTC", 0, 0)) in (
            "info", "warning", "critical",
        )  # fmt: skip


def test_one_and_a_half_times_the_threshold_is_critical() -> None:
    assert severity_of(replace(CROWD, value=17.9)) == "warning"
    assert severity_of(replace(CROWD, value=18.0)) == "critical"
    assert severity_of(replace(CROWD, kind="loitering", value=999.0)) == "info"
    assert is_below("critical", "none")


@pytest.mark.parametrize(
    ("hours", "moment", "zone", "over"),
    [
        pytest.param("22:00-07:00", "2026-11-21T12:59", "Asia/Seoul", None, id="before the night"),
        pytest.param(
            "22:00-07:00", "2026-11-21T13:00", "Asia/Seoul", "2026-11-21T22:00", id="its first minute"
        ),
        pytest.param(
            "22:00-07:00", "2026-11-21T21:59", "Asia/Seoul", "2026-11-21T22:00", id="after midnight"
        ),
        pytest.param("22:00-07:00", "2026-11-21T22:00", "Asia/Seoul", None, id="its end is loud"),
        pytest.param("12:00-13:00", "2026-11-21T03:30", "Asia/Seoul", "2026-11-21T04:00", id="at noon"),
        pytest.param(
            "22:00-02:30", "2026-03-29T00:30", "Europe/Berlin", "2026-03-29T01:30", id="skipped end"
        ),
        pytest.param(
            "22:00-07:00", "2026-03-29T00:30", "Europe/Berlin", "2026-03-29T05:00", id="short night"
        ),
        pytest.param("22:00-07:00", "2026-10-25T00:30", "Europe/Berlin", "2026-10-25T06:00", id="long night"),
    ],
)
def test_quiet_hours_are_the_sites(hours: str, moment: str, zone: str, over: str | None) -> None:
    at = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    expected = None if over is None else datetime.fromisoformat(over).replace(tzinfo=UTC)
    assert parse_quiet_hours(hours).over_at(at, zone) == expected
