"""Reads the parquet objects of the partitions a query asks for, and counts the bytes it costs."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.dataset as pads

from infra.local.athena.definitions import Partition, TableDefinition
from infra.local.athena.errors import AthenaQueryError, Fault
from infra.local.athena.json_lines import read_json_lines
from infra.local.athena.lake import DayFilter, Lake, LakeObject

_CACHED_OBJECTS = 20_000


@dataclass(frozen=True)
class Reading:
    """One scan of a table: which columns of which days, and what its row groups must be able to hold."""

    columns: frozenset[str]
    keep: DayFilter
    rows: pads.Expression | None = None


@dataclass(frozen=True)
class Scan:
    """What DuckDB reads for one table, and what Athena would have charged for.

    `files` are the different objects; the bytes are those of each reading, as Athena reads anew for each.
    """

    dataset: Any
    data_scanned_bytes: int
    files: int


@dataclass(frozen=True)
class _Opened:
    day: str
    fragment: pads.ParquetFileFragment
    column_bytes: tuple[dict[str, int], ...]
    """By row group."""

    def bytes_of(self, columns: Collection[str], rows: pads.Expression | None) -> int:
        groups = range(len(self.column_bytes)) if rows is None else self._left(rows)
        return sum(self.column_bytes[group].get(name, 0) for group in groups for name in columns)

    def _left(self, rows: pads.Expression) -> list[int]:
        left: Any = self.fragment.subset(filter=rows)
        return [group.id for group in left.row_groups]


class Scanner:
    """Opens objects of one lake. Footers are kept by path, size and version: an object is only replaced."""

    def __init__(self, lake: Lake) -> None:
        self._lake = lake
        self._format = pads.ParquetFileFormat()
        self._lock = threading.Lock()
        self._opened: OrderedDict[tuple[LakeObject, str], _Opened] = OrderedDict()

    def scan(self, table: TableDefinition, readings: Sequence[Reading]) -> Scan:
        """Return the rows of the partitions that any of `readings` chooses.

        The bytes are those of the named columns in the row groups read, as they lie in parquet. Raises
        `AthenaQueryError` when an object cannot be read.
        """
        if table.partition is None:
            return self._scan_lines(table, len(readings))
        opened, days = self._objects(table.prefix, table.partition, readings)
        schema = table.arrow_schema()
        if not opened:
            return Scan(schema.empty_table(), 0, 0)
        dataset = pads.FileSystemDataset(
            [item.fragment for item in opened], schema, self._format, self._lake.filesystem
        )
        scanned = sum(
            item.bytes_of(reading.columns, reading.rows)
            for reading, chosen in zip(readings, days, strict=True)
            for item in opened
            if item.day in chosen
        )
        return Scan(dataset, scanned, len(opened))

    def _objects(
        self, prefix: str, partition: Partition, readings: Sequence[Reading]
    ) -> tuple[list[_Opened], list[set[str]]]:
        chosen: list[set[str]] = []

        def keep(days: Collection[str]) -> set[str]:
            chosen.extend(reading.keep(days) for reading in readings)
            return set().union(*chosen)

        items = self._lake.objects(prefix, partition.directory_key, keep)
        return [self._open(item, partition.column.name) for item in items], chosen

    def _scan_lines(self, table: TableDefinition, readings: int) -> Scan:
        """Return the rows of JSON lines: whatever is asked, every byte of them is read and charged for."""
        items = self._lake.files(table.prefix)
        schema = table.arrow_schema()
        parts = [read_json_lines(self._lake.filesystem, item.path, schema) for item in items]
        rows = pa.concat_tables([schema.empty_table(), *parts])
        return Scan(rows, readings * sum(item.size for item in items), len(items))

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
            return _Opened(item.day, fragment, _column_bytes(fragment.metadata))
        except (pa.ArrowInvalid, OSError) as error:
            raise AthenaQueryError(
                Fault.BAD_DATA, f"{item.path} is no readable parquet object: {error}"
            ) from error


def _column_bytes(metadata: Any) -> tuple[dict[str, int], ...]:
    groups = (metadata.row_group(index) for index in range(metadata.num_row_groups))
    return tuple(
        {
            group.column(index).path_in_schema: group.column(index).total_compressed_size
            for index in range(group.num_columns)
        }
        for group in groups
    )
