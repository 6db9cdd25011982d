"""The Athena statements as data: name, description in two languages, text, in the order to create them.

Each ``.sql`` file holds one statement under three comment lines: ``-- name:``, ``-- en:`` and ``-- ko:``.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from pathlib import Path

from contract.errors import CrowdLensError

FOLDER = Path(__file__).parent
OPEN_DATA_FOLDER = FOLDER / "open_data"
"""Has folders of the same names, for public data: what stands there is not bound to days of records."""
_HEADER = re.compile(
    r"-- name: (?P<name>\S+)\n-- en: (?P<en>[^\n]+)\n-- ko: (?P<ko>[^\n]+)\n(?P<body>.+)", re.S
)
_WORD = re.compile(r"\w+")


class CatalogError(CrowdLensError):
    """Raised when a statement file is not written as it must be."""


class Kind(enum.Enum):
    """What a statement makes; the value is the folder it lies in."""

    TABLE = "tables"
    VIEW = "views"
    NAMED_QUERY = "named_queries"
    PREPARED_STATEMENT = "prepared_statements"


@dataclass(frozen=True)
class Statement:
    """One statement of the catalogue; `template` still holds ``${lake_bucket}`` and ``${database}``."""

    kind: Kind
    name: str
    english: str
    korean: str
    template: str

    def sql(self, *, lake_bucket: str, database: str) -> str:
        """Return the statement for one lake and database, without its header comments."""
        return self.template.replace("${lake_bucket}", lake_bucket).replace("${database}", database)


def parse_statement(kind: Kind, path: Path) -> Statement:
    """Return the statement in the file `path`; raises `CatalogError` when its header is wrong."""
    match = _HEADER.fullmatch(path.read_text(encoding="utf-8"))
    if match is None or match["name"] != path.stem:
        raise CatalogError(
            f"{path.name}: expected the lines -- name: {path.stem}, -- en: … and -- ko: … first"
        )
    return Statement(kind, match["name"], match["en"].strip(), match["ko"].strip(), match["body"].strip())


def tables() -> list[Statement]:
    """Return the CREATE EXTERNAL TABLE statements by name."""
    return _folder(Kind.TABLE)


def views() -> list[Statement]:
    """Return the CREATE VIEW statements, every view after those it reads."""
    return in_order(_folder(Kind.VIEW))


def in_order(unordered: Sequence[Statement]) -> list[Statement]:
    """Return CREATE VIEW statements, every view after those it reads."""
    by_name = {statement.name: statement for statement in unordered}
    graph = {
        name: sorted((set(_WORD.findall(statement.template)) & set(by_name)) - {name})
        for name, statement in by_name.items()
    }
    return [by_name[name] for name in TopologicalSorter(graph).static_order()]


def named_queries() -> list[Statement]:
    """Return the queries that a person finds under *Saved queries*, by name."""
    return _folder(Kind.NAMED_QUERY)


def prepared_statements() -> list[Statement]:
    """Return the queries with question marks that EXECUTE takes by name; ``en`` lists what they stand for."""
    return _folder(Kind.PREPARED_STATEMENT)


def statements() -> list[Statement]:
    """Return tables, then views, in an order in which they can be created."""
    return tables() + views()


def open_data() -> frozenset[str]:
    """Return the names of all statements over public data, which is asked for what is in force, not a day."""
    return frozenset(path.stem for kind in Kind for path in (OPEN_DATA_FOLDER / kind.value).glob("*.sql"))


def _folder(kind: Kind) -> list[Statement]:
    paths = [path for folder in (FOLDER, OPEN_DATA_FOLDER) for path in (folder / kind.value).glob("*.sql")]
    return [parse_statement(kind, path) for path in sorted(paths, key=lambda path: path.name)]
