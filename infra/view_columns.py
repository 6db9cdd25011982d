"""Asks the local Athena endpoint for the columns of the views, and writes them for the analytics stack.

``python -m infra.view_columns`` after a view has changed; a consistency test holds the file equal.
"""

from __future__ import annotations

import json
import tempfile

from athena import catalog
from athena.presto_view import COLUMNS_FILE, hand_written
from infra.local.athena import LocalAthena, LocalFolderLake


def found_columns() -> dict[str, dict[str, str]]:
    """Return, by view written by hand, its columns' names and types in their order."""
    with tempfile.TemporaryDirectory() as folder:
        athena = LocalAthena(LocalFolderLake(folder))
        return {view.name: dict(athena.view_columns(view.name)) for view in hand_written(catalog.views())}


def columns_text(columns: dict[str, dict[str, str]]) -> str:
    """Return the text of the file."""
    return json.dumps(dict(sorted(columns.items())), indent=2) + "\n"


if __name__ == "__main__":
    COLUMNS_FILE.write_text(columns_text(found_columns()), encoding="utf-8")
