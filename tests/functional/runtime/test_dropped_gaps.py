"""A full spool drops its own `gaps` records in the end; what they declared stays declared."""

from __future__ import annotations

from collections.abc import Iterator

from edge_components.runtime.spool import MINIMUM_MAXIMUM_BYTES, Spool, SpooledRow


def drained(spool: Spool) -> Iterator[SpooledRow]:
    while rows := spool.read(maximum_rows=1_000):
        yield from rows
        spool.acknowledge([row.row_id for row in rows])


def test_what_a_dropped_gap_declared_is_declared_again(make_spool, make_record):
    spool = make_spool(maximum_bytes=MINIMUM_MAXIMUM_BYTES)
    spool.append([make_record(n, "classifications") for n in range(1_500)])
    made = 1_500
    for turn in range(30):
        # An outage: each attempt to send declares what was dropped, and nothing leaves.
        spool.read(maximum_rows=1)
        spool.append([make_record(turn * 100 + n) for n in range(100)])
        made += 100
    arrived: set[tuple[str, int]] = set()
    declared: set[tuple[str, int]] = set()
    for row in drained(spool):
        arrived.add((row.stored.stream, row.stored.sequence))
        values = row.stored.record.values
        if row.stored.record.table == "gaps":
            lost = range(int(values["first_sequence"]), int(values["last_sequence"]) + 1)
            assert len(lost) == values["records"]
            assert declared.isdisjoint((values["gap_stream"], n) for n in lost)
            declared |= {(values["gap_stream"], n) for n in lost}
    gaps_dropped = [one for one in declared if one[0].endswith("/gaps")]
    assert gaps_dropped, "no gaps record was dropped: the test tests nothing"
    assert arrived.isdisjoint(declared)
    assert len([one for one in arrived | declared if not one[0].endswith("/gaps")]) == made


def test_what_a_dropped_ledger_record_told_is_told_again(make_spool, make_record):
    spool = make_spool(maximum_bytes=MINIMUM_MAXIMUM_BYTES)
    spool.append([make_record(n, "camera_status") for n in range(3)])
    spool.write_ledger()
    for start in range(0, 3_000, 100):
        spool.append([make_record(start + n) for n in range(100)])
    spool.write_ledger()
    told = {
        str(row.stored.record.values["ledger_stream"]): row.stored.record.values["made"]
        for row in drained(spool)
        if row.stored.record.table == "stream_ledger"
    }
    assert told["plaza-1/camera_status"] == 3
    assert told["plaza-1/line_crossings"] == 3_000
