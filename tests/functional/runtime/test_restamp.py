from __future__ import annotations

from edge_components.runtime.clock import PROBE_INTERVAL_SECONDS, DeviceClock
from edge_components.runtime.time_sync import EARLIEST_PLAUSIBLE_MILLISECONDS, TimeSync

TRUE_BOOT_MS = 1_795_176_000_000  # 2026-11-20T12:00:00Z


class Machine:
    """A machine that boots in 1970 and learns the time later."""

    def __init__(self) -> None:
        self.uptime_seconds = 10.0
        self.wall_offset_ms = 0

    def clock(self) -> DeviceClock:
        return DeviceClock(
            monotonic_seconds=lambda: self.uptime_seconds,
            wall_seconds=lambda: self.uptime_seconds + self.wall_offset_ms / 1000,
            probe=lambda wall_ms: TimeSync(wall_ms > EARLIEST_PLAUSIBLE_MILLISECONDS, "test"),
        )

    def synchronise(self) -> None:
        self.wall_offset_ms = TRUE_BOOT_MS


def test_unsynced_records_move_to_the_true_time(make_spool, make_record):
    machine = Machine()
    clock = machine.clock()
    spool = make_spool(clock=clock)
    for _ in range(3):
        machine.uptime_seconds += 5
        spool.append([make_record(1, event_time_ms=clock.now_ms(), quality=clock.quality)])
    spool.write_ledger()
    assert spool.restamp() == 0
    machine.synchronise()
    machine.uptime_seconds += PROBE_INTERVAL_SECONDS
    assert clock.refresh()
    spool.append([make_record(2, event_time_ms=clock.now_ms(), quality=clock.quality)])
    assert spool.restamp() == 4  # three crossings and the ledger record from before
    assert spool.restamp() == 0
    rows = [r.stored.record for r in spool.read(maximum_rows=100)]
    crossings = sorted((r.event_time_ms, r.clock_quality) for r in rows if r.table == "line_crossings")
    assert crossings == [
        (TRUE_BOOT_MS + 15_000, "restamped"),
        (TRUE_BOOT_MS + 20_000, "restamped"),
        (TRUE_BOOT_MS + 25_000, "restamped"),
        (TRUE_BOOT_MS + 30_000, "synced"),
    ]
    latest = {
        r["ledger_day"]: (r["made"], r["dropped"]) for r in (s.record.values for s in spool.write_ledger())
    }
    assert latest["2026-11-01"] == (0, 0)
    assert latest["2026-11-20"] == (4, 0)
    counts = spool.counts()
    assert counts.made == counts.waiting == 4 + 1 + len(latest)


def test_the_processes_of_a_boot_share_one_unsynced_anchor(make_spool, make_record):
    machine = Machine()
    first = machine.clock()
    spool = make_spool(clock=first)
    machine.wall_offset_ms = 3_000  # somebody set the clock, to another wrong time
    second = machine.clock()
    other = make_spool(clock=second)
    assert second.now_ms() == first.now_ms()
    other.append([make_record(1, event_time_ms=second.now_ms(), quality=second.quality)])
    machine.synchronise()
    machine.uptime_seconds += PROBE_INTERVAL_SECONDS
    first.refresh()
    assert spool.restamp() == 1
    assert spool.read(maximum_rows=1)[0].stored.record.event_time_ms == TRUE_BOOT_MS + 10_000


def test_rows_that_may_have_been_sent_stay_as_they_were_sent(make_spool, make_record):
    machine = Machine()
    clock = machine.clock()
    spool = make_spool(clock=clock)
    spool.append([make_record(1, event_time_ms=clock.now_ms(), quality=clock.quality)])
    sent = spool.read(maximum_rows=1)
    machine.synchronise()
    machine.uptime_seconds += PROBE_INTERVAL_SECONDS
    clock.refresh()
    assert spool.restamp() == 0
    assert spool.read(maximum_rows=1) == sent


def test_time_columns_of_a_record_move_with_it(make_spool):
    machine = Machine()
    clock = machine.clock()
    spool = make_spool(clock=clock)
    from contract.records import Record

    values = {
        "reason": "camera_lost",
        "records": 0,
        "gap_start": clock.now_ms() - 5_000,
        "gap_end": clock.now_ms(),
    }
    spool.append([Record("gaps", "plaza-1", None, None, clock.now_ms(), clock.quality, values)])
    machine.synchronise()
    machine.uptime_seconds += PROBE_INTERVAL_SECONDS
    clock.refresh()
    spool.restamp()
    moved = spool.read(maximum_rows=1)[0].stored.record
    assert moved.values["gap_start"] == TRUE_BOOT_MS + 5_000
    assert moved.values["gap_end"] == moved.event_time_ms == TRUE_BOOT_MS + 10_000


def test_rows_given_back_unsent_move_to_the_true_time(make_spool, make_record):
    machine = Machine()
    clock = machine.clock()
    spool = make_spool(clock=clock)
    for index in (1, 2):
        spool.append([make_record(index, event_time_ms=clock.now_ms(), quality=clock.quality)])
    first, second = spool.read(maximum_rows=2)
    assert (first.again, second.again) == (False, False)
    assert spool.release([first.row_id]) == 1
    assert spool.release([first.row_id]) == 0
    machine.synchronise()
    machine.uptime_seconds += PROBE_INTERVAL_SECONDS
    clock.refresh()
    assert spool.restamp() == 1
    found = {row.row_id: (row.again, row.stored.record.clock_quality) for row in spool.read(maximum_rows=2)}
    assert found == {first.row_id: (False, "restamped"), second.row_id: (True, "unsynced")}


def test_a_few_rows_move_in_the_room_that_is_kept_back(make_spool, make_record):
    machine = Machine()
    clock = machine.clock()
    spool = make_spool(clock=clock)
    spool.append([make_record(i, event_time_ms=clock.now_ms(), quality=clock.quality) for i in range(5)])
    assert spool.restamp_within_reserve(3) == 0
    machine.synchronise()
    machine.uptime_seconds += PROBE_INTERVAL_SECONDS
    clock.refresh()
    assert [spool.restamp_within_reserve(3) for _ in range(3)] == [3, 2, 0]


def test_a_boot_that_never_learns_the_time_begins_where_it_was_last_known(make_spool, make_record):
    machine = Machine()
    machine.synchronise()
    clock = machine.clock()
    spool = make_spool(clock=clock)
    machine.uptime_seconds += 600
    spool.write_ledger()
    known_ms = clock.now_ms()
    spool.close()

    again = Machine()
    clock = again.clock()
    spool = make_spool(clock=clock, boot_id="another boot")
    again.uptime_seconds += 5
    (stored,) = spool.append([make_record(1, event_time_ms=clock.now_ms(), quality=clock.quality)])
    assert (stored.record.event_time_ms, stored.record.clock_quality) == (known_ms + 5_000, "unsynced")
    spool.write_ledger()
    spool.close()

    # A third boot begins there again: an unsynced time is no known one.
    third = Machine()
    clock = third.clock()
    make_spool(clock=clock, boot_id="a third boot")
    assert (clock.now_ms(), clock.quality) == (known_ms, "unsynced")


def test_a_boot_that_learns_the_time_in_the_end_moves_what_it_took_from_there(make_spool, make_record):
    machine = Machine()
    clock = machine.clock()
    spool = make_spool(clock=clock)
    assert clock.now_ms() == EARLIEST_PLAUSIBLE_MILLISECONDS  # nothing is known but the release's date
    spool.append([make_record(1, event_time_ms=clock.now_ms(), quality=clock.quality)])
    machine.synchronise()
    machine.uptime_seconds += PROBE_INTERVAL_SECONDS
    clock.refresh()
    assert spool.restamp() == 1
    moved = spool.read(maximum_rows=1)[0].stored.record
    assert (moved.event_time_ms, moved.clock_quality) == (TRUE_BOOT_MS + 10_000, "restamped")


def test_an_unsynced_clock_that_stands_after_what_is_known_is_left_alone(make_spool):
    machine = Machine()
    machine.wall_offset_ms = EARLIEST_PLAUSIBLE_MILLISECONDS + 86_400_000
    clock = DeviceClock(
        monotonic_seconds=lambda: machine.uptime_seconds,
        wall_seconds=lambda: machine.uptime_seconds + machine.wall_offset_ms / 1000,
        probe=lambda _: TimeSync(False, "a time service runs but has not synchronised"),
    )
    make_spool(clock=clock)
    assert clock.now_ms() == EARLIEST_PLAUSIBLE_MILLISECONDS + 86_400_000 + 10_000
