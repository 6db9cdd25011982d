"""Questions translated once: Athena SQL into DuckDB's, kept by the text of the question."""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlglot import exp
from sqlglot.schema import MappingSchema

from infra.local.athena.definitions import Definitions, TableDefinition
from infra.local.athena.expand import Expansion, physical_name
from infra.local.athena.translate import bind_local_time, bind_now, to_duckdb
from infra.local.athena.type_rules import resolve
from infra.local.athena.whitelist import check_query

_KEPT_TRANSLATIONS = 1_000
_PRESENT = f"present-{secrets.token_hex(16)}"
"""Stands in a kept text where the present goes; nobody else's text can hold it."""
_TODAY = f"today-{secrets.token_hex(16)}"


@dataclass(frozen=True)
class Translation:
    """A question in DuckDB's SQL with marks for the present, and the tables it reads, by name.

    `planning_template` mentions every scan that Athena makes: there WITH is put in wherever it is named.
    """

    template: str
    planning_template: str
    tables: Mapping[str, TableDefinition]

    def sql(self, now: datetime) -> str:
        """Return the text to run at `now`."""
        return _at(self.template, now)

    def planning_sql(self, now: datetime) -> str:
        """Return the text to explain at `now`."""
        return _at(self.planning_template, now)


class Translations:
    """Keeps the latest translations by text, database and state of the definitions; safe for threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[tuple[str, str, int], Translation] = OrderedDict()

    def get(self, text: str, database: str, definitions: Definitions) -> Translation | None:
        """Return what was made of `text` under these definitions, None when nothing was."""
        key = (text, database, definitions.version)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def make(self, text: str, query: exp.Query, database: str, definitions: Definitions) -> Translation:
        """Translate `query`, the tree of `text`, and keep it; raises `AthenaQueryError`."""
        key = (text, database, definitions.version)
        made = translated(query, definitions, database)
        with self._lock:
            self._kept[key] = made
            while len(self._kept) > _KEPT_TRANSLATIONS:
                self._kept.popitem(last=False)
        return made


SHARED = Translations()
"""Of the whole process: what is asked of one lake is mostly asked of the next."""


def translated(query: exp.Query, definitions: Definitions, database: str) -> Translation:
    """Return `query` in DuckDB's words.

    Raises `AthenaQueryError` for whatever Athena would refuse, and for what is outside the whitelist.
    """
    check_query(query)
    expansion = Expansion(database, definitions.tables(), definitions.views())
    expanded = bind_local_time(bind_now(expansion.expand(query), _TODAY, _PRESENT))
    schema = MappingSchema(dialect="athena")
    for table in expansion.used.values():
        columns = {column.name: column.athena_type for column in table.all_columns}
        name = exp.to_identifier(physical_name(table.name), quoted=True)
        schema.add_table(exp.Table(this=name), columns, dialect="athena")
    rewritten = to_duckdb(resolve(expanded, schema))
    template = rewritten.sql(dialect="duckdb")
    for cte in rewritten.find_all(exp.CTE):
        cte.set("materialized", False)
    return Translation(template, rewritten.sql(dialect="duckdb"), expansion.used)


def _at(template: str, now: datetime) -> str:
    stamp = now.strftime("%Y-%m-%d %H:%M:%S.") + f"{now.microsecond // 1000:03d}"
    return template.replace(_TODAY, stamp[:10]).replace(_PRESENT, stamp)
