"""Keeps what a data set gives, as QuickSight's SPICE does: it is asked once, however many visuals show it.

What is kept is the data set within the chosen period and places; grouping runs over it in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
import sqlglot
from sqlglot import exp

from quicksight.data_set import DataSet
from quicksight.preview.querying import DIALECT, Condition

Read = Callable[[str], pa.Table]
"""Answers Athena's SQL with an Arrow table."""
_THREADS = 2
_MEMORY_LIMIT = "2GB"


@dataclass(frozen=True)
class KeptRows:
    """The answer of a query over what is kept."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: list[tuple[object, ...]]


class Imported:
    """The data sets of one page; `read` asks Athena. Not for several threads at once."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self._connection = duckdb.connect(
            ":memory:", config={"threads": _THREADS, "memory_limit": _MEMORY_LIMIT}
        )
        self._connection.execute("SET TimeZone = 'UTC'")
        self._names: dict[str, str] = {}

    def kept(self, data_set: DataSet, conditions: Sequence[Condition]) -> str:
        """Return a query over the rows of `data_set` that meet `conditions`; they are asked for once."""
        sql = _import_sql(data_set, conditions)
        if sql not in self._names:
            name = f"kept_{len(self._names)}"
            answer = self._read(sql)
            self._connection.register("answer", answer)
            self._connection.execute(f"CREATE TABLE {name} AS SELECT * FROM answer")  # noqa: S608 - ours
            self._connection.unregister("answer")
            self._names[sql] = name
        return f"SELECT * FROM {self._names[sql]}"  # noqa: S608 - a name of ours

    def query(self, sql: str) -> KeptRows:
        """Return the answer to the SQL of a visual over what `kept` names."""
        spoken = sqlglot.transpile(sql, read=DIALECT, write="duckdb")[0]
        answer = self._connection.execute(spoken)
        described = answer.description or []
        names = tuple(str(column[0]) for column in described)
        return KeptRows(names, tuple(str(column[1]) for column in described), answer.fetchall())


def _import_sql(data_set: DataSet, conditions: Sequence[Condition]) -> str:
    inner = sqlglot.parse_one(data_set.sql, dialect=DIALECT)
    columns = [exp.column(column.name, table="d") for column in data_set.columns]
    select = exp.select(*columns).from_(
        exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier("d")))
    )
    for condition in conditions:
        select = select.where(condition)
    return select.sql(dialect=DIALECT)
