"""Rows of tables or columns that this release does not know: a newer one stored them, before a roll-back.

They cannot be packed without losing something, and are no reason to stop: they stay where they are until a
release that knows them reads the spool, hold up nothing else, and are counted. Only a spool that is over its
bound drops them, by their priority and declared, as it does with any other row.
"""

from __future__ import annotations

import json
import sqlite3

from contract.tables import TABLES
from edge_components.runtime.spool.rows import parse_shape

KNOWN = "shape_id NOT IN (SELECT value FROM json_each(:unknown_shapes))"
"""A condition on rows of `records`; `unknown_shapes` returns the value to bind."""


def unknown_shapes(connection: sqlite3.Connection) -> str:
    """Return the ids of the shapes that this release cannot read whole, as a JSON list."""
    return json.dumps(list(_unknown(connection)))


def held_records(connection: sqlite3.Connection) -> dict[str, int]:
    """Return how many records wait for a newer release, by the table or ``table.column`` it must know."""
    held: dict[str, int] = {}
    for shape_id, what in _unknown(connection).items():
        query = "SELECT count(*) FROM records WHERE shape_id = ?"
        count = int(connection.execute(query, (shape_id,)).fetchone()[0])
        if count:
            held[what] = held.get(what, 0) + count
    return held


def _unknown(connection: sqlite3.Connection) -> dict[int, str]:
    shapes = connection.execute("SELECT shape_id, shape FROM shapes")
    named = ((shape_id, _first_unknown(text)) for shape_id, text in shapes)
    return {shape_id: what for shape_id, what in named if what is not None}


def _first_unknown(text: str) -> str | None:
    """Return the table or ``table.column`` that is not known here, if any."""
    try:
        shape = parse_shape(text)
        table = TABLES.get(shape.table)
        if table is None:
            return str(shape.table)
        known = {column.name for column in table.own_columns}
        return next((f"{table.name}.{name}" for name in shape.names if name not in known), None)
    except (TypeError, ValueError):
        return None  # Damaged: whoever reads its rows drops and declares them.
