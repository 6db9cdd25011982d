"""What the linter finds, and how its rules walk a definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from quicksight.data_set import DataSet

Json = Mapping[str, Any]


@dataclass(frozen=True)
class Finding:
    """One fault: the rule that found it, where, and what is wrong and was expected."""

    rule: str
    place: str
    text: str

    def __str__(self) -> str:
        return f"{self.place}: {self.text} [{self.rule}]"


@dataclass(frozen=True)
class Linted:
    """A definition with the data sets by the identifier that it declares them under."""

    name: str
    definition: Json
    data_sets: Mapping[str, DataSet]

    @property
    def sheets(self) -> list[Json]:
        """Its sheets."""
        return list(self.definition["Sheets"])

    def visuals(self) -> Iterator[tuple[str, str, Json]]:
        """Yield the place, kind and body of every visual."""
        for sheet in self.sheets:
            for visual in sheet.get("Visuals", ()):
                ((kind, body),) = visual.items()
                yield f"{self.name}/{sheet['SheetId']}/{body['VisualId']}", kind, body

    def filters(self) -> Iterator[tuple[str, Json, Json]]:
        """Yield the place, group and body of every filter."""
        for group in self.definition.get("FilterGroups", ()):
            for filtered in group["Filters"]:
                ((_, body),) = filtered.items()
                yield f"{self.name}/{group['FilterGroupId']}", group, body

    def controls(self) -> Iterator[tuple[str, Json]]:
        """Yield the place and body of every control of every sheet."""
        for sheet in self.sheets:
            for control in sheet.get("ParameterControls", ()):
                ((_, body),) = control.items()
                yield f"{self.name}/{sheet['SheetId']}/{body['ParameterControlId']}", body

    def parameters(self) -> Iterator[Json]:
        """Yield the body of every parameter declaration."""
        for declaration in self.definition.get("ParameterDeclarations", ()):
            yield from declaration.values()

    def calculated(self) -> Iterator[Json]:
        """Yield every calculated field."""
        yield from self.definition.get("CalculatedFields", ())


def find(tree: Any, key: str) -> Iterator[Any]:
    """Yield every value of `key` in nested objects and lists."""
    if isinstance(tree, Mapping):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from find(value, key)
    elif isinstance(tree, list | tuple):
        for value in tree:
            yield from find(value, key)
