"""Whatever happens in whatever order: each event's start is told exactly once."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.alerts import START, Alert
from lambdas.notifier.batches import Batches, BatchName
from lambdas.notifier.entries import entry_of
from lambdas.notifier.rules import Options, Place
from lambdas.shared.control_table import ControlTableUnavailableError

KINDS = ("crowding", "running", "camera_fault")
RULES: tuple[dict[str, Any], ...] = (
    {},
    {"cooldown_seconds": 0},
    {"group_seconds": 120},
    {"quiet_hours": "12:10-12:40"},
    {"quiet_hours": "12:10-12:40", "group_seconds": 30, "cooldown_seconds": 300},
)
EVENTS = st.lists(
    st.tuples(
        st.sampled_from(KINDS),
        st.sampled_from(("entrance", "exit")),
        st.integers(0, 3600),
        st.integers(1, 1200),
        st.sampled_from(
            ("start end", "end start", "start start end", "end", "start", "update start end end")
        ),
    ),
    min_size=1,
    max_size=12,
)


def told_starts(desk: Any) -> Counter[str]:
    """Count by event the start entries of batches that were sent."""
    found: Counter[str] = Counter()
    for key, (document, _) in desk.store.items.items():
        if key.partition.startswith("alert_batch#"):
            assert document["state"] == "sent"
            assert set(document["sent"]) == {"ko", "en"}
            found.update(name.split("#")[2] for name in document["entries"] if name.endswith("#start"))
    return found


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(events=EVENTS, rule=st.sampled_from(RULES), seed=st.integers(0, 999))
def test_each_start_is_told_exactly_once(
    new_desk: Callable[[], Any],
    alert: Callable[..., Alert],
    events: list[tuple[str, str, int, int, str]],
    rule: dict[str, Any],
    seed: int,
) -> None:
    desk, dice = new_desk(), random.Random(seed)
    if rule:
        desk.book.set(Place(site="seoul-1"), rule)
    arrivals: list[tuple[int, Alert]] = []
    for number, (kind, zone, starts, lasts, phases) in enumerate(events):
        for step, phase in enumerate(phases.split()):
            one = alert(
                event=f"event-{number}",
                kind=kind,
                zone=zone,
                phase=phase,
                started=desk.now + timedelta(seconds=starts),
                at=desk.now + timedelta(seconds=starts if phase == START else starts + lasts),
            )
            arrivals.append((starts + step * dice.randint(0, lasts), one))
    deliver(desk, sorted(arrivals, key=lambda arrival: arrival[0]), dice)
    assert told_starts(desk) == {f"event-{number}": 1 for number in range(len(events))}
    assert not list(desk.store.query("alert_due")), "nothing waits any more"


def deliver(desk: Any, arrivals: list[tuple[int, Alert]], dice: random.Random) -> None:
    """Deliver each alert at its time, some later and again; SNS and the table fail now and then."""
    began, waiting = desk.now, list(arrivals)

    def fail_sometimes(key: Any) -> None:
        if dice.random() < 0.05:
            raise ControlTableUnavailableError("away")

    minute = 0
    while waiting or minute < 90:
        minute += 1
        desk.now = began + timedelta(minutes=minute)
        ready = [one for at, one in waiting if at <= minute * 60]
        waiting = [(at, one) for at, one in waiting if at > minute * 60]
        desk.topic.down = dice.random() < 0.2
        desk.store.before_write = fail_sometimes
        again = [one for one in ready if is_failed(desk, one) or dice.random() < 0.2]
        waiting += [(minute * 60 + dice.randint(1, 400), one) for one in again]
        run_quietly(desk)
    desk.topic.down, desk.store.before_write = False, lambda key: None
    desk.now += timedelta(hours=3)
    desk.sender().send_due()


def is_failed(desk: Any, alert: Alert) -> bool:
    try:
        return bool(desk.take(alert).failed)
    except ControlTableUnavailableError:
        return True


def run_quietly(desk: Any) -> None:
    try:
        desk.sender().send_due()
    except ControlTableUnavailableError:
        return


def test_a_batch_is_due_from_its_time_on(desk: Any, alert: Callable[..., Alert]) -> None:
    name = BatchName("site_a-1", "held-1763726400000+1", 1_763_726_400_000)
    batches = Batches(desk.store)
    batches.add(name, {"a": entry_of(alert(), "start", Options())}, 0)
    assert list(batches.due(name.due_ms)) == [name]
    assert list(batches.due(name.due_ms - 1)) == []
