from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from contract.errors import CrowdLensError
from contract.records import RecordError
from edge_components.runtime.spool import DEFAULT_MAXIMUM_BYTES, MINIMUM_MAXIMUM_BYTES, SpoolError

SMALL_BYTES = MINIMUM_MAXIMUM_BYTES


def assert_conserved(spool):
    counts = spool.counts()
    assert counts.made == counts.acknowledged + counts.waiting + counts.dropped
    with sqlite3.connect(spool.path) as connection:
        rows, size = connection.execute("SELECT count(*), sum(length(payload) + 45) FROM records").fetchone()
        per_stream = dict(
            connection.execute(
                "SELECT epoch || stream, count(*) FROM records JOIN streams USING (stream_id) "
                "JOIN epochs USING (epoch_id) GROUP BY stream_id"
            ).fetchall()
        )
    connection.close()
    assert (counts.waiting, counts.bytes) == (rows, size or 0)
    assert {s.epoch + s.stream: s.waiting for s in counts.streams if s.waiting} == per_stream
    return counts


def test_append_numbers_each_stream_from_one_without_holes(make_spool, make_record):
    spool = make_spool()
    first = spool.append([make_record(1), make_record(1, "camera_status"), make_record(2)])
    second = spool.append([make_record(3), make_record(1, camera="plaza-2")])
    assert [(s.stream, s.sequence) for s in first + second] == [
        ("plaza-1/line_crossings", 1),
        ("plaza-1/camera_status", 1),
        ("plaza-1/line_crossings", 2),
        ("plaza-1/line_crossings", 3),
        ("plaza-2/line_crossings", 1),
    ]
    assert {s.epoch for s in first + second} == {spool.epoch}


def test_what_is_read_is_what_was_appended(make_spool, make_record):
    spool = make_spool()
    stored = spool.append([make_record(index) for index in range(1, 6)])
    assert sorted((row.stored.sequence, row.stored) for row in spool.read(maximum_rows=10)) == [
        (s.sequence, s) for s in stored
    ]


def test_acknowledged_rows_are_gone_and_the_others_come_again(make_spool, make_record):
    spool = make_spool()
    spool.append([make_record(index) for index in range(1, 11)])
    rows = spool.read(maximum_rows=6)
    assert spool.acknowledge([row.row_id for row in rows[:4]]) == 4
    assert spool.acknowledge([row.row_id for row in rows[:4]]) == 0
    again = spool.read(maximum_rows=2)
    assert {row.row_id for row in again} == {row.row_id for row in rows[4:]}
    counts = assert_conserved(spool)
    assert (counts.made, counts.acknowledged, counts.waiting) == (10, 4, 6)


def test_a_restart_within_the_boot_goes_on_numbering(make_spool, make_record):
    spool = make_spool()
    spool.append([make_record(1)])
    spool.close()
    again = make_spool()
    assert again.epoch == spool.epoch
    assert again.append([make_record(2)])[0].sequence == 2


@pytest.mark.parametrize(
    "change", [pytest.param("boot", id="new boot"), pytest.param("file", id="copied file")]
)
def test_a_new_boot_or_file_begins_an_epoch(make_spool, make_record, tmp_path: Path, change: str):
    spool = make_spool()
    spool.append([make_record(1)])
    spool.close()
    if change == "boot":
        again = make_spool(boot_id="boot-2")
    else:
        shutil.copy(spool.path, tmp_path / "copy.sqlite")
        again = make_spool(path=tmp_path / "copy.sqlite")
    assert again.epoch != spool.epoch
    assert again.append([make_record(2)])[0].sequence == 1
    assert {row.stored.epoch for row in again.read(maximum_rows=9)} == {spool.epoch, again.epoch}
    assert assert_conserved(again).made == 2


def test_a_machine_that_knows_no_boot_begins_an_epoch_each_time(make_spool):
    assert make_spool(boot_id="unknown").epoch != make_spool(boot_id="unknown").epoch


def test_a_bad_record_is_refused_with_the_whole_append(make_spool, make_record):
    spool = make_spool()
    bad = make_record(2)
    object.__setattr__(bad, "clock_quality", "perfect")
    with pytest.raises(RecordError, match="clock_quality is 'perfect'"):
        spool.append([make_record(1), bad])
    assert spool.counts().made == 0
    assert spool.append([]) == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param({"device": "no spaces"}, "device is 'no spaces'", id="bad device name"),
        pytest.param({"maximum_bytes": 10}, "maximum_bytes is 10", id="tiny bound"),
        pytest.param({"path": "/proc/nowhere/spool"}, "cannot be used", id="folder that cannot be made"),
    ],
)
def test_bad_settings_are_one_clear_sentence(make_spool, options, sentence):
    with pytest.raises(CrowdLensError, match=sentence):
        make_spool(**options)


def test_another_device_is_refused(make_spool):
    make_spool()
    with pytest.raises(SpoolError, match="belongs to device 'jetson-7'"):
        make_spool(device="jetson-8")


def test_the_bound_is_kept_in_the_file(make_spool, make_record):
    make_spool(maximum_bytes=SMALL_BYTES).close()
    spool = make_spool()
    for _ in range(20):
        spool.append([make_record(index) for index in range(100)])
    assert spool.counts().bytes <= SMALL_BYTES < DEFAULT_MAXIMUM_BYTES


def test_a_full_spool_drops_the_lowest_priority_oldest_first(make_spool, make_record):
    spool = make_spool(maximum_bytes=SMALL_BYTES)
    crossings = spool.append([make_record(index) for index in range(200)])
    for start in range(0, 2000, 50):
        spool.append([make_record(index, "classifications") for index in range(start, start + 50)])
    counts = assert_conserved(spool)
    by_stream = {c.stream: c for c in counts.streams}
    assert counts.bytes <= SMALL_BYTES
    assert by_stream["plaza-1/line_crossings"].dropped == 0
    dropped = by_stream["plaza-1/classifications"].dropped
    assert dropped > 500
    left = [row.stored for row in spool.read(maximum_rows=10_000)]
    assert sum(s.stream == "plaza-1/line_crossings" for s in left) == len(crossings)
    kept = sorted(s.sequence for s in left if s.stream == "plaza-1/classifications")
    assert kept == list(range(2001 - len(kept), 2001))


def test_what_was_dropped_is_declared_as_contiguous_ranges(make_spool, make_record):
    spool = make_spool(maximum_bytes=SMALL_BYTES)
    for start in range(0, 2000, 50):
        spool.append(
            [
                make_record(index, "classifications", camera=f"plaza-{1 + index % 2}")
                for index in range(start, start + 50)
            ]
        )
    gaps = [r.stored.record for r in spool.read(maximum_rows=10_000) if r.stored.record.table == "gaps"]
    by_stream = {c.stream: c for c in spool.counts().streams}
    assert len(gaps) == 2
    for gap in gaps:
        values = gap.values
        stream = by_stream[values["gap_stream"]]
        assert values["reason"] == "spool_full"
        assert values["gap_epoch"] == spool.epoch
        assert values["first_sequence"] == 1
        assert values["records"] == values["last_sequence"]
        # Making room for the two declarations may drop a few more, which are declared next time.
        assert 0 <= stream.dropped - values["records"] <= 10
        assert values["gap_start"] == gap.event_time_ms
        assert values["gap_end"] - values["gap_start"] == (values["records"] - 1) * 2000
        assert (gap.camera, gap.time_zone) == (values["gap_stream"].split("/")[0], "Asia/Seoul")


def test_every_dropped_record_is_declared_in_the_end(make_spool, make_record):
    spool = make_spool(maximum_bytes=SMALL_BYTES)
    for _ in range(40):
        spool.append([make_record(index, "classifications") for index in range(50)])
    declared = Counter()
    for _ in range(20):
        rows = spool.read(maximum_rows=10_000)
        for row in rows:
            if row.stored.record.table == "gaps":
                declared[row.stored.record.values["gap_stream"]] += row.stored.record.values["records"]
        spool.acknowledge([row.row_id for row in rows])
    counts = assert_conserved(spool)
    assert counts.waiting == 0
    assert {c.stream: c.dropped for c in counts.streams if c.dropped} == dict(declared)


def test_rows_left_out_split_what_is_declared(make_spool, make_record):
    spool = make_spool(maximum_bytes=SMALL_BYTES)
    spool.append([make_record(index, "classifications") for index in range(200)])
    spool.read(maximum_rows=20)  # the ten newest and the ten oldest may have been sent
    for _ in range(10):
        spool.append([make_record(index, "classifications") for index in range(200)])
    rows = [row.stored.record for row in spool.read(maximum_rows=10_000)]
    gaps = [r.values for r in rows if r.table == "gaps"]
    assert (gaps[0]["first_sequence"], gaps[0]["last_sequence"]) == (11, 190)
    assert gaps[1]["first_sequence"] == 201
    assert all(gap["records"] == gap["last_sequence"] - gap["first_sequence"] + 1 for gap in gaps)


def test_a_late_acknowledgement_never_hits_another_record(make_spool, make_record):
    spool = make_spool()
    spool.append([make_record(1)])
    sent = [row.row_id for row in spool.read(maximum_rows=1)]
    spool.acknowledge(sent)
    spool.append([make_record(2)])
    assert spool.acknowledge(sent) == 0
    assert spool.counts().waiting == 1


def test_rows_that_may_have_been_sent_are_never_dropped(make_spool, make_record):
    spool = make_spool(maximum_bytes=SMALL_BYTES)
    spool.append([make_record(index, "classifications") for index in range(100)])
    claimed = {row.row_id for row in spool.read(maximum_rows=100)}
    spool.close()
    again = make_spool()
    for _ in range(20):
        again.append([make_record(index) for index in range(100)])
    assert {row.row_id for row in again.read(maximum_rows=100)} == claimed
    assert again.acknowledge(claimed) == 100
    assert_conserved(again)


def test_reading_serves_the_live_picture_and_then_the_most_precious(make_spool, make_record):
    spool = make_spool()
    spool.append([make_record(index, "classifications") for index in range(1, 51)])
    spool.append([make_record(index) for index in range(1, 51)])
    spool.append([make_record(index, "classifications") for index in range(51, 101)])
    read = [(row.stored.stream.split("/")[1], row.stored.sequence) for row in spool.read(maximum_rows=20)]
    assert read[:10] == [("classifications", sequence) for sequence in range(91, 101)]
    assert read[10:] == [("line_crossings", sequence) for sequence in range(1, 11)]


def test_reading_nothing_and_too_little(make_spool):
    spool = make_spool()
    assert spool.read(maximum_rows=5) == []
    with pytest.raises(SpoolError, match="maximum_rows is 0"):
        spool.read(maximum_rows=0)


def test_the_ledger_reports_each_stream_and_day_that_changed(make_spool, make_record):
    spool = make_spool()
    before_midnight_ms, after_midnight_ms = 1_795_219_199_999, 1_795_219_200_000
    spool.append([make_record(1, event_time_ms=before_midnight_ms)])
    spool.append([make_record(2, event_time_ms=after_midnight_ms), make_record(3, "camera_status")])
    rows = [stored.record.values for stored in spool.write_ledger()]
    assert [
        (r["ledger_stream"], r["ledger_day"], r["made"], r["first_sequence"], r["last_sequence"])
        for r in rows
    ] == [
        ("plaza-1/camera_status", "2026-11-20", 1, 1, 1),
        ("plaza-1/line_crossings", "2026-11-20", 1, 1, 1),
        ("plaza-1/line_crossings", "2026-11-21", 1, 2, 2),
    ]
    assert {(r["ledger_epoch"], r["dropped"]) for r in rows} == {(spool.epoch, 0)}
    assert spool.write_ledger() == []
    spool.append([make_record(4)])
    assert [stored.record.values["made"] for stored in spool.write_ledger()] == [2]
    assert_conserved(spool)


def test_the_ledger_tells_what_was_dropped(make_spool, make_record):
    spool = make_spool(maximum_bytes=SMALL_BYTES)
    for _ in range(40):
        spool.append([make_record(index, "classifications") for index in range(50)])
    spool.write_ledger()
    spool.write_ledger()
    latest = {}
    for row in sorted(spool.read(maximum_rows=10_000), key=lambda row: row.row_id):
        values = row.stored.record.values
        if row.stored.record.table == "stream_ledger":
            latest[values["ledger_stream"]] = values
    counts = {c.stream: c for c in spool.counts().streams}
    row = latest["plaza-1/classifications"]
    assert row["made"] == 2000
    assert 0 <= counts["plaza-1/classifications"].dropped - row["dropped"] <= 5
    assert "_device/stream_ledger" not in latest


def test_the_file_gives_room_back_to_later_rows(make_spool, make_record):
    spool = make_spool()
    sizes = []
    for _ in range(6):
        spool.append([make_record(index) for index in range(2000)])
        spool.acknowledge([row.row_id for row in spool.read(maximum_rows=10_000)])
        sizes.append(spool.path.stat().st_size)
    assert sizes[-1] <= sizes[1] * 1.1
