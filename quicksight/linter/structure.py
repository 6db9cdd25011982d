"""Rules about ids, layouts and how much QuickSight takes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from quicksight.linter.findings import Finding, Linted, find
from quicksight.sheets import GRID_COLUMNS

MOST_SHEETS = 20
MOST_VISUALS_A_SHEET = 50
MOST_DATA_SETS = 50
MOST_PARAMETERS = 400
MOST_FILTERS = 2000
MOST_FIELDS_A_VISUAL = 200
MOST_COLUMNS_OF_A_DATA_SET = 2048
"""Of an analysis or dashboard of Amazon QuickSight, from its quotas and its API's own limits.

https://docs.aws.amazon.com/quicksight/latest/APIReference/API_DashboardVersionDefinition.html
"""


def ids_are_unique(linted: Linted) -> Iterator[Finding]:
    """No two sheets, visuals, controls, parameters, filters or data sets have the same id."""
    named = {
        "sheet": [sheet["SheetId"] for sheet in linted.sheets],
        "visual": list(find(linted.sheets, "VisualId")),
        "control": list(find(linted.sheets, "ParameterControlId")),
        "parameter": [parameter["Name"] for parameter in linted.parameters()],
        "filter group": list(find(linted.definition.get("FilterGroups", ()), "FilterGroupId")),
        "filter": list(find(linted.definition.get("FilterGroups", ()), "FilterId")),
        "data set": [one["Identifier"] for one in linted.definition["DataSetIdentifierDeclarations"]],
    }
    for kind, ids in named.items():
        for name, count in Counter(ids).items():
            if count > 1:
                yield Finding("ids-unique", linted.name, f"{kind} {name!r} is there {count} times")


def fields_are_unique_and_resolve(linted: Linted) -> Iterator[Finding]:
    """A visual's fields have ids of their own; its sorts, labels and formats name one of them."""
    seen: set[str] = set()
    for place, _, body in linted.visuals():
        configuration = dict(body["ChartConfiguration"])
        ids = list(find(configuration.pop("FieldWells", {}), "FieldId"))
        for name, count in Counter(ids).items():
            if count > 1 or name in seen:
                yield Finding("ids-unique", place, f"field {name!r} is there more than once")
        seen.update(ids)
        for name in sorted(set(find(configuration, "FieldId")) - set(ids)):
            yield Finding("ids-resolve", place, f"field {name!r} is named, but the visual does not have it")


def data_sets_are_declared(linted: Linted) -> Iterator[Finding]:
    """Every data set that is read is declared, and every one that is declared is read."""
    declared = {one["Identifier"] for one in linted.definition["DataSetIdentifierDeclarations"]}
    read = set(find(linted.definition, "DataSetIdentifier"))
    for name in sorted(read - declared):
        yield Finding("ids-resolve", linted.name, f"data set {name!r} is read but not declared")
    for name in sorted(declared - read):
        yield Finding("ids-resolve", linted.name, f"data set {name!r} is declared but nothing reads it")


def tiles_lie_on_the_grid(linted: Linted) -> Iterator[Finding]:
    """Every visual has its tile, within the grid, on no other."""
    for sheet in linted.sheets:
        where = f"{linted.name}/{sheet['SheetId']}"
        elements = sheet["Layouts"][0]["Configuration"]["GridLayout"]["Elements"]
        visuals, tiles = set(find(sheet["Visuals"], "VisualId")), {one["ElementId"] for one in elements}
        for name in sorted(visuals ^ tiles):
            text = "has no tile" if name in visuals else "is a tile without a visual"
            yield Finding("layout", where, f"{name!r} {text}")
        cells: Counter[tuple[int, int]] = Counter()
        for one in elements:
            right = one["ColumnIndex"] + one["ColumnSpan"]
            if right > GRID_COLUMNS:
                yield Finding(
                    "layout", where, f"{one['ElementId']!r} reaches column {right} of {GRID_COLUMNS}"
                )
            rows = range(one["RowIndex"], one["RowIndex"] + one["RowSpan"])
            cells.update((column, row) for column in range(one["ColumnIndex"], right) for row in rows)
        if any(count > 1 for count in cells.values()):
            yield Finding("layout", where, "two tiles lie on each other")


def within_limits(linted: Linted) -> Iterator[Finding]:
    """There is no more of anything than QuickSight takes."""
    counts = [
        ("sheets", len(linted.sheets), MOST_SHEETS),
        ("data sets", len(linted.definition["DataSetIdentifierDeclarations"]), MOST_DATA_SETS),
        ("parameters", len(list(linted.parameters())), MOST_PARAMETERS),
        ("filter groups", len(linted.definition.get("FilterGroups", ())), MOST_FILTERS),
    ]
    for sheet in linted.sheets:
        counts.append((f"visuals on {sheet['SheetId']}", len(sheet["Visuals"]), MOST_VISUALS_A_SHEET))
    for place, _, body in linted.visuals():
        fields = len(list(find(body["ChartConfiguration"].get("FieldWells", {}), "FieldId")))
        counts.append((f"fields of {place}", fields, MOST_FIELDS_A_VISUAL))
    for data_set in linted.data_sets.values():
        counts.append(
            (f"columns of {data_set.identifier}", len(data_set.columns), MOST_COLUMNS_OF_A_DATA_SET)
        )
    for what, count, most in counts:
        if count > most:
            yield Finding("limits", linted.name, f"{count} {what}: expected at most {most}")
