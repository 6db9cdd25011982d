"""What a day's account costs: rows a second, bytes read of each object, memory.

Run: ``python tests/bench/bench_reconciler.py [--cameras 200] [--copies 5] [--runs 3]``. Makes a day of
zone_counts of so many cameras, as one compacted object, copied to several with cameras of their own, or as
raw objects of 5,000 rows; and a ledger row a minute of each camera's stream. Each measurement is a process
of its own. Objects are files: what S3's requests take is not in the times.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from compactor_lake import day_rows

from contract.lake import CompactedObject, raw_key
from contract.tables import STREAM_LEDGER, TABLES, ZONE_COUNTS, Table
from lambdas.compactor.encoding import decode_rows, encode_rows
from lambdas.compactor.folding import fold
from lambdas.reconciler.reconciler import Reconciler, ReconcilerRules
from lambdas.reconciler.store import FolderLake
from lambdas.shared.lake_parquet import encode_parquet

DAY = datetime(2026, 11, 20, tzinfo=UTC)
DAY_NAME = "2026-11-20"
LEDGER_ROWS_A_STREAM = 1_440
RAW_ROWS = 5_000


def main() -> None:
    """Measure both forms of the lake and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=200)
    parser.add_argument("--copies", type=int, default=5)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--measure", type=Path)
    arguments = parser.parse_args()
    if arguments.measure:
        say(json.dumps(measure(arguments.measure)))
        return
    say("| lake | rows | objects | MB | s (median, spread) | rows/s | ledger rows/s | peak RSS MB |")
    say("| --- | ---: | ---: | ---: | --- | ---: | ---: | ---: |")
    for form in ("compacted", "raw"):
        with tempfile.TemporaryDirectory() as name:
            rows, objects, size = generate(Path(name), form, arguments.cameras, arguments.copies)
            found = [in_a_process(Path(name)) for _ in range(arguments.runs)]
        seconds = [one["seconds"] - one["survey_seconds"] for one in found]
        told = arguments.cameras * arguments.copies * LEDGER_ROWS_A_STREAM
        ledger = told / statistics.median(one["survey_seconds"] for one in found)
        middle = statistics.median(seconds)
        assert all(one["records"] >= rows and one["missing"] == 0 for one in found), found
        say(
            f"| {form} | {rows:,} | {objects} | {size / 1e6:.0f} | {middle:.1f} ({min(seconds):.1f}–"
            f"{max(seconds):.1f}) | {rows / middle:,.0f} | {ledger:,.0f} "
            f"| {max(one['peak_mb'] for one in found):.0f} |"
        )


def say(text: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{text}\n")


def in_a_process(folder: Path) -> dict[str, Any]:
    """Return what one account costs, in a process that does nothing else."""
    command = [sys.executable, __file__, "--measure", str(folder)]
    answer: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    return answer


def measure(folder: Path) -> dict[str, Any]:
    """Make the account of the day once."""
    rules = ReconcilerRules(grace=timedelta(0))
    reconciler = Reconciler(FolderLake(folder), None, rules)
    loads = reconciler.loads(DAY_NAME)
    begin = time.perf_counter()
    told, streams = reconciler.survey([DAY_NAME])
    surveyed = time.perf_counter() - begin
    found = reconciler.account(loads, told, streams).total
    return {
        "seconds": time.perf_counter() - begin,
        "survey_seconds": surveyed,
        "records": found.in_lake,
        "missing": found.missing,
        "peak_mb": _peak_mebibytes(),
    }


def _peak_mebibytes() -> float:
    # `ru_maxrss` would begin with what the parent had when it forked.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def generate(folder: Path, form: str, cameras: int, copies: int) -> tuple[int, int, int]:
    """Write the day and its ledger; return rows, objects and bytes of zone_counts."""
    data = day_rows(ZONE_COUNTS, cameras, DAY, np.random.default_rng(1)).data
    rows = objects = size = 0
    for copy in range(copies):
        mine = _of_device(data, f"edge-{copy}")
        parts = [mine] if form == "compacted" else _sliced(mine)
        for number, part in enumerate(parts):
            body = _compacted(part) if form == "compacted" else encode_parquet(part, ZONE_COUNTS)
            key = _key(form, ZONE_COUNTS, part.num_rows, body, f"{copy}-{number}")
            _write(folder / key, body)
            rows, objects, size = rows + part.num_rows, objects + 1, size + len(body)
        ledger = _ledger(mine, f"edge-{copy}", cameras)
        rows_of_ledger = decode_rows(encode_parquet(ledger, STREAM_LEDGER), STREAM_LEDGER, "generated")
        body = encode_rows(rows_of_ledger, STREAM_LEDGER)
        _write(folder / _key("compacted", STREAM_LEDGER, ledger.num_rows, body, str(copy)), body)
    return rows, objects, size


def _of_device(data: pa.Table, device: str) -> pa.Table:
    place = data.column_names.index("device")
    return data.set_column(place, "device", pa.array([device] * data.num_rows, pa.string()))


def _sliced(data: pa.Table) -> list[pa.Table]:
    return [data.slice(start, RAW_ROWS) for start in range(0, data.num_rows, RAW_ROWS)]


def _compacted(data: pa.Table) -> bytes:
    rows = decode_rows(encode_parquet(data, ZONE_COUNTS), ZONE_COUNTS, "generated")
    (bucket,) = fold([rows], 1).buckets
    return encode_rows(bucket.data, ZONE_COUNTS)


def _ledger(data: pa.Table, device: str, cameras: int) -> pa.Table:
    """A row a minute for each camera's stream, the last with all that the camera made."""
    firsts = data.group_by(["stream", "epoch"], use_threads=False).aggregate(
        [("sequence", "min"), ("sequence", "max")]
    )
    total = cameras * LEDGER_ROWS_A_STREAM
    stream = np.tile(np.arange(cameras), LEDGER_ROWS_A_STREAM)
    chosen: Any = pa.array(stream)
    share = np.repeat(np.arange(1, LEDGER_ROWS_A_STREAM + 1), cameras) / LEDGER_ROWS_A_STREAM
    first = firsts.column("sequence_min").to_numpy()[stream]
    made = ((firsts.column("sequence_max").to_numpy()[stream] - first + 1) * share).astype(np.int64)
    number = np.arange(1, total + 1)
    times = int(DAY.timestamp() * 1000) + np.repeat(np.arange(LEDGER_ROWS_A_STREAM), cameras) * 60_000
    texts = {"device": device, "stream": "_device/stream_ledger", "epoch": "abcdefabcdef", "site": "s",
             "clock_quality": "synced", "ledger_day": DAY_NAME}  # fmt: skip
    values: dict[str, Any] = {
        "sequence": number, "event_time": pa.array(times, pa.int64()).cast(pa.timestamp("ms")),
        "ledger_stream": firsts.column("stream").take(chosen).cast(pa.string()),
        "ledger_epoch": firsts.column("epoch").take(chosen).cast(pa.string()),
        "made": made, "dropped": np.zeros(total, np.int64), "first_sequence": first,
        "last_sequence": first + made - 1, "record_id": [f"{device}-{one}" for one in number],
    }  # fmt: skip
    columns = [
        values[c.name] if c.name in values else pa.array([texts.get(c.name)] * total, pa.string())
        for c in STREAM_LEDGER.columns
    ]
    return pa.table(columns, names=[c.name for c in TABLES["stream_ledger"].columns])


def _key(form: str, table: Table, rows: int, body: bytes, name: str) -> str:
    if form == "compacted":
        digest = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        return CompactedObject(table.name, DAY_NAME, 0, 1, rows, digest).key
    return raw_key(table.name, DAY_NAME, name)


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)


if __name__ == "__main__":
    main()
