"""Reads the parquet objects of the partitions a query asks for, and counts the bytes it costs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads

from infra.local.athena.definitions import TableDefinition
from infra.local.athena.errors import AthenaQueryError, Fault
from infra.local.athena.json_lines import read_json_lines
from infra.local.athena.lake import DayFilter, Lake, LakeObject

_CACHED_OBJECTS = 20_000


@dataclass(frozen=True)
class Scan:
    """What DuckDB reads for one table, and what Athena would have charged for."""

    dataset: Any
    data_scanned_bytes: int
    files: int


@dataclass(frozen=True)
class _Opened:
    fragment: pads.ParquetFileFragment
    column_bytes: dict[str, int]


class Scanner:
    """Opens objects of one lake. Footers are kept by path, size and version: an object is only replaced."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._format = pads.ParquetFileFormat()
        self._lock = threading.Lock()
        self._opened: OrderedDict[tuple[LakeObject, str], _Opened] = OrderedDict()

    def scan(self, table: TableDefinition, columns: Collection[str], keep: DayFilter) -> Scan:
        """Return the rows of the partitions `keep` chooses.

        The bytes are those of the named columns in every row group of the objects read, as they lie in
        parquet. Raises `AthenaQueryError` when an object cannot be read.
        """
        if table.partition is None:
            return self._scan_lines(table)
        opened = [
            self._open(item, table.partition.column.name)
            for item in self._lake.objects(table.prefix, table.partition.directory_key, keep)
        ]
        schema = table.arrow_schema()
        if not opened:
            return Scan(schema.empty_table(), 0, 0)
        dataset = pads.FileSystemDataset(
            [item.fragment for item in opened], schema, self._format, self._lake.filesystem
        )
        scanned = sum(item.column_bytes.get(name, 0) for item in opened for name in columns)
        return Scan(dataset, scanned, len(opened))

    def _scan_lines(self, table: TableDefinition) -> Scan:
        """Return the rows of JSON lines: whatever is asked, every byte of them is read and charged for."""
        items = self._lake.files(table.prefix)
        schema = table.arrow_schema()
        parts = [read_json_lines(self._lake.filesystem, item.path, schema) for item in items]
        rows = pa.concat_tables([schema.empty_table(), *parts])
        return Scan(rows, sum(item.size for item in items), len(items))

    def _open(self, item: LakeObject, partition: str) -> _Opened:
        key = (item, partition)
        with self._lock:
            if key in self._opened:
                self._opened.move_to_end(key)
                return self._opened[key]
        opened = self._read_footer(item, partition)
        with self._lock:
            self._opened[key] = opened
            while len(self._opened) > _CACHED_OBJECTS:
                self._opened.popitem(last=False)
        return opened

    def _read_footer(self, item: LakeObject, partition: str) -> _Opened:
        try:
            fragment: Any = self._format.make_fragment(
                item.path, self._lake.filesystem, partition_expression=pads.field(partition) == item.day
            )
            return _Opened(fragment, _column_bytes(fragment.metadata))
        except (pa.ArrowInvalid, OSError) as error:
            raise AthenaQueryError(
                Fault.BAD_DATA, f"{item.path} is no readable parquet object: {error}"
            ) from error


def _column_bytes(metadata: Any) -> dict[str, int]:
    totals: dict[str, int] = {}
    for group_index in range(metadata.num_row_groups):
        group = metadata.row_group(group_index)
        for column_index in range(group.num_columns):
            chunk = group.column(column_index)
            totals[chunk.path_in_schema] = totals.get(chunk.path_in_schema, 0) + chunk.total_compressed_size
    return totals
