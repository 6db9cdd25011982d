"""Views put in place of their names, and tables given names that no query can hide."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp
from sqlglot.errors import OptimizeError
from sqlglot.optimizer.normalize_identifiers import normalize_identifiers
from sqlglot.optimizer.scope import traverse_scope

from infra.local.athena.definitions import TableDefinition, ViewDefinition
from infra.local.athena.errors import AthenaQueryError, Fault


def physical_name(table: str) -> str:
    """Return the name of a table inside DuckDB; a WITH name of a query can never equal it."""
    return f"lake${table}"


class Expansion:
    """Expands queries against one state of the database."""

    def __init__(
        self, database: str, tables: Mapping[str, TableDefinition], views: Mapping[str, ViewDefinition]
    ) -> None:
        self._database = database
        self._tables = tables
        self._views = views
        self.used: dict[str, TableDefinition] = {}
        """The tables that the expanded queries read, by name."""

    def expand(self, query: exp.Expr, open_views: tuple[str, ...] = ()) -> exp.Expr:
        """Return `query` reading only tables, under their physical names, identifiers in lower case.

        Raises `AthenaQueryError` when a table or view does not exist or a view reads itself.
        """
        root = exp.Subquery(this=normalize_identifiers(query.copy(), dialect="athena"))
        for node in _real_tables(root.this):
            node.replace(self._replacement(node, open_views))
        expanded: exp.Expr = root.this
        return expanded.pop()

    def _replacement(self, node: exp.Table, open_views: tuple[str, ...]) -> exp.Expr:
        name = node.name
        if node.db not in ("", self._database):
            raise AthenaQueryError(Fault.TABLE_NOT_FOUND, f"Schema '{node.db}' does not exist")
        alias = node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(name))
        if name in self._views:
            if name in open_views:
                raise AthenaQueryError(Fault.GENERIC, f"View '{name}' reads itself")
            body = self.expand(self._views[name].query, (*open_views, name))
            return exp.Subquery(this=body, alias=alias.copy())
        if name not in self._tables:
            raise AthenaQueryError(
                Fault.TABLE_NOT_FOUND, f"Table 'awsdatacatalog.{self._database}.{name}' does not exist"
            )
        self.used[name] = self._tables[name]
        return exp.Table(this=exp.to_identifier(physical_name(name), quoted=True), alias=alias.copy())


def _real_tables(query: exp.Expr) -> list[exp.Table]:
    try:
        scopes = traverse_scope(query)
    except OptimizeError as error:
        raise AthenaQueryError(Fault.SYNTAX, str(error)) from error
    found = {
        id(source): source
        for scope in scopes
        for _, source in scope.selected_sources.values()
        if isinstance(source, exp.Table)
    }
    return list(found.values())
