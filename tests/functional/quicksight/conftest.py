"""Lakes of real objects for the preview, and pages drawn from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from contract.envelope import decode_message, pack_messages
from contract.lake import day_of, raw_key
from contract.records import StoredRecord
from infra.local.athena import LocalAthena, LocalFolderLake
from lambdas.lake_writer.columns import build_tables
from lambdas.shared.lake_parquet import encode_parquet

NOW = datetime(2025, 11, 21, 13, 0, 0, tzinfo=UTC)
"""An hour after the first record of the factory."""

OpenLake = Callable[..., LocalAthena]


def _put(folder: Path, stored: Sequence[StoredRecord], name: str) -> None:
    messages = [decode_message(packed.body) for packed in pack_messages("seoul-1", "edge-1", stored)]
    for rows in build_tables(messages):
        days = [day_of(value or 0) for value in rows.data["event_time"].cast(pa.int64()).to_pylist()]
        for day in sorted(set(days)):
            path = folder / raw_key(rows.table.name, day, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(
                encode_parquet(rows.data.filter(pc.equal(pa.array(days), pa.scalar(day))), rows.table)
            )


WriteLake = Callable[..., LocalAthena]


@pytest.fixture(scope="session")
def write_lake() -> WriteLake:
    """Return a function that writes records as objects of a lake in a folder and gives its database."""

    def written(folder: Path, *stored: Sequence[StoredRecord]) -> LocalAthena:
        folder.mkdir(exist_ok=True)
        for index, records in enumerate(stored):
            _put(folder, records, f"object-{index}")
        return LocalAthena(LocalFolderLake(folder), now=lambda: NOW)

    return written


@pytest.fixture
def open_lake(write_lake: WriteLake, tmp_path: Path) -> OpenLake:
    """Return a function that writes records as lake objects and gives a database over them."""

    def opened(*stored: Sequence[StoredRecord]) -> LocalAthena:
        return write_lake(tmp_path / "lake", *stored)

    return opened
