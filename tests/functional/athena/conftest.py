"""A lake of real objects: packed, decoded and encoded by the code that a device and lake_writer run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from contract.columns import Column, ColumnType
from contract.envelope import decode_message, pack_messages
from contract.identity import stream_name
from contract.lake import day_of, raw_key
from contract.records import Record, StoredRecord, Value
from contract.tables import TABLES
from infra.local.athena import LocalAthena, LocalFolderLake
from lambdas.lake_writer.columns import build_tables
from lambdas.shared.lake_parquet import encode_parquet

NOW = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
PLAIN: Mapping[ColumnType, Value] = {
    ColumnType.TEXT: "x",
    ColumnType.INTEGER: 0,
    ColumnType.REAL: 0.0,
    ColumnType.BOOLEAN: False,
    ColumnType.TIMESTAMP: 0,
}


def milliseconds(text: str) -> int:
    """Return a UTC time such as 2026-11-20T15:00:00 in milliseconds since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def _plain(column: Column) -> Value:
    return None if column.nullable else PLAIN[column.type]


@dataclass
class LakeBuilder:
    """Makes records and puts them into the lake folder as lake_writer's objects."""

    folder: Path
    sequences: dict[tuple[str, str], int] = field(default_factory=dict)
    objects: int = 0

    def record(
        self,
        table: str,
        at: str,
        *,
        camera: str | None = "plaza-1",
        epoch: str = "0123456789ab",
        time_zone: str | None = "Asia/Seoul",
        clock_quality: str = "synced",
        **values: Value,
    ) -> StoredRecord:
        """Return a stored record; columns that are not named are null or zero."""
        stream = stream_name(camera, table)
        self.sequences[epoch, stream] = self.sequences.get((epoch, stream), 0) + 1
        own = {column.name: _plain(column) for column in TABLES[table].own_columns}
        record = Record(table, camera, "v1", time_zone, milliseconds(at), clock_quality, {**own, **values})
        return StoredRecord(record, epoch, stream, self.sequences[epoch, stream])

    def put(self, stored: Sequence[StoredRecord], *, site: str = "seoul-1", device: str = "edge-1") -> None:
        """Write the records as new objects, one a table and day."""
        messages = [decode_message(packed.body) for packed in pack_messages(site, device, stored)]
        for rows in build_tables(messages):
            days = [day_of(value) for value in rows.data["event_time"].cast("int64").to_pylist()]
            for day in sorted(set(days)):
                self.objects += 1
                path = self.folder / raw_key(rows.table.name, day, f"object-{self.objects}")
                path.parent.mkdir(parents=True, exist_ok=True)
                chosen = rows.data.filter(pc.equal(pa.array(days), day))
                path.write_bytes(encode_parquet(chosen, rows.table))


@pytest.fixture(scope="session")
def new_lake() -> Callable[[Path], LakeBuilder]:
    """Return a factory of lakes, for modules that keep one for all their tests."""
    return LakeBuilder


@pytest.fixture
def lake(tmp_path: Path) -> LakeBuilder:
    return LakeBuilder(tmp_path / "lake")


@pytest.fixture(scope="session")
def athena_of() -> Callable[[LakeBuilder], LocalAthena]:
    """Return a database over a built lake at noon of 2026-11-21 UTC."""
    return lambda built: LocalAthena(LocalFolderLake(built.folder), now=lambda: NOW)
