"""Column types and what each is called in MySQL, Arrow, Glue and QuickSight.

This is the only place where a type is translated: DDL, parquet schemas, Glue tables and data sets are
derived from it, and a consistency test holds them equal.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

NAME_MAXIMUM_LENGTH = 64


class ColumnType(enum.Enum):
    """The five types a record may hold. None of them can hold a picture."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    BOOLEAN = "boolean"
    TIMESTAMP = "timestamp"
    """Milliseconds since 1970-01-01T00:00:00Z in messages, naive UTC everywhere else."""


ARROW_TYPES = {
    ColumnType.TEXT: "string",
    ColumnType.INTEGER: "int64",
    ColumnType.REAL: "float64",
    ColumnType.BOOLEAN: "bool",
    ColumnType.TIMESTAMP: "timestamp[ms]",
}
GLUE_TYPES = {
    ColumnType.TEXT: "string",
    ColumnType.INTEGER: "bigint",
    ColumnType.REAL: "double",
    ColumnType.BOOLEAN: "boolean",
    ColumnType.TIMESTAMP: "timestamp",
}
QUICKSIGHT_TYPES = {
    ColumnType.TEXT: "STRING",
    ColumnType.INTEGER: "INTEGER",
    ColumnType.REAL: "DECIMAL",
    ColumnType.BOOLEAN: "BOOLEAN",
    ColumnType.TIMESTAMP: "DATETIME",
}
_MYSQL_TYPES = {
    ColumnType.INTEGER: "BIGINT",
    ColumnType.REAL: "DOUBLE",
    ColumnType.BOOLEAN: "TINYINT(1)",
    ColumnType.TIMESTAMP: "DATETIME(3)",
}


@dataclass(frozen=True)
class Column:
    """One typed column of a record table.

    `unit` is the unit's symbol (``s``, ``m``, ``px``, ``1`` for a plain number, empty for text);
    `maximum_length` counts characters of text; `decimals` is the precision a real number is sent with;
    `added_in` is the schema version that brought the column, so that older messages stay readable.
    """

    name: str
    type: ColumnType
    english: str
    korean: str
    unit: str = ""
    nullable: bool = False
    maximum_length: int = NAME_MAXIMUM_LENGTH
    decimals: int = 3
    added_in: int = 1

    @property
    def arrow_type(self) -> str:
        """The alias that `pyarrow.type_for_alias` understands."""
        return ARROW_TYPES[self.type]

    @property
    def glue_type(self) -> str:
        """The Hive type name used in the Glue catalogue and in Athena DDL."""
        return GLUE_TYPES[self.type]

    @property
    def quicksight_type(self) -> str:
        """The `InputColumn` type of a QuickSight data set."""
        return QUICKSIGHT_TYPES[self.type]

    @property
    def mysql_type(self) -> str:
        """The column type in the intersection of MySQL 8.4 and MariaDB."""
        if self.type is ColumnType.TEXT:
            return f"VARCHAR({self.maximum_length})"
        return _MYSQL_TYPES[self.type]


def text(
    name: str,
    english: str,
    korean: str,
    *,
    nullable: bool = False,
    maximum_length: int = NAME_MAXIMUM_LENGTH,
) -> Column:
    """Return a text column of at most `maximum_length` characters."""
    return Column(name, ColumnType.TEXT, english, korean, nullable=nullable, maximum_length=maximum_length)


def integer(name: str, unit: str, english: str, korean: str, *, nullable: bool = False) -> Column:
    """Return a 64-bit integer column."""
    return Column(name, ColumnType.INTEGER, english, korean, unit=unit, nullable=nullable)


def real(
    name: str, unit: str, english: str, korean: str, *, nullable: bool = False, decimals: int = 3
) -> Column:
    """Return a column of finite double-precision numbers, sent with `decimals` digits."""
    return Column(name, ColumnType.REAL, english, korean, unit=unit, nullable=nullable, decimals=decimals)


def boolean(name: str, english: str, korean: str, *, nullable: bool = False) -> Column:
    """Return a true-or-false column."""
    return Column(name, ColumnType.BOOLEAN, english, korean, nullable=nullable)


def timestamp(name: str, english: str, korean: str, *, nullable: bool = False) -> Column:
    """Return a column of UTC instants with millisecond resolution."""
    return Column(name, ColumnType.TIMESTAMP, english, korean, unit="UTC", nullable=nullable)


def added_in(schema_version: int, *columns: Column) -> tuple[Column, ...]:
    """Return `columns` as that schema version brought them: null wherever an older device speaks."""
    return tuple(replace(column, nullable=True, added_in=schema_version) for column in columns)
