"""What is known of a data set: its columns, their types and the names that they go by. One YAML file each."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from contract.errors import CrowdLensError

FOLDER = Path(__file__).parent / "profiles"
TYPES = ("text", "integer", "number", "date", "partial_date", "latitude", "longitude", "yes_no")
LINEAGE_COLUMNS = ("series", "source_file", "source_line", "loaded_at", "copy_number", "other_columns")
DAY_COLUMN = "day"
# The wheel's own C parser is ten times as fast; a bundle without compiled code has the Python one.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
_IGNORED = re.compile(r"[\s_\-·ㆍ./()\[\]{}<>\"'*:,]+")
_PROFILE_KEYS = {"name", "english", "korean", "columns", "recognised_by", "counts", "duplicates"}
_COLUMN_KEYS = {
    "name", "type", "english", "korean", "synonyms", "in_header", "required", "values", "aliases",
    "earliest_year",
}  # fmt: skip


class ProfileError(CrowdLensError):
    """Raised when a profile is not there or not as it must be; the text names the key."""


@dataclass(frozen=True)
class ProfileColumn:
    """One column of the table; `in_header`: the file must have it, `required`: every row must.

    `aliases` turn one spelling of a value into another; `values` are all that there should be; a date before
    `earliest_year` is a spreadsheet's zero (1900-01) and no date.
    """

    name: str
    type: str
    english: str
    korean: str
    synonyms: tuple[str, ...] = ()
    in_header: bool = False
    required: bool = False
    values: tuple[str, ...] = ()
    aliases: Mapping[str, str] = field(default_factory=dict)
    earliest_year: int = 0


@dataclass(frozen=True)
class CountView:
    """A view that counts entries by some columns."""

    name: str
    by: tuple[str, ...]
    english: str
    korean: str


@dataclass(frozen=True)
class Profile:
    """A data set; a file is of it when its header has one of `recognised_by` and a third of the columns."""

    name: str
    english: str
    korean: str
    columns: tuple[ProfileColumn, ...]
    recognised_by: tuple[str, ...] = ()
    counts: tuple[CountView, ...] = ()
    quarantines_duplicates: bool = False

    def of_type(self, kind: str) -> str | None:
        """Return the first column of a type."""
        return next((column.name for column in self.columns if column.type == kind), None)


@lru_cache(maxsize=8192)
def plain(name: str) -> str:
    """Return a column name without what differs between spellings of it: case, width, space, punctuation."""
    return _IGNORED.sub("", unicodedata.normalize("NFKC", name).lower())


def load_profile(name_or_path: str) -> Profile:
    """Return a profile of ours by name, or the one in a YAML file; raises `ProfileError`."""
    shipped = FOLDER / f"{name_or_path}.yaml"
    path = shipped if _NAME.fullmatch(name_or_path) and shipped.is_file() else Path(name_or_path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(profile.stem for profile in sorted(FOLDER.glob("*.yaml")))
        raise ProfileError(f"profile is {name_or_path!r}: expected one of {known}, or a YAML file") from error
    return parse_profile(text, path.name)


def shipped_profiles() -> list[Profile]:
    """Return the profiles that come with the product."""
    return [load_profile(path.stem) for path in sorted(FOLDER.glob("*.yaml"))]


@lru_cache(maxsize=16)
def parse_profile(text: str, where: str) -> Profile:
    """Return the profile in a YAML text; raises `ProfileError` naming `where` and the key."""
    try:
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506 - the safe loader, in C or in Python
    except yaml.YAMLError as error:
        raise ProfileError(f"{where} is no YAML: {str(error).splitlines()[0]}") from error
    return _Checked(where).profile(document)


class _Checked:
    """Reads a document and says where it is not as it must be."""

    def __init__(self, where: str) -> None:
        self._where = where

    def profile(self, document: Any) -> Profile:
        self._keys(document, _PROFILE_KEYS, "a profile")
        columns = tuple(self._column(one) for one in self._list(document, "columns"))
        names = [column.name for column in columns]
        taken = [*names, *(f"{c.name}_precision" for c in columns if c.type == "partial_date")]
        for name in (*LINEAGE_COLUMNS, DAY_COLUMN):
            self._check(name not in taken, f"column {name!r}", "another name, for this one is ours")
        self._check(len(set(taken)) == len(taken) > 0, "columns", "names that all differ")
        duplicates = document.get("duplicates", "number")
        self._check(duplicates in ("number", "quarantine"), "duplicates", "number or quarantine")
        return Profile(
            self._name(document),
            self._text(document, "english"),
            self._text(document, "korean"),
            columns,
            self._texts(document, "recognised_by"),
            tuple(self._count(one, names) for one in document.get("counts") or ()),
            duplicates == "quarantine",
        )

    def _column(self, document: Any) -> ProfileColumn:
        self._keys(document, _COLUMN_KEYS, "a column")
        name = self._name(document)
        kind = document.get("type", "text")
        self._check(kind in TYPES, f"the type of {name}", f"one of {', '.join(TYPES)}")
        aliases = document.get("aliases") or {}
        self._check(isinstance(aliases, dict), f"the aliases of {name}", "one spelling: another")
        earliest = document.get("earliest_year", 0)
        self._check(type(earliest) is int, f"earliest_year of {name}", "a year")
        return ProfileColumn(
            name,
            kind,
            self._text(document, "english"),
            self._text(document, "korean"),
            self._texts(document, "synonyms"),
            document.get("in_header") is True,
            document.get("required") is True,
            self._texts(document, "values"),
            {str(key): str(value) for key, value in aliases.items()},
            earliest,
        )

    def _count(self, document: Any, names: Sequence[str]) -> CountView:
        self._keys(document, {"name", "by", "english", "korean"}, "a count")
        by = self._texts(document, "by")
        self._check(bool(by) and set(by) <= set(names), f"by of {document.get('name')}", "names of columns")
        return CountView(
            self._name(document), by, self._text(document, "english"), self._text(document, "korean")
        )

    def _keys(self, document: Any, known: set[str], what: str) -> None:
        self._check(isinstance(document, dict), what, "keys with values")
        unknown = sorted(str(key) for key in document.keys() - known)
        self._check(not unknown, f"key {unknown[:1]}", f"those of {what}: {', '.join(sorted(known))}")

    def _name(self, document: Any) -> str:
        name = document.get("name")
        fits = isinstance(name, str) and _NAME.fullmatch(name) is not None
        self._check(fits, f"name {name!r}", "small letters, digits and _, a letter first")
        return str(name)

    def _text(self, document: Any, key: str) -> str:
        value = document.get(key)
        self._check(isinstance(value, str) and bool(value.strip()), f"{key} of {document['name']}", "a text")
        return str(value).strip()

    def _list(self, document: Any, key: str) -> list[Any]:
        value = document.get(key) or []
        self._check(isinstance(value, list), key, "a list")
        return list(value)

    def _texts(self, document: Any, key: str) -> tuple[str, ...]:
        return tuple(str(value) for value in self._list(document, key))

    def _check(self, fine: bool, what: str, expected: str) -> None:
        if not fine:
            raise ProfileError(f"{self._where}: {what} is wrong: expected {expected}")
