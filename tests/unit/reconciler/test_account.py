"""Accounts of a device's day: what is there, what is missing, and what may still come."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import pytest

DAY = "2025-11-21"
MIDNIGHT_MS = 1_763_769_600_000
"""2025-11-22T00:00:00Z"""
RECENT = 5.0
"""Minutes: within the grace period."""


def all_there(world: Any) -> None:
    world.put(world.counts(1, 10))
    world.tell(10)


def one_lost(world: Any) -> None:
    world.put(world.counts(1, 4))
    world.put(world.counts(6, 10))
    world.tell(10)


def one_lost_while_more_come(world: Any) -> None:
    one_lost(world)
    world.put(world.counts(11, 20), RECENT)
    world.tell(22, age=RECENT)


def declared(world: Any) -> None:
    world.put(world.counts(1, 4))
    world.put(world.counts(8, 10))
    world.tell(10, dropped=3)
    world.gap(5, 7)


def declared_before_the_ledger_says_so(world: Any) -> None:
    world.put(world.counts(1, 4))
    world.put(world.counts(8, 10))
    world.tell(10)
    world.gap(5, 7)


def declared_and_one_lost(world: Any) -> None:
    world.put(world.counts(1, 4))
    world.put(world.counts(9, 10))
    world.tell(10, dropped=3)
    world.gap(5, 7)


def on_the_way(world: Any) -> None:
    world.put(world.counts(1, 7))
    world.tell(7)
    world.tell(10, age=RECENT)


def ledger_late(world: Any) -> None:
    world.put(world.counts(1, 10))
    world.tell(6)


def never_told(world: Any) -> None:
    world.put(world.counts(1, 10))


def never_arrived(world: Any) -> None:
    world.tell(10)


def rebooted(world: Any) -> None:
    world.put(world.counts(1, 10))
    world.tell(10)
    world.put(world.counts(1, 5, epoch="ffffffffffff"))
    world.tell(5, epoch="ffffffffffff")


def rebooted_with_a_loss(world: Any) -> None:
    world.put(world.counts(1, 10))
    world.tell(8)
    world.put(world.counts(1, 5, epoch="ffffffffffff"))
    # What the boot before had not reported any more, the next one reports; its numbers begin anew.
    world.ledger_sequence = 0
    world.tell(12, epoch="0123456789ab", written_by="ffffffffffff")
    world.tell(5, epoch="ffffffffffff")


def over_midnight(world: Any) -> None:
    world.put(world.counts(1, 10, start_ms=MIDNIGHT_MS - 60_000))
    world.tell(6)
    world.tell(4, first=7, day="2025-11-22")


def restamped_to_another_day(world: Any) -> None:
    world.put(world.counts(1, 6))
    world.tell(10)
    world.tell(6)


def delivered_twice(world: Any) -> None:
    world.put(world.counts(1, 10))
    world.put(world.counts(1, 10), name="again")
    world.put(world.counts(3, 7))
    world.tell(10)


def duplicates_hide_no_loss(world: Any) -> None:
    delivered_twice(world)
    world.tell(11)


def compacted(world: Any) -> None:
    keys = world.put(world.counts(1, 4)) + world.put(world.counts(5, 10))
    world.compact(keys)
    world.tell(10)


def compacted_beside_raw(world: Any) -> None:
    keys = world.put(world.counts(1, 4)) + world.put(world.counts(5, 10))
    world.compact(keys, keep_raw=True)
    world.put(world.counts(11, 12))
    world.tell(12)


def another_days_drop_explains_no_loss(world: Any) -> None:
    """Numbers 3 and 4 belong to the day after, which dropped them; 7 and 8 are lost."""
    world.put(world.counts(1, 2))
    world.put(world.counts(5, 6))
    world.put(world.counts(9, 10))
    world.tell(8, last=10)
    world.tell(2, dropped=2, first=3, day="2025-11-22")
    world.gap(3, 4)


SCENARIOS = [
    pytest.param(all_there, {"made": 10, "in_lake": 10}, id="all there"),
    pytest.param(one_lost, {"made": 10, "in_lake": 9, "missing": 1}, id="one lost"),
    pytest.param(
        one_lost_while_more_come,
        {"made": 22, "in_lake": 19, "on_the_way": 2, "missing": 1},
        id="one lost while more come",
    ),
    pytest.param(declared, {"made": 10, "in_lake": 7, "dropped": 3}, id="declared dropped"),
    pytest.param(
        declared_before_the_ledger_says_so,
        {"made": 10, "in_lake": 7, "dropped": 3},
        id="declared dropped before the ledger says so",
    ),
    pytest.param(
        declared_and_one_lost,
        {"made": 10, "in_lake": 6, "dropped": 3, "missing": 1},
        id="declared dropped and one lost",
    ),
    pytest.param(
        another_days_drop_explains_no_loss,
        {"made": 8, "in_lake": 6, "missing": 2},
        id="another day's drop explains no loss",
    ),
    pytest.param(on_the_way, {"made": 10, "in_lake": 7, "on_the_way": 3}, id="on the way"),
    pytest.param(ledger_late, {"made": 10, "in_lake": 10, "without_ledger": 4}, id="ledger late"),
    pytest.param(never_told, {"made": 10, "in_lake": 10, "without_ledger": 10}, id="ledger never came"),
    pytest.param(never_arrived, {"made": 10, "missing": 10}, id="only the ledger came"),
    pytest.param(rebooted, {"made": 15, "in_lake": 15}, id="new epoch in mid-day"),
    pytest.param(
        rebooted_with_a_loss,
        {"made": 17, "in_lake": 15, "missing": 2},
        id="a later epoch tells of a loss of the one before",
    ),
    pytest.param(over_midnight, {"made": 6, "in_lake": 6}, id="day boundary"),
    pytest.param(restamped_to_another_day, {"made": 6, "in_lake": 6}, id="re-stamped to another day"),
    pytest.param(delivered_twice, {"made": 10, "in_lake": 10}, id="duplicate objects"),
    pytest.param(
        duplicates_hide_no_loss, {"made": 11, "in_lake": 10, "missing": 1}, id="duplicates hide no loss"
    ),
    pytest.param(compacted, {"made": 10, "in_lake": 10}, id="compacted"),
    pytest.param(compacted_beside_raw, {"made": 12, "in_lake": 12}, id="compacted beside raw"),
]


@pytest.mark.parametrize(("happens", "expected"), SCENARIOS)
def test_a_day_adds_up(world: Any, happens: Callable[[Any], None], expected: dict[str, int]) -> None:
    happens(world)
    found = world.zone_counts()
    assert {name: count for name, count in asdict(found).items() if count} == expected
    assert found.made == found.in_lake + found.dropped + found.on_the_way + found.missing
    ledger = world.reconcile().devices["edge-1"].tables.get("stream_ledger")
    assert ledger is None or ledger.missing == 0


def test_the_other_side_of_midnight_is_the_other_days(world: Any) -> None:
    over_midnight(world)
    found = world.zone_counts("2025-11-22")
    assert (found.made, found.in_lake, found.missing) == (4, 4, 0)


def test_devices_are_told_apart(world: Any) -> None:
    all_there(world)
    world.device, world.ledger_sequence = "edge-2", 0
    one_lost(world)
    devices = world.reconcile().devices
    assert {name: device.total.missing for name, device in devices.items()} == {"edge-1": 0, "edge-2": 1}


@pytest.mark.parametrize(
    ("age", "missing", "on_the_way"),
    [pytest.param(600.0, 1, 0, id="long ago"), pytest.param(5.0, 0, 1, id="may still come")],
)
def test_a_ledger_record_that_is_lost_is_missed_itself(
    world: Any, age: float, missing: int, on_the_way: int
) -> None:
    world.put(world.counts(1, 10))
    world.tell(9)
    world.tell(10, hole=True, age=age)
    found = world.reconcile().devices["edge-1"].tables["stream_ledger"]
    assert (found.made, found.in_lake) == (3, 2)
    assert (found.missing, found.on_the_way) == (missing, on_the_way)


def test_a_recent_row_is_recent_in_its_compacted_copy_too(world: Any) -> None:
    """The compactor folds within minutes: the copy must not make the row older than it is."""
    on_the_way(world)
    rows = [key for key in world.objects if key.startswith("raw/stream_ledger/")]
    world.compact(rows, age=1, keep_raw=True)
    assert (world.zone_counts().on_the_way, world.zone_counts().missing) == (3, 0)


def test_when_the_grace_is_over_what_was_on_the_way_is_missing(world: Any) -> None:
    on_the_way(world)
    rows = [key for key in world.objects if key.startswith("raw/stream_ledger/")]
    world.compact(rows, age=1, keep_raw=False)
    assert (world.zone_counts().on_the_way, world.zone_counts().missing) == (0, 3)


def test_a_sequence_that_nobody_can_have_touches_no_other_stream(world: Any) -> None:
    all_there(world)
    world.device = "liar"
    world.put(world.counts(1 << 61, 1 << 61))
    assert world.zone_counts().in_lake == 10


def test_an_object_that_is_no_parquet_is_named(world: Any) -> None:
    all_there(world)
    world.store("raw/zone_counts/day=2025-11-21/broken.parquet", b"no parquet")
    reconciler = world.reconciler()
    loads = reconciler.loads(DAY)
    reconciler.account(loads, *reconciler.survey([DAY]))
    assert list(reconciler.unreadable.reasons) == ["raw/zone_counts/day=2025-11-21/broken.parquet"]


def test_an_object_retired_since_it_was_listed_is_in_another(world: Any) -> None:
    keys = world.put(world.counts(1, 10))
    world.tell(10)
    world.compact(keys, keep_raw=True)
    reconciler = world.reconciler()
    loads = reconciler.loads(DAY)
    del world.objects[keys[0]]
    found = reconciler.account(loads, *reconciler.survey([DAY]))
    assert found.devices["edge-1"].tables["zone_counts"].in_lake == 10
    assert not reconciler.unreadable.reasons


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        pytest.param(600.0, (5, 0), id="should be loaded by now"),
        pytest.param(1.0, (0, 5), id="may still be loading"),
    ],
)
def test_what_mysql_lacks_is_counted_by_device(world: Any, age: float, expected: tuple[int, int]) -> None:
    world.put(world.counts(1, 10))
    world.put(world.counts(8, 15), age, load=False)
    world.tell(15)
    found = world.zone_counts()
    assert (found.not_in_mysql, found.loading) == expected
    assert found.missing == 0


def test_a_replaced_object_is_not_the_one_that_was_loaded(world: Any) -> None:
    (key,) = world.put(world.counts(1, 10))
    world.loaded[key] = "of another version"
    assert [item.key for item in world.reconciler().loads(DAY).overdue] == [key]


def test_a_day_that_mysql_no_longer_keeps_is_not_asked_for(world: Any) -> None:
    world.put(world.counts(1, 10, start_ms=MIDNIGHT_MS - 40 * 86_400_000), load=False)
    loads = world.reconciler().loads("2025-10-13")
    assert (loads.overdue, loads.young) == ((), ())


def test_a_raw_object_retired_before_mysql_had_it_shows_in_the_sum(world: Any) -> None:
    keys = world.put(world.counts(1, 10), load=False)
    world.put(world.counts(11, 14))
    world.compact(keys)
    world.tell(14)
    found = world.reconcile()
    assert found.short_in_mysql == {"zone_counts": 10}
    assert found.total.not_in_mysql == 10
