"""The rule about data sets: their SQL runs, and gives the columns that are promised."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Protocol

from contract.errors import CrowdLensError
from quicksight.data_set import DataSet, QuickSightType, sql_in
from quicksight.linter.findings import Finding

QUICKSIGHT_TYPES: Mapping[str, QuickSightType] = {
    "varchar": QuickSightType.STRING,
    "integer": QuickSightType.INTEGER,
    "bigint": QuickSightType.INTEGER,
    "double": QuickSightType.DECIMAL,
    "timestamp": QuickSightType.DATETIME,
}
"""From "Supported data types and values" of QuickSight's user guide, for Athena."""


class Answer(Protocol):
    """What a query gives back: the names of its columns, and Athena's types."""

    @property
    def columns(self) -> Sequence[str]:
        """Column names."""

    @property
    def types(self) -> Sequence[str]:
        """Athena's type of each column."""


def lint_sql(
    data_sets: Sequence[DataSet], query: Callable[[str], Answer], database: str
) -> Iterator[Finding]:
    """Yield what is wrong with the query of each data set, as it is deployed over the views of `database`."""
    for data_set in data_sets:
        try:
            answer = query(sql_in(data_set, database))
        except CrowdLensError as error:
            yield Finding("sql-runs", data_set.identifier, f"its SQL does not run: {error}")
            continue
        given = dict(zip(answer.columns, answer.types, strict=True))
        for column in data_set.columns:
            kind = given.pop(column.name, None)
            if kind is None:
                yield Finding("sql-runs", data_set.identifier, f"its SQL gives no column {column.name!r}")
            elif QUICKSIGHT_TYPES.get(kind) is not column.type:
                text = f"its SQL gives {column.name!r} as {kind}: expected {column.type.value}"
                yield Finding("sql-runs", data_set.identifier, text)
        for name in given:
            yield Finding("sql-runs", data_set.identifier, f"its SQL gives {name!r}: expected no such column")
