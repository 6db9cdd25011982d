"""A lake of rows as varied as real ones: crowds that follow the hour of day, a line, device health."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contract.columns import Column, ColumnType
from contract.identity import stream_name
from contract.lake import raw_key
from contract.tables import TABLES, Table
from lambdas.shared.lake_parquet import encode_parquet

WINDOW_SECONDS = 10
DAY_MS = 86_400_000
ROWS_A_DAY = {
    "zone_counts": 8640,
    "line_crossings": 3000,
    "device_health": 1440,
    "camera_status": 6,
    "gaps": 2,
}
"""Of each camera (the device's rows count as one more camera's)."""
TEXTS = {"zone": ["entrance"], "line": ["gate"], "object_class": ["person"], "direction": ["in", "out"],
         "state": ["ok", "dark"], "reason": ["camera_lost"]}  # fmt: skip
Numbers = npt.NDArray[Any]


@dataclass(frozen=True)
class DayRows:
    """The rows of one table and day, with the time each arrived (ms since 1970)."""

    table: Table
    data: pa.Table
    arrived_ms: Numbers


def day_rows(table: Table, cameras: int, day: datetime, chance: np.random.Generator) -> DayRows:
    """Return one day of rows of every camera, in the order of their times."""
    each = ROWS_A_DAY[table.name]
    first = int(day.timestamp() * 1000)
    if table.name == "zone_counts":
        offsets = np.tile(np.arange(each) * WINDOW_SECONDS * 1000, cameras)
    else:
        offsets = np.sort(chance.integers(0, DAY_MS, (cameras, each)), axis=1).ravel()
    camera = np.repeat(np.arange(cameras), each)
    number = np.tile(np.arange(each), cameras) + 1 + each * (first // DAY_MS % 1000)
    order = np.argsort(offsets, kind="stable")
    rows = _Rows(table, (camera[order], number[order], offsets[order]), first, chance)
    data = pa.table([rows.column(column) for column in table.columns], names=[c.name for c in table.columns])
    return DayRows(table, data, first + offsets[order] + 30_000)


def json_bytes_a_row(data: pa.Table, sample: int = 1000) -> float:
    """Return the mean length of a row as one line of JSON with every column's name."""
    picked = data.slice(0, sample).to_pylist()
    lines = [
        json.dumps({k: v.isoformat() if isinstance(v, datetime) else v for k, v in row.items()})
        for row in picked
    ]
    return sum(len(line) + 1 for line in lines) / len(lines)


def write_objects(folder: Path, rows: DayRows, object_rows: int, until_ms: int) -> tuple[int, int, int]:
    """Write raw objects of `object_rows` rows, their arrival as file time; return objects, rows, bytes."""

    day = datetime.fromtimestamp(int(rows.arrived_ms[0]) / 1000, tz=UTC).strftime("%Y-%m-%d")
    total = int(np.searchsorted(rows.arrived_ms, until_ms))
    objects = written = 0
    for start in range(0, total, object_rows):
        end = min(start + object_rows, total)
        path = folder / raw_key(rows.table.name, day, f"object-{start:09}")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(encode_parquet(rows.data.slice(start, end - start), rows.table))
        arrived = int(rows.arrived_ms[end - 1]) / 1000
        os.utime(path, (arrived, arrived))
        objects += 1
        written += path.stat().st_size
    return objects, total, written


def days_until(now: datetime, days: int) -> list[datetime]:
    """Return the last `days` UTC days up to today."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    return [today - timedelta(days=back) for back in range(days - 1, -1, -1)]


class _Rows:
    def __init__(
        self,
        table: Table,
        places: tuple[Numbers, Numbers, Numbers],
        first_ms: int,
        chance: np.random.Generator,
    ) -> None:
        camera, number, offsets = places
        self._table, self._camera, self._number, self._offsets = table, camera, number, offsets
        self._first_ms, self._chance = first_ms, chance
        # Two peaks a day, a quiet night; each camera has its own size of crowd.
        hour = offsets / 3_600_000
        busy = 0.3 + np.exp(-((hour - 9) ** 2) / 4) * 4 + np.exp(-((hour - 18) ** 2) / 6) * 6
        self._crowd = busy * (1 + camera % 5)

    def column(self, column: Column) -> Any:
        rows = len(self._camera)
        if column.type is ColumnType.TEXT:
            return self._text(column.name, rows)
        if column.type is ColumnType.TIMESTAMP:
            return pa.array(self._first_ms + self._offsets, pa.int64()).cast(pa.timestamp("ms"))
        if column.type is ColumnType.BOOLEAN:
            return pa.array(self._chance.random(rows) < 0.01)
        if column.type is ColumnType.INTEGER:
            return self._integer(column.name)
        return self._real(column, rows)

    def _text(self, name: str, rows: int) -> Any:
        cameras = int(self._camera.max()) + 1
        table = self._table.name
        streams = [stream_name(f"plaza-{index}", table) for index in range(cameras)]
        if name == "record_id":
            prefix = pa.DictionaryArray.from_arrays(
                pa.array(self._camera, pa.int32()),
                pa.array([f"edge-{index}:0123456789ab:{stream}:" for index, stream in enumerate(streams)]),
            ).cast(pa.string())
            return pc.binary_join_element_wise(prefix, pa.array(self._number).cast(pa.string()), "")
        each = {
            "camera": [f"plaza-{index}" for index in range(cameras)],
            "device": [f"edge-{index}" for index in range(cameras)],
            "stream": streams,
        }
        if name in each:
            values, indices = each[name], self._camera
        else:
            fixed = {"site": ["seoul-1"], "epoch": ["0123456789ab"], "time_zone": ["Asia/Seoul"],
                     "clock_quality": ["synced"], "scene_version": ["3-1f2e3d4c"]}  # fmt: skip
            values = fixed.get(name) or TEXTS.get(name) or [name]
            indices = self._chance.integers(0, len(values), rows)
        return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(values)).cast(
            pa.string()
        )

    def _integer(self, name: str) -> Any:
        if name == "sequence":
            return pa.array(self._number, pa.int64())
        if name == "track":
            return pa.array(self._number * 3 + self._chance.integers(0, 3, len(self._number)), pa.int64())
        scale = {"occupancy_maximum": 1.3, "occupancy_last": 1.0, "frames": 0.0}.get(name, 0.15)
        if name == "frames":
            return pa.array(99 + self._chance.integers(0, 3, len(self._number)), pa.int64())
        return pa.array(self._chance.poisson(self._crowd * scale), pa.int64())

    def _real(self, column: Column, rows: int) -> Any:
        if column.name == "window_seconds":
            return pa.array(np.full(rows, float(WINDOW_SECONDS)))
        if column.name == "occupancy_mean":
            # A mean over about a hundred frames.
            values = np.round(self._chance.poisson(self._crowd * 100) / 100, column.decimals)
        elif column.name == "dwell_seconds_sum":
            values = np.round(
                self._chance.gamma(2.0, 6.0, rows) * self._chance.poisson(self._crowd * 0.15), 3
            )
        elif column.name == "density_per_m2":
            values = np.round(self._chance.poisson(self._crowd * 100) / 100 / 24, column.decimals)
        else:
            values = np.round(self._chance.gamma(4.0, 10.0, rows), column.decimals)
        return pa.array(values)


def tables() -> list[Table]:
    """Return the tables that the lake is made of."""
    return [TABLES[name] for name in ROWS_A_DAY]
