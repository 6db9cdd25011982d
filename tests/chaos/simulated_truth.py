"""The truth of a schedule: what its devices made against what its stations hold."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from contract.columns import ColumnType
from contract.lake import RAW_PREFIX
from contract.mysql import first_kept_day
from contract.tables import GAPS, STREAM_LEDGER, TABLES
from tests.chaos.simulated_cloud import Cloud
from tests.chaos.simulated_device import MADE, REFUSED, Attempt, Device
from tests.chaos.simulated_mysql import open_sqlite
from tests.chaos.simulated_records import marker_of
from tests.chaos.truth import Facts, Lake, Row, Stream, declared_gaps, find_problems, read_lake

TIME_TOLERANCE_MS = 1_500


def find_schedule_problems(devices: Iterable[Device], cloud: Cloud) -> list[str]:
    """Return every way in which the truth does not hold; empty when all is well."""
    listed = list(devices)
    lake = read_lake(cloud.s3.lake())
    epochs = {device.name: _epochs(device) for device in listed}
    problems: list[str] = []
    gaps = declared_gaps(lake, [])
    cloud.world.seen["records declared dropped"] += sum(len(some) for some in gaps.values())
    cloud.world.seen["records restamped"] += sum(
        row["clock_quality"] == "restamped" for _, row in lake.rows.values()
    )
    for device in listed:
        check_records(device, lake, gaps, problems)
    today = datetime.fromtimestamp(cloud.world.now, tz=UTC).date()
    return problems + find_problems(
        Facts(lake, cloud.mysql.rows, epochs, lambda table, day: day >= first_kept_day(table, today))
    )


def find_compaction_problems(cloud: Cloud) -> list[str]:
    """Return what a reader two days later misses or sees more of, when all raw objects have gone."""
    before = read_lake(cloud.s3.lake())
    cloud.compact_everything()
    after = read_lake(cloud.s3.lake())
    problems = list(after.problems)
    problems += [f"{one} went when it was compacted" for one in before.rows.keys() - after.rows.keys()]
    problems += [f"{one} came when it was compacted" for one in after.rows.keys() - before.rows.keys()]
    problems += [
        f"{one} changed when it was compacted"
        for one, row in after.rows.items()
        if one in before.rows and before.rows[one] != row
    ]
    left = [key for key in cloud.s3.objects if key.startswith(RAW_PREFIX)]
    if left:
        problems.append(f"{len(left)} raw objects were left, {left[0]} among them")
    return problems


def check_records(device: Device, lake: Lake, gaps: Mapping[Stream, set[int]], problems: list[str]) -> None:
    found: dict[int, list[Row]] = defaultdict(list)
    for table, row in lake.rows.values():
        if row["device"] == device.name and table not in (GAPS.name, STREAM_LEDGER.name):
            found[marker_of(table, row)].append(row)
    for marker, attempt in device.attempts.items():
        rows = found.pop(marker, [])
        where = f"{device.name} record {marker} ({attempt.outcome})"
        if len(rows) > 1:
            problems.append(f"{where} is in the lake as {[row['record_id'] for row in rows]}")
        if attempt.outcome == REFUSED and rows:
            problems.append(f"{where} is in the lake, and its maker was told that it was not stored")
        if attempt.outcome == MADE:
            _check_made(device, attempt, rows, gaps, where=where, problems=problems)
        for row in rows:
            _check_values(attempt, row, where, problems)
    problems.extend(f"{device.name} never made record {marker}" for marker in found)


def _check_made(
    device: Device,
    attempt: Attempt,
    rows: list[Row],
    gaps: Mapping[Stream, set[int]],
    *,
    where: str,
    problems: list[str],
) -> None:
    stored = attempt.stored
    assert stored is not None
    dropped = stored.sequence in gaps.get((device.name, stored.epoch, stored.stream), ())
    if rows and dropped:
        problems.append(f"{where} is in the lake and declared dropped")
    if not rows and not dropped:
        problems.append(f"{where} is LOST: {stored.record_id(device.name)}")
    if rows and rows[0]["record_id"] != stored.record_id(device.name):
        problems.append(
            f"{where} is {rows[0]['record_id']}, its maker was told {stored.record_id(device.name)}"
        )


def _check_values(attempt: Attempt, row: Row, where: str, problems: list[str]) -> None:
    record = attempt.record
    table = TABLES[record.table]
    for column in table.own_columns:
        made = record.values.get(column.name)
        if column.type is ColumnType.REAL and made is not None:
            made = round(float(made), column.decimals)
        if row[column.name] != made:
            problems.append(f"{where}.{column.name} is {row[column.name]!r}: {made!r} was made")
    if row["camera"] != record.camera or row["scene_version"] != record.scene_version:
        problems.append(f"{where} has another camera or scene")
    if row["clock_quality"] == "unsynced":
        return
    off_ms = row["event_time"] - round(attempt.true_seconds * 1000)
    if abs(off_ms) > TIME_TOLERANCE_MS:
        problems.append(f"{where} ({row['clock_quality']}) is {off_ms} ms off")


def _epochs(device: Device) -> list[str]:
    connection = open_sqlite(device.spool_path)
    try:
        return [str(epoch) for (epoch,) in connection.execute("SELECT epoch FROM epochs ORDER BY epoch_id")]
    finally:
        connection.close()
