"""What a journal of made records is held against."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from contract.records import Record
from tests.chaos.real.camera_process import digest
from tests.chaos.real.journal import find_journal_problems, read_journals
from tests.chaos.truth import Lake

_NOW_MS = 1_795_238_000_000
_VALUES: dict[str, dict[str, Any]] = {
    "classifications": {"rank": 1, "label": "a", "label_text": "b", "probability": 0.5},
    "gaps": {
        "reason": "camera_lost",
        "gap_stream": None,
        "gap_epoch": None,
        "first_sequence": None,
        "last_sequence": None,
        "records": 0,
        "gap_start": _NOW_MS,
        "gap_end": _NOW_MS,
    },
}


def _record(table: str, **changes: Any) -> Record:
    return Record(table, "plaza-1", "v1", "Asia/Seoul", _NOW_MS, "synced", {**_VALUES[table], **changes})


def _row(record: Record, sequence: int) -> dict[str, Any]:
    stream = f"plaza-1/{record.table}"
    return {
        "record_id": f"jetson-1:0123456789ab:{stream}:{sequence}",
        "device": "jetson-1",
        "camera": record.camera,
        "scene_version": record.scene_version,
        "time_zone": record.time_zone,
        "event_time": record.event_time_ms,
        "clock_quality": record.clock_quality,
        **record.values,
    }


def _problems(
    tmp_path: Path, lines: list[dict[str, Any]], rows: list[tuple[str, dict[str, Any]]]
) -> list[str]:
    path = tmp_path / "journal"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"tried": "torn', encoding="utf-8")
    lake = Lake({row["record_id"]: (table, row) for table, row in rows})
    return find_journal_problems(read_journals([path]), lake, {}, (_NOW_MS, _NOW_MS))


def _stored(record: Record, row: dict[str, Any]) -> list[dict[str, Any]]:
    told = [row["record_id"], digest(record), record.event_time_ms, record.clock_quality]
    return [{"tried": "1", "digests": [digest(record)]}, {"stored": "1", "rows": [told]}]


@pytest.mark.parametrize("table", _VALUES)
def test_what_is_in_the_lake_as_it_was_made_is_well(tmp_path: Path, table: str) -> None:
    record = _record(table)
    row = _row(record, 1)
    assert not _problems(tmp_path, _stored(record, row), [(table, row)])
    assert "LOST" in _problems(tmp_path, _stored(record, row), [])[0]


def test_other_values_and_other_makers_are_seen(tmp_path: Path) -> None:
    record = _record("classifications")
    row = _row(record, 1)
    changed = {**row, "rank": 2}
    assert "other values" in _problems(tmp_path, _stored(record, row), [("classifications", changed)])[0]
    foreign = _row(_record("classifications", rank=7), 2)
    rows = [("classifications", row), ("classifications", foreign)]
    assert "by nobody" in _problems(tmp_path, _stored(record, row), rows)[0]


def test_what_a_killed_camera_tried_may_be_there_once(tmp_path: Path) -> None:
    record = _record("classifications")
    tried = [{"tried": "1", "digests": [digest(record)]}]
    once = [("classifications", _row(record, 1))]
    assert not _problems(tmp_path, tried, [])
    assert not _problems(tmp_path, tried, once)
    assert "by nobody" in _problems(tmp_path, tried, [*once, ("classifications", _row(record, 2))])[0]


def test_gaps_of_the_spool_are_made_by_no_camera(tmp_path: Path) -> None:
    record = _record("gaps", reason="spool_full", records=3)
    assert not _problems(tmp_path, [], [("gaps", _row(record, 1))])


def test_no_more_is_declared_refused_than_was(tmp_path: Path) -> None:
    digests = [digest(_record("classifications", rank=rank)) for rank in (1, 2)]
    refused = [{"tried": "1", "digests": digests}, {"refused": "1"}]
    two, three = (_row(_record("gaps", reason="disk_full", records=count), 1) for count in (2, 3))
    assert not _problems(tmp_path, refused, [("gaps", two)])
    assert "declared refused" in _problems(tmp_path, refused, [("gaps", three)])[0]
