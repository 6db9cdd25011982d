"""What is told when: once, whatever order and however often alerts come, and nothing is lost on the way."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from contract.alerts import Alert
from contract.silences import SilenceReport, decode_report, encode_reports
from lambdas.notifier.rules import Place

Factory = Callable[..., Alert]


def test_a_start_is_told_at_once_and_its_end_as_a_recovery(desk: Any, alert: Factory) -> None:
    began = desk.now
    desk.take(alert())
    desk.now += timedelta(minutes=3)
    desk.take(alert(phase="end", started=began, at=desk.now, value=2.0, peak_value=14.0))
    assert desk.subjects() == [
        "[Warning] entrance: crowding 13 (limit 12)",
        "[Over] entrance: crowding over, largest 14 (limit 12)",
    ]
    assert "Lasted: 3 min" in desk.topic.of("en")[1].body
    assert "지속: 3분" in desk.topic.of("ko")[1].body


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        pytest.param(["start"] * 4, 1, id="start delivered four times"),
        pytest.param(["start", "end", "start", "end", "end"], 2, id="all delivered again"),
        pytest.param(["end", "start"], 1, id="end before start tells both at once"),
        pytest.param(["end", "end", "start", "end"], 1, id="end before start, repeated"),
        pytest.param(["update", "start", "end"], 2, id="an update overtook its start"),
        pytest.param(["start", "update", "update", "end", "update"], 2, id="updates tell nothing more"),
    ],
)
def test_whatever_the_order_and_the_repeats(
    phases: list[str], expected: int, desk: Any, alert: Factory
) -> None:
    for phase in phases:
        desk.take(alert(phase=phase, at=desk.now + timedelta(seconds=30 * (phase == "end"))))
        desk.pass_time(seconds=20)
    assert len(desk.subjects("ko")) == len(desk.subjects("en")) == expected
    desk.pass_time(hours=1)
    assert len(desk.subjects()) == expected


def test_an_end_whose_start_was_lost_tells_the_whole_event(desk: Any, alert: Factory) -> None:
    desk.take(alert(phase="end", at=desk.now + timedelta(minutes=2), peak_value=20.0))
    (message,) = desk.topic.of("en")
    assert message.subject == "[Critical] entrance: crowding over, largest 20 (limit 12)"


def test_what_sns_refuses_waits_and_is_sent_once(desk: Any, alert: Factory) -> None:
    desk.topic.down = True
    assert not desk.take(alert()).failed
    assert desk.pass_time(minutes=1).failures
    desk.topic.down = False
    assert desk.pass_time(minutes=1).sent == 1
    assert desk.pass_time(minutes=1).sent == 0
    assert len(desk.subjects("ko")) == len(desk.subjects("en")) == 1


def test_a_language_that_was_told_is_not_told_again(desk: Any, alert: Factory) -> None:
    published = []

    def refuse_the_second() -> None:
        published.append(1)
        desk.topic.down = len(published) == 2

    desk.topic.on_publish = refuse_the_second
    desk.take(alert())
    assert (desk.subjects("ko") != [], desk.subjects("en")) == (True, [])
    desk.pass_time(minutes=1)
    assert (len(desk.subjects("ko")), len(desk.subjects("en"))) == (1, 1)


def test_after_a_day_a_message_is_given_up_and_said_so(desk: Any, alert: Factory) -> None:
    desk.topic.down = True
    desk.take(alert())
    assert not desk.pass_time(hours=23).given_up
    assert desk.pass_time(hours=2).given_up
    desk.topic.down = False
    assert desk.pass_time(minutes=1).sent == 0


def test_two_senders_at_once_send_one_message(desk: Any, alert: Factory) -> None:
    """The second begins while the first is in SNS's hands."""
    others: list[int] = []

    def meanwhile() -> None:
        desk.topic.on_publish = lambda: None
        others.append(desk.sender().send_due().sent)

    desk.topic.on_publish = meanwhile
    desk.take(alert())
    assert others == [0]
    assert len(desk.subjects("ko")) == len(desk.subjects("en")) == 1


def test_two_invocations_with_the_same_alert_tell_it_once(desk: Any, alert: Factory) -> None:
    """At each write of the first the second does all of its work."""
    for interrupted in range(1, 9):
        desk.store.items.clear()
        desk.topic.taken.clear()
        writes = []

        def race(key: Any, at: int = interrupted, writes: list[int] = writes) -> None:
            writes.append(1)
            if len(writes) == at:
                desk.store.before_write = lambda other: None
                desk.take(alert())

        desk.store.before_write = race
        desk.take(alert())
        desk.store.before_write = lambda key: None
        desk.pass_time(minutes=5)
        assert len(desk.subjects()) == 1, f"interrupted at write {interrupted}"


def test_whatever_write_fails_the_alert_comes_again_and_is_told_once(
    desk: Any, alert: Factory, unavailable: Exception
) -> None:
    for failing in range(1, 6):
        desk.store.items.clear()
        desk.topic.taken.clear()
        writes = []

        def fail(key: Any, at: int = failing, writes: list[int] = writes) -> None:
            writes.append(1)
            if len(writes) == at:
                raise unavailable

        desk.store.before_write = fail
        try:
            failed = bool(desk.take(alert()).failed)
        except type(unavailable):
            # The table went away while it was sent: the batch is written down.
            failed = False
        desk.store.before_write = lambda key: None
        if failed:
            desk.take(alert())
        desk.pass_time(minutes=5)
        assert len(desk.subjects()) == 1, f"write {failing} failed"


def test_an_entry_that_comes_while_its_batch_is_sent_goes_into_another(desk: Any, alert: Factory) -> None:
    desk.book.set(Place(kind="crowding"), {"group_seconds": 60, "cooldown_seconds": 0})
    desk.take(alert())
    desk.now += timedelta(seconds=60)
    late = alert(event="crowding-2", zone="exit")

    def meanwhile() -> None:
        desk.topic.on_publish = lambda: None
        desk.take(late)

    desk.topic.on_publish = meanwhile
    desk.sender().send_due()
    desk.pass_time(minutes=2)
    assert [subject.split(":")[0] for subject in desk.subjects()] == ["[Warning] entrance", "[Warning] exit"]


def test_an_entry_whose_batch_is_sent_before_it_gets_there_goes_elsewhere(desk: Any, alert: Factory) -> None:
    """Between writing down which batch tells an alert and putting it there, that batch is sent."""
    desk.book.set(Place(kind="crowding"), {"group_seconds": 60, "cooldown_seconds": 0})
    desk.take(alert())
    desk.now += timedelta(seconds=59)

    def meanwhile(key: Any) -> None:
        if key.partition.startswith("alert_batch#"):
            desk.store.before_write = lambda other: None
            desk.pass_time(seconds=2)

    desk.store.before_write = meanwhile
    desk.take(alert(event="crowding-2", zone="exit"))
    assert len(desk.subjects()) == 1
    desk.pass_time(minutes=2)
    assert [subject.split(":")[0] for subject in desk.subjects()] == ["[Warning] entrance", "[Warning] exit"]


def test_starts_within_the_cooldown_are_held_and_told_together(desk: Any, alert: Factory) -> None:
    for minute in range(25):
        desk.take(alert(event=f"crowding-{minute}", at=desk.now))
        desk.pass_time(minutes=1)
    desk.pass_time(hours=1)
    told = desk.topic.of("en")
    assert len(told) == 4
    listed = sum(message.body.count("entrance: crowding") for message in told)
    assert listed == 25, "each start is named once"


def test_a_swarm_within_the_group_window_is_one_message(desk: Any, alert: Factory) -> None:
    for second in range(40):
        desk.take(alert(event=f"running-{second}", kind="running", value=3.0, threshold=2.5, peak_value=3.0))
        desk.pass_time(seconds=1)
    desk.pass_time(minutes=1)
    assert desk.subjects() == ["[Warning] seoul-1: running 40"]


def test_quiet_hours_hold_for_a_summary_but_not_what_is_critical(desk: Any, alert: Factory) -> None:
    desk.book.set(Place(site="seoul-1"), {"quiet_hours": "22:00-07:00"})
    desk.now = desk.now.replace(hour=14)  # 23:00 in Seoul
    desk.take(alert(event="a", at=desk.now), alert(event="b", zone="exit", at=desk.now))
    desk.take(alert(event="c", kind="restricted", zone="roof", value=1.0, threshold=1.0, at=desk.now))
    assert [text.split(" ")[0] for text in desk.subjects()] == ["[Critical]"]
    assert desk.pass_time(hours=7, minutes=59).sent == 0
    assert desk.pass_time(minutes=1).sent == 1
    assert desk.subjects()[-1] == "[Warning] seoul-1: crowding 2"


def test_quiet_hours_may_drop(desk: Any, alert: Factory) -> None:
    desk.book.set(Place(), {"quiet_hours": "11:00-13:00", "quiet_after": "drop"})
    desk.take(alert())
    desk.pass_time(hours=5)
    desk.take(alert(phase="end", at=desk.now))
    assert desk.subjects() == []


def test_the_end_joins_a_start_that_is_still_held(desk: Any, alert: Factory) -> None:
    desk.book.set(Place(), {"quiet_hours": "11:00-13:00"})
    desk.take(alert())
    desk.take(alert(phase="end", at=desk.now + timedelta(minutes=4), peak_value=15.0))
    desk.pass_time(hours=1)
    assert desk.subjects() == ["[Warning] entrance: crowding over, largest 15 (limit 12)"]


def test_recovery_may_be_off_and_minor_things_untold(desk: Any, alert: Factory) -> None:
    desk.book.set(Place(camera="plaza-1"), {"recovery": False, "minimum_severity": "warning"})
    desk.take(alert(), alert(event="l", kind="loitering", value=400.0, threshold=300.0))
    desk.take(alert(phase="end", at=desk.now + timedelta(minutes=4)))
    desk.pass_time(hours=1)
    assert desk.subjects() == ["[Warning] entrance: crowding 13 (limit 12)"]


def test_a_rules_names_for_a_place_are_told(desk: Any, alert: Factory) -> None:
    desk.book.set(Place(zone="entrance"), {"place_ko": "정문 광장", "place_en": "Main gate"})
    desk.take(alert())
    assert desk.subjects("ko") == ["[주의] 정문 광장: 혼잡 13명 (기준 12명)"]
    assert desk.subjects("en") == ["[Warning] Main gate: crowding 13 (limit 12)"]


def report(site: str, silent: int, heard: int, as_of_ms: int) -> list[SilenceReport]:
    names = [f"{site}-device-{number}" for number in range(max(silent, heard))]
    whole = SilenceReport(site, as_of_ms, dict.fromkeys(names[:silent], 1000), names[:heard])
    return [decode_report(json.loads(text)) for text in encode_reports(whole)]


def test_a_flood_of_a_thousand_devices_is_one_message_a_site(desk: Any) -> None:
    """1,000 devices of four sites fall silent, and an hour later all are heard again; reports come twice."""
    sites = [f"site-{number}" for number in range(4)]
    for _ in range(2):
        for site in sites:
            for one in report(site, 250, 0, 10_000):
                desk.report(one)
        desk.pass_time(seconds=30)
    desk.pass_time(minutes=10)
    assert desk.subjects() == [f"[Warning] {site}: device silent 250" for site in sites]
    desk.topic.taken.clear()
    for _ in range(3):
        for site in sites:
            for one in report(site, 0, 250, 20_000):
                desk.report(one)
        desk.pass_time(seconds=30)
    desk.pass_time(hours=2)
    assert desk.subjects() == [f"[Over] {site}: device heard again 250" for site in sites]


def test_a_thousand_devices_of_one_site_make_one_message(desk: Any) -> None:
    for one in [*report("seoul-1", 1000, 0, 10_000), *report("seoul-1", 0, 1000, 20_000)]:
        desk.report(one)
    desk.pass_time(minutes=10)
    assert len(desk.subjects("ko")) == 1
    assert "1,000" in desk.subjects()[0]


def test_a_batch_that_is_full_goes_on_in_another_and_fits_its_item(desk: Any) -> None:
    for part in range(4):
        whole = SilenceReport(
            "seoul-1", 10_000, {f"{'d' * 55}-{part}-{one}": 1000 for one in range(1000)}, []
        )
        desk.report(whole)
    sizes = [
        len(json.dumps(document, ensure_ascii=False).encode())
        for key, (document, _) in desk.store.items.items()
        if key.partition.startswith("alert_batch#")
    ]
    assert max(sizes) < 400_000
    desk.pass_time(minutes=10)
    told = [int(subject.rsplit(" ", 1)[1].replace(",", "")) for subject in desk.subjects()]
    assert sum(told) == 4000
    assert 2 <= len(told) <= 4


def test_a_report_that_is_late_tells_nothing_anew(desk: Any) -> None:
    (silent,), (heard,) = report("seoul-1", 3, 0, 10_000), report("seoul-1", 0, 3, 20_000)
    for one in (silent, heard, silent, heard):
        desk.report(one)
        desk.pass_time(minutes=10)
    assert desk.subjects() == [
        "[Warning] seoul-1: device silent 3",
        "[Over] seoul-1: device heard again 3",
    ]


def test_a_silence_of_forty_days_is_told_once_and_its_end_too(desk: Any) -> None:
    began, since_ms = desk.now, round(desk.now.timestamp() * 1000)
    for hours in range(0, 40 * 24, 6):
        desk.now = began + timedelta(hours=hours)
        desk.store.forget_expired(desk.now)
        desk.report(SilenceReport("seoul-1", since_ms + hours * 3_600_000, {"jetson-7": since_ms}, []))
        desk.pass_time(minutes=10)
    desk.report(SilenceReport("seoul-1", since_ms + 40 * 86_400_000, {}, ["jetson-7"]))
    desk.pass_time(minutes=10)
    assert desk.subjects() == [
        "[Warning] jetson-7: device silent",
        "[Over] jetson-7: device heard again",
    ]


def test_an_idle_minute_is_one_read(desk: Any) -> None:
    desk.store.reads = 0
    desk.pass_time(minutes=1)
    assert (desk.store.reads, desk.store.writes) == (1, 0)


@pytest.mark.parametrize(
    ("rule", "camera_told", "reported", "shown"),
    [
        pytest.param(None, None, None, "11-20 22:00 UTC", id="nobody said where it is"),
        pytest.param(None, "crowding", None, "11-21 07:00", id="a camera of the site did"),
        pytest.param(None, None, "Asia/Seoul", "11-21 07:00", id="its records in the lake did"),
        pytest.param(None, "test", None, "11-20 22:00 UTC", id="a test does not"),
        pytest.param({"time_zone": "Asia/Tokyo"}, None, None, "11-21 07:00", id="a rule did"),
    ],
)
def test_silences_are_told_in_the_sites_time(
    rule: dict[str, Any] | None,
    camera_told: str | None,
    reported: str | None,
    shown: str,
    *,
    desk: Any,
    alert: Factory,
) -> None:
    if camera_told:
        desk.take(alert(kind=camera_told))
    if rule:
        desk.book.set(Place(site="seoul-1"), rule)
    since = round(desk.now.timestamp() * 1000) - 5 * 3600 * 1000
    silent = SilenceReport("seoul-1", since + 3600_000, {"a": since, "b": since}, [], reported)
    (text,) = encode_reports(silent)
    desk.report(decode_report(json.loads(text)))
    desk.pass_time(minutes=10)
    assert f"- a (last heard {shown})" in desk.topic.of("en")[-1].body
