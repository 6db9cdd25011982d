"""Folding, merging and taking away, one run after the other, over a bucket in memory."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.lake import COMPACTED_PREFIX, COVERS_PREFIX, RAW_PREFIX, parse_compacted_key
from contract.tables import TABLES
from lambdas.compactor.compactor import Compactor, Piece
from lambdas.compactor.report import Report
from lambdas.compactor.settings import CompactionRules

RULES = CompactionRules()


def run(store: Any, lake: Any, rules: CompactionRules = RULES, **options: Any) -> Report:
    compactor = Compactor(store, lake.LyingLeases(), rules, clock=store.clock, **options)
    return compactor.run(compactor.pieces([lake.TABLE]))


def keys(store: Any, prefix: str) -> list[str]:
    return [key for key in sorted(store.objects) if key.startswith(prefix)]


def seen(store: Any, lake: Any) -> set[str]:
    data = (key for key in store.objects if not key.startswith(COVERS_PREFIX))
    return {name for key in data for name in lake.ids_in(store.objects[key][0])}


def fill(store: Any, lake: Any, *parts: Any, day: str | None = None) -> None:
    for position, numbers in enumerate(parts):
        store.put(*lake.raw_object(numbers, f"{len(store.objects)}-{position}", day or lake.DAY))


def test_raw_objects_become_one_sorted_object_with_each_record_once(store: Any, lake: Any) -> None:
    fill(store, lake, [5, 3, 1], range(4), [9])
    report = run(store, lake)
    (key,) = keys(store, COMPACTED_PREFIX)
    assert parse_compacted_key(key).rows == 6
    assert (report.rows_read, report.rows_written, report.duplicates) == (8, 6, 2)
    found = pq.ParquetFile(io.BytesIO(store.objects[key][0])).read()
    order = list(zip(found["camera"].to_pylist(), found["sequence"].to_pylist(), strict=True))
    assert order == sorted(order)
    assert set(found["record_id"].to_pylist()) == {lake.id_of(number) for number in (0, 1, 2, 3, 5, 9)}
    expected = lake.rows_table([0, 3, 9, 1, 2, 5])
    assert found.cast(expected.schema).equals(expected)


def test_a_second_run_finds_nothing_to_do(store: Any, lake: Any) -> None:
    fill(store, lake, range(4))
    run(store, lake)
    before = dict(store.objects)
    report = run(store, lake)
    assert (report.objects_folded, report.objects_written, report.objects_retired) == (0, 0, 0)
    assert store.objects == before


@pytest.mark.parametrize(
    ("later", "raw", "covers"),
    [
        pytest.param(timedelta(minutes=59), 1, 1, id="a query may still run that has not seen the fold"),
        pytest.param(timedelta(hours=2), 1, 1, id="the loader may still want it"),
        pytest.param(timedelta(hours=6), 0, 0, id="nobody wants it any more"),
    ],
)
def test_covered_raw_objects_go_when_nobody_needs_them(
    store: Any, lake: Any, later: timedelta, raw: int, covers: int
) -> None:
    fill(store, lake, range(4))
    run(store, lake)
    store.clock.now += later
    run(store, lake)
    assert (len(keys(store, RAW_PREFIX)), len(keys(store, COVERS_PREFIX))) == (raw, covers)
    assert len(seen(store, lake)) == 4


def test_a_day_that_is_done_is_not_looked_at_again(store: Any, lake: Any) -> None:
    fill(store, lake, range(4))
    run(store, lake)
    store.clock.pass_time(hours=7)
    run(store, lake)
    compactor = Compactor(store, lake.LyingLeases(), RULES, clock=store.clock)
    assert compactor.pieces() == []


def test_late_data_opens_a_day_again_and_is_merged_into_it(store: Any, lake: Any) -> None:
    fill(store, lake, range(4))
    run(store, lake)
    store.clock.pass_time(days=9)
    run(store, lake)
    fill(store, lake, [7], [2])
    assert run(store, lake).objects_folded == 2
    assert len(keys(store, COMPACTED_PREFIX)) == 2
    store.clock.pass_time(hours=3)
    assert run(store, lake).objects_merged == 2
    store.clock.pass_time(hours=3)
    run(store, lake)
    (key,) = keys(store, COMPACTED_PREFIX)
    assert parse_compacted_key(key).rows == 5
    run(store, lake)
    assert (keys(store, RAW_PREFIX), keys(store, COVERS_PREFIX)) == ([], [])


def test_many_small_objects_of_a_day_are_merged_at_once(store: Any, lake: Any) -> None:
    for hour in range(8):
        fill(store, lake, [hour])
        report = run(store, lake)
        store.clock.pass_time(minutes=20)
    assert report.objects_merged == 8
    store.clock.pass_time(hours=7)
    run(store, lake)
    (key,) = keys(store, COMPACTED_PREFIX)
    assert parse_compacted_key(key).rows == 8


def test_a_cover_stays_while_another_rests_on_what_it_replaced(store: Any, lake: Any) -> None:
    """Raw objects outlive the first object made of them: their proof leads over the second."""
    rules = CompactionRules(merge_at=2, reader_grace=timedelta(hours=1), raw_keep=timedelta(hours=30))
    fill(store, lake, range(3))
    run(store, lake, rules)
    fill(store, lake, range(3, 6))
    run(store, lake, rules)
    store.clock.pass_time(hours=2)
    run(store, lake, rules)
    assert len(keys(store, COMPACTED_PREFIX)) == 1
    report = run(store, lake, rules)
    assert (report.objects_folded, report.covers_broken) == (0, 0)
    store.clock.pass_time(hours=30)
    run(store, lake, rules)
    assert keys(store, RAW_PREFIX) == []
    run(store, lake, rules)
    assert keys(store, COVERS_PREFIX) == []
    assert len(seen(store, lake)) == 6


def test_a_piece_holds_no_more_rows_than_fit_its_memory(store: Any, lake: Any) -> None:
    rules = CompactionRules(piece_rows=10)
    fill(store, lake, *(range(start, start + 4) for start in range(0, 40, 4)))
    report = run(store, lake, rules)
    sizes = [parse_compacted_key(key).rows for key in keys(store, COMPACTED_PREFIX)]
    assert sorted(sizes) == [4, 12, 12, 12]
    store.clock.pass_time(hours=12)
    assert run(store, lake, rules).objects_merged == 0, "full objects stay as they are"
    assert report.objects_folded == 10


def test_a_big_day_is_split_by_camera(store: Any, lake: Any) -> None:
    rules = CompactionRules(target_bytes=4_000)
    fill(store, lake, range(30))
    run(store, lake, rules)
    described = [parse_compacted_key(key) for key in keys(store, COMPACTED_PREFIX)]
    assert {item.buckets for item in described} == {2}
    cameras = [
        set(pq.ParquetFile(io.BytesIO(store.objects[item.key][0])).read()["camera"].to_pylist())
        for item in described
    ]
    assert sum(map(len, cameras)) == len(set().union(*cameras)) == 3
    fill(store, lake, range(30, 33))
    run(store, lake, CompactionRules())
    assert {parse_compacted_key(key).buckets for key in keys(store, COMPACTED_PREFIX)} == {2}


def test_what_cannot_be_folded_stays_and_stops_nothing(store: Any, lake: Any) -> None:
    newer = lake.rows_table(range(2)).append_column("mood", pa.array(["glad", "sad"]))
    buffer = io.BytesIO()
    pq.write_table(newer, buffer)
    prefix = f"{RAW_PREFIX}{lake.TABLE}/day={lake.DAY}/"
    store.put(f"{prefix}broken.parquet", b"PAR1 no PAR1")
    store.put(f"{prefix}newer.parquet", buffer.getvalue())
    store.put(f"{prefix}stray.txt", b"x")
    fill(store, lake, range(4))
    report = run(store, lake)
    assert set(report.skipped) == {f"{prefix}broken.parquet", f"{prefix}newer.parquet"}
    assert "mood" in report.skipped[f"{prefix}newer.parquet"]
    store.clock.pass_time(days=3)
    run(store, lake)
    assert len(keys(store, RAW_PREFIX)) == 3
    assert report.objects_folded == 1


def test_old_objects_without_a_newer_column_are_folded_with_nulls(store: Any, lake: Any) -> None:
    nullable = [column.name for column in TABLES[lake.TABLE].own_columns if column.nullable][-1]
    buffer = io.BytesIO()
    pq.write_table(lake.rows_table(range(2)).drop_columns([nullable]), buffer)
    store.put(f"{RAW_PREFIX}{lake.TABLE}/day={lake.DAY}/old.parquet", buffer.getvalue())
    fill(store, lake, [5])
    run(store, lake)
    (key,) = keys(store, COMPACTED_PREFIX)
    found = pq.ParquetFile(io.BytesIO(store.objects[key][0])).read()
    assert found[nullable].null_count == 2


def test_a_raw_object_that_changed_since_is_folded_again(store: Any, lake: Any) -> None:
    key, body = lake.raw_object(range(3), "same-name")
    store.put(key, body)
    run(store, lake)
    store.clock.pass_time(hours=1)
    store.put(key, lake.raw_object(range(4), "same-name")[1])
    assert run(store, lake).objects_folded == 1
    store.clock.pass_time(hours=7)
    run(store, lake)
    assert keys(store, RAW_PREFIX) == []
    assert len(seen(store, lake)) == 4


def test_an_output_that_somebody_deleted_is_told_and_its_inputs_are_folded_again(
    store: Any, lake: Any
) -> None:
    fill(store, lake, range(4))
    run(store, lake)
    (key,) = keys(store, COMPACTED_PREFIX)
    del store.objects[key]
    store.clock.pass_time(hours=9)
    report = run(store, lake)
    assert report.objects_folded == 1
    assert keys(store, COMPACTED_PREFIX) == [key], "made anew from the same objects, it is the same object"
    assert len(seen(store, lake)) == 4


def test_a_broken_manifest_fails_its_day_alone(store: Any, lake: Any) -> None:
    fill(store, lake, range(4))
    fill(store, lake, range(4), day="2026-11-19")
    store.put(f"{COVERS_PREFIX}{lake.TABLE}/day={lake.DAY}/{'0' * 40}.json", b"{}")
    report = run(store, lake)
    assert list(report.failed) == [f"compact/{lake.TABLE}/{lake.DAY}"]
    assert report.objects_folded == 1


def test_objects_without_rows_go_without_leaving_one(store: Any, lake: Any) -> None:
    fill(store, lake, [])
    run(store, lake)
    assert keys(store, COMPACTED_PREFIX) == []
    store.clock.pass_time(hours=7)
    run(store, lake)
    assert store.objects == {}


def test_without_time_nothing_is_begun(store: Any, lake: Any) -> None:
    fill(store, lake, range(4))
    before = dict(store.objects)
    report = run(store, lake, has_time=lambda: False)
    assert (report.pieces, report.pieces_left) == (0, 1)
    assert store.objects == before


def test_merges_can_be_handed_out_by_bucket(store: Any, lake: Any) -> None:
    pieces: list[Piece] = []
    for number in range(8):
        fill(store, lake, [number * 3])
        run(store, lake, dispatch=pieces.append)
    assert set(pieces) == {Piece(lake.TABLE, lake.DAY, 0)}
    report = Compactor(store, lake.LyingLeases(), RULES, clock=store.clock).run(pieces[:1])
    assert (report.objects_merged, report.objects_folded) == (8, 0)


def test_a_lease_of_another_keeps_out(store: Any, lake: Any) -> None:
    class Taken(lake.LyingLeases):  # type: ignore[misc, name-defined]
        def take(self, name: str, seconds: float) -> None:
            return None

    fill(store, lake, range(4))
    compactor = Compactor(store, Taken(), RULES, clock=store.clock)
    report = compactor.run(compactor.pieces())
    assert (report.pieces, report.pieces_busy, report.objects_folded) == (0, 1, 0)
