"""The truth of a schedule: what its devices made against what its stations hold."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from contract.columns import ColumnType
from contract.identity import stream_name
from contract.lake import RAW_PREFIX
from contract.mysql import first_kept_day
from contract.tables import CLOCK_UNSYNCED, GAPS, STREAM_LEDGER, TABLES
from edge_components.runtime.spool.refusals import REASON_DISK_FULL
from tests.chaos.simulated_clock_truth import first_shown, sent_needlessly_unsynced
from tests.chaos.simulated_cloud import Cloud
from tests.chaos.simulated_device import MADE, REFUSED, UNKNOWN, Attempt, Device
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
    shown = first_shown(cloud.ingest)
    for device in listed:
        check_records(device, lake, gaps, problems)
        _check_refused(device, lake, problems)
        _check_unsynced(device, lake, shown, problems)
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


def _check_refused(device: Device, lake: Lake, problems: list[str]) -> None:
    """Hold what a full disk refused against what `gaps` declare: each record, in its stream."""
    declared: Counter[str] = Counter()
    for row in lake.of(GAPS.name):
        if row["device"] == device.name and row["reason"] == REASON_DISK_FULL:
            declared[row["gap_stream"]] += row["records"]
    refused, unknown = (
        Counter(_stream(one) for one in device.attempts.values() if one.outcome == outcome)
        for outcome in (REFUSED, UNKNOWN)
    )
    problems.extend(
        f"{device.name} {stream}: {refused[stream]} refused by a full disk, {declared[stream]} declared"
        for stream in refused | declared
        if not refused[stream] <= declared[stream] <= refused[stream] + unknown[stream]
    )


def _stream(attempt: Attempt) -> str:
    return stream_name(attempt.record.camera, attempt.record.table)


def _check_unsynced(device: Device, lake: Lake, shown: Mapping[str, float], problems: list[str]) -> None:
    """Hold that what lies in the lake under an unknown time left the device before it knew better."""
    for identity, (table, row) in lake.rows.items():
        if row["device"] != device.name or row["clock_quality"] != CLOCK_UNSYNCED:
            continue
        if table in (GAPS.name, STREAM_LEDGER.name):
            continue
        boot = device.attempts[marker_of(table, row)].boot
        knew_at = None if boot in device.ignorant_boots else device.knew_the_time_at[boot]
        if sent_needlessly_unsynced(identity, knew_at, shown):
            problems.append(
                f"{device.name} {identity} was sent unsynced when the time had been known for long"
            )


def _epochs(device: Device) -> list[str]:
    connection = open_sqlite(device.spool_path)
    try:
        return [str(epoch) for (epoch,) in connection.execute("SELECT epoch FROM epochs ORDER BY epoch_id")]
    finally:
        connection.close()
