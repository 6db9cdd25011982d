"""Never a flood: many at once, news that is old when it comes, and what begins and ends in one lot."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from contract.alerts import Alert
from lambdas.notifier.gathering import BURST_MESSAGES
from lambdas.notifier.rules import Place

Factory = Callable[..., Alert]


def crowds(alert: Factory, count: int, **given: Any) -> list[Alert]:
    return [
        alert(event=f"crowding-{one}", camera=f"gate-{one}", device=f"jetson-{one}", **given)
        for one in range(count)
    ]


def take_in_lots(desk: Any, alerts: list[Alert]) -> None:
    for first in range(0, len(alerts), 100):
        desk.take(*alerts[first : first + 100])


def told(desk: Any) -> int:
    """Count the starts in batches that were sent."""
    return sum(
        name.endswith("#start")
        for key, (document, _) in desk.store.items.items()
        if key.partition.startswith("alert_batch#") and document["state"] == "sent"
        for name in document["entries"]
    )


def test_a_thousand_crowds_at_once_are_a_few_messages_and_the_first_at_once(
    desk: Any, alert: Factory
) -> None:
    take_in_lots(desk, crowds(alert, 1000))
    assert len(desk.subjects()) == BURST_MESSAGES
    desk.pass_time(minutes=2)
    assert desk.subjects()[BURST_MESSAGES:] == [f"[Warning] seoul-1: crowding {1000 - BURST_MESSAGES}"]
    take_in_lots(desk, crowds(alert, 1000, phase="end", at=desk.now, started=desk.now - timedelta(minutes=2)))
    desk.pass_time(minutes=2)
    assert len(desk.subjects()) == 2 * (BURST_MESSAGES + 1)
    assert told(desk) == 1000


def test_a_burst_at_one_site_holds_up_no_other(desk: Any, alert: Factory) -> None:
    take_in_lots(desk, crowds(alert, 50))
    desk.take(alert(site="busan-1"))
    assert desk.topic.taken[-1][0] == "busan-1"


def test_after_a_quiet_minute_a_site_is_told_at_once_again(desk: Any, alert: Factory) -> None:
    take_in_lots(desk, crowds(alert, 50))
    desk.pass_time(minutes=2)
    before = len(desk.subjects())
    desk.take(alert(event="later", zone="exit", at=desk.now))
    assert len(desk.subjects()) == before + 1


def test_a_thousand_that_waited_for_hours_are_one_late_message(desk: Any, alert: Factory) -> None:
    old = desk.now - timedelta(hours=9)
    take_in_lots(desk, crowds(alert, 1000, at=old))
    take_in_lots(desk, crowds(alert, 1000, phase="end", started=old, at=old + timedelta(minutes=3)))
    assert desk.subjects() == []
    desk.pass_time(minutes=6)
    assert desk.subjects() == ["[Late] seoul-1: crowding over 1,000"]
    assert desk.subjects("ko") == ["[늦은 소식] seoul-1: 혼잡 끝남 1,000건"]
    assert "This news arrived late" in desk.topic.of("en")[0].body
    assert told(desk) == 1000


@pytest.mark.parametrize(
    "case",
    [
        pytest.param((14, {}, None, "[Warning]"), id="14 minutes old is news"),
        pytest.param((16, {}, None, "[Late]"), id="16 minutes old is late"),
        pytest.param((600, {"clock_quality": "unsynced"}, None, "[Warning]"), id="a clock that says nothing"),
        pytest.param((600, {"clock_quality": "unsynced"}, 1, "[Warning]"), id="and came now"),
        pytest.param((0, {"clock_quality": "unsynced"}, 20, "[Late]"), id="and lay in the queue"),
        pytest.param((0, {}, 20, "[Late]"), id="lay in the queue"),
        pytest.param((-30, {}, None, "[Warning]"), id="a clock that is ahead"),
    ],
)
def test_what_is_late(case: tuple[int, dict[str, Any], int | None, str], desk: Any, alert: Factory) -> None:
    minutes, given, entered_minutes, subject = case
    now_ms = round(desk.now.timestamp() * 1000)
    entered_ms = None if entered_minutes is None else [now_ms - entered_minutes * 60_000]
    taken = desk.notifier().take([alert(at=desk.now - timedelta(minutes=minutes), **given)], entered_ms)
    desk.sender().send(taken.due.values())
    desk.pass_time(minutes=6)
    assert [text.split(" ")[0] for text in desk.subjects()] == [subject]


def test_an_end_now_of_what_began_long_ago_is_news(desk: Any, alert: Factory) -> None:
    desk.take(alert())
    began = desk.now
    desk.pass_time(hours=5)
    desk.take(alert(phase="end", started=began, at=desk.now, peak_value=14.0))
    assert desk.subjects()[-1] == "[Over] entrance: crowding over, largest 14 (limit 12)"


def test_what_begins_and_ends_in_one_lot_is_one_message(desk: Any, alert: Factory) -> None:
    end = {"phase": "end", "started": desk.now, "at": desk.now + timedelta(seconds=40), "peak_value": 15.0}
    desk.take(alert(), alert(**end))
    desk.take(alert(), alert(**end))
    assert desk.subjects() == ["[Warning] entrance: crowding over, largest 15 (limit 12)"]


def test_a_crowd_that_grows_is_told_once_more_when_it_is_critical(desk: Any, alert: Factory) -> None:
    began = desk.now
    desk.take(alert())
    for value in (14.0, 18.0, 25.0, 40.0):
        desk.pass_time(minutes=2)
        desk.take(alert(phase="update", started=began, at=desk.now, value=value, peak_value=value))
    desk.take(alert(phase="end", started=began, at=desk.now, value=3.0, peak_value=40.0))
    assert desk.subjects() == [
        "[Warning] entrance: crowding 13 (limit 12)",
        "[Critical] entrance: crowding got critical 18 (limit 12)",
        "[Over] entrance: crowding over, largest 40 (limit 12)",
    ]
    assert desk.subjects("ko")[1] == "[긴급] entrance: 혼잡 심해짐 18명 (기준 12명)"
    assert [message.severity for message in desk.topic.of("en")] == ["warning", "critical", "critical"]


@pytest.mark.parametrize(
    ("phases", "subjects"),
    [
        pytest.param(["start"], ["[Critical]"], id="critical from the start"),
        pytest.param(["start", "update", "update"], ["[Critical]"], id="and told no second time"),
        pytest.param(["update", "start"], ["[Critical]"], id="an update overtook its start"),
        pytest.param(["end", "update"], ["[Critical]"], id="an update overtaken by the end"),
    ],
)
def test_what_is_critical_at_its_start_is_told_so_once(
    phases: list[str], subjects: list[str], desk: Any, alert: Factory
) -> None:
    for phase in phases:
        desk.take(alert(phase=phase, value=40.0, peak_value=40.0))
    desk.pass_time(minutes=20)
    assert [text.split(" ")[0] for text in desk.subjects()] == subjects


def test_what_gets_critical_at_night_wakes_people_and_is_over_at_night(desk: Any, alert: Factory) -> None:
    desk.book.set(Place(site="seoul-1"), {"quiet_hours": "22:00-07:00"})
    began = desk.now = desk.now.replace(hour=14)  # 23:00 in Seoul
    desk.take(alert(at=began))
    assert desk.subjects() == []
    for _ in range(2):
        desk.take(alert(phase="update", started=began, at=began, value=60.0, peak_value=60.0))
    assert desk.subjects() == ["[Critical] entrance: crowding got critical 60 (limit 12)"]
    desk.take(alert(phase="end", started=began, at=began, value=0.0, peak_value=60.0))
    assert desk.subjects()[1:] == ["[Over] entrance: crowding over, largest 60 (limit 12)"]
    desk.pass_time(hours=9)
    assert desk.subjects()[2:] == ["[Warning] entrance: crowding 13 (limit 12)"]


def test_a_critical_crowd_does_not_wait_for_a_lesser_ones_cooldown(desk: Any, alert: Factory) -> None:
    for number, value in enumerate((13.0, 13.0, 30.0, 30.0)):
        desk.take(alert(event=f"crowding-{number}", value=value, peak_value=value, at=desk.now))
        desk.pass_time(minutes=1)
    assert [text.split(" ")[0] for text in desk.subjects()] == ["[Warning]", "[Critical]"]


def test_a_start_and_its_rise_in_one_lot_are_one_critical_message(desk: Any, alert: Factory) -> None:
    desk.take(alert(), alert(phase="update", value=30.0, peak_value=30.0))
    assert desk.subjects() == ["[Critical] entrance: crowding 30 (limit 12)"]


def test_a_batch_of_long_texts_fits_its_item(desk: Any, alert: Factory) -> None:
    """Each text as long as an alert may have it, each letter of three bytes."""
    desk.book.set(Place(), {"group_seconds": 60, "cooldown_seconds": 0})
    texts = dict.fromkeys(("zone", "line", "object_class", "state", "detail"), "가" * 200)
    long = [
        alert(event=f"{number}-{'나' * 120}", camera=f"{'c' * 50}-{number}", **texts) for number in range(600)
    ]
    take_in_lots(desk, long)
    sizes = [
        len(json.dumps(document, ensure_ascii=False).encode())
        for key, (document, _) in desk.store.items.items()
        if key.partition.startswith("alert_batch#")
    ]
    assert 200_000 < max(sizes) < 400_000
    desk.pass_time(minutes=3)
    assert told(desk) == 600
