"""Rules about what a reader chooses from: parameters, controls and filters belong together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from quicksight.expressions import ExpressionError, parameters_of, parse, rolling_date
from quicksight.linter.findings import Finding, Json, Linted, find

_ANY_TIME = datetime(2026, 1, 1, tzinfo=UTC)


def parameters_are_declared_and_used(linted: Linted) -> Iterator[Finding]:
    """What filters and controls name is declared; what is declared filters something and can be set."""
    declared = [parameter["Name"] for parameter in linted.parameters()]
    filtering = set(_filtering(linted))
    settable = set(find(linted.definition, "SourceParameterName"))
    for name in sorted((filtering | settable) - set(declared)):
        yield Finding("parameters-declared", linted.name, f"parameter {name!r} is not declared")
    for name in declared:
        place = f"{linted.name}/{name}"
        if name not in filtering:
            yield Finding("parameters-used", place, "no filter reads the parameter: its control does nothing")
        if name not in settable:
            yield Finding("parameters-used", place, "no control sets the parameter: no reader can choose it")


def defaults_are_dates(linted: Linted) -> Iterator[Finding]:
    """The rolling default of a date can be reckoned."""
    for parameter in linted.parameters():
        rolling = parameter.get("DefaultValues", {}).get("RollingDate")
        if rolling is None:
            continue
        try:
            rolling_date(rolling["Expression"], _ANY_TIME)
        except ExpressionError as error:
            yield Finding("expressions-parse", f"{linted.name}/{parameter['Name']}", str(error))


def filters_act_on_something(linted: Linted) -> Iterator[Finding]:
    """The scope of a filter names sheets and visuals there are, one at least of which reads its data set."""
    sheets = {sheet["SheetId"]: sheet for sheet in linted.sheets}
    for place, group, body in linted.filters():
        scope = group["ScopeConfiguration"].get("SelectedSheets", {})
        chosen = scope.get("SheetVisualScopingConfigurations", ())
        for one in chosen:
            yield from _scope(place, one["SheetId"], one.get("VisualIds", ()), sheets)
        acted_on = [sheets[one["SheetId"]] for one in chosen if one["SheetId"] in sheets]
        identifier = body["Column"]["DataSetIdentifier"]
        read = set(find([sheet.get("Visuals", ()) for sheet in acted_on], "DataSetIdentifier"))
        if chosen and identifier not in read:
            text = f"no visual of its sheets reads data set {identifier!r}: it filters nothing"
            yield Finding("filter-scopes", place, text)


def controls_resolve(linted: Linted) -> Iterator[Finding]:
    """A control lies on its sheet, and is narrowed by controls of the same sheet."""
    for sheet in linted.sheets:
        bodies = [body for control in sheet.get("ParameterControls", ()) for body in control.values()]
        known = {body["ParameterControlId"] for body in bodies}
        placed = set(find(sheet.get("SheetControlLayouts", ()), "ElementId"))
        where = f"{linted.name}/{sheet['SheetId']}"
        for name in sorted(known ^ placed):
            text = f"control {name!r} is " + ("not laid out" if name in known else "laid out but not there")
            yield Finding("controls-resolve", where, text)
        for name in sorted(set(find(bodies, "SourceSheetControlId")) - known):
            yield Finding("controls-resolve", where, f"control {name!r} narrows another but is not there")


def _filtering(linted: Linted) -> Iterator[str]:
    for _, _, body in linted.filters():
        yield from find(body, "ParameterName")
        for bound in ("RangeMinimumValue", "RangeMaximumValue"):
            yield from find(body.get(bound, {}), "Parameter")
    for field in linted.calculated():
        try:
            yield from parameters_of(parse(field["Expression"]))
        except ExpressionError:
            continue  # said by the rule of expressions


def _scope(
    place: str, sheet_id: str, visual_ids: Sequence[str], sheets: Mapping[str, Json]
) -> Iterator[Finding]:
    if sheet_id not in sheets:
        yield Finding("filter-scopes", place, f"sheet {sheet_id!r} of its scope is not there")
        return
    known = set(find(sheets[sheet_id], "VisualId"))
    for name in sorted(set(visual_ids) - known):
        yield Finding("filter-scopes", place, f"visual {name!r} of its scope is not on sheet {sheet_id!r}")
