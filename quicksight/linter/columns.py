"""Rules about columns: what is read exists, means something, and can be reckoned with."""

from __future__ import annotations

from collections.abc import Iterator

from quicksight.data_set import QuickSightType
from quicksight.expressions import ExpressionError, aggregation_fault, columns_of, parameters_of, parse
from quicksight.linter.findings import Finding, Json, Linted, find

TEXT_FUNCTIONS = frozenset({"COUNT", "DISTINCT_COUNT"})
MAP_ROLES = ("LATITUDE", "LONGITUDE")


def columns_exist(linted: Linted) -> Iterator[Finding]:
    """Every column that a visual, filter or control reads is one of its data set, or a calculated field."""
    for column in find(linted.definition, "Column"):
        yield from _column(linted, column)
    for column in find(linted.definition, "LinkToDataSetColumn"):
        yield from _column(linted, column)
    for column in find(linted.definition, "ColumnToMatch"):
        yield from _column(linted, column)


def calculated_fields_parse(linted: Linted) -> Iterator[Finding]:
    """Every calculated field can be read, reads what exists and aggregates as QuickSight takes it."""
    for field in linted.calculated():
        place = f"{linted.name}/{field['Name']}"
        try:
            node = parse(field["Expression"])
        except ExpressionError as error:
            yield Finding("expressions-parse", place, str(error))
            continue
        fault = aggregation_fault(node)
        if fault is not None:
            yield Finding("expressions-parse", place, f"{fault} in {field['Expression']!r}")
        for name in columns_of(node):
            identifier = {"DataSetIdentifier": field["DataSetIdentifier"], "ColumnName": name}
            yield from _column(linted, identifier, place)
        declared = {parameter["Name"] for parameter in linted.parameters()}
        for name in parameters_of(node):
            if name not in declared:
                yield Finding("parameters-declared", place, f"parameter {name!r} is not declared")


def aggregations_fit(linted: Linted) -> Iterator[Finding]:
    """Numbers are summed and words counted; a calculated field that aggregates by itself is left alone."""
    own = {(field["DataSetIdentifier"], field["Name"]) for field in linted.calculated()}
    for place, _, body in linted.visuals():
        for measure in find(body, "NumericalMeasureField"):
            column = measure["Column"]
            is_own = (column["DataSetIdentifier"], column["ColumnName"]) in own
            if is_own == ("AggregationFunction" in measure):
                expected = "none, for it aggregates itself" if is_own else "one, such as SUM"
                text = f"aggregation of {column['ColumnName']!r}: expected {expected}"
                yield Finding("aggregations-fit", place, text)
        for measure in find(body, "CategoricalMeasureField"):
            if measure.get("AggregationFunction") not in TEXT_FUNCTIONS:
                text = f"words of {measure['Column']['ColumnName']!r} are not to be summed: expected a count"
                yield Finding("aggregations-fit", place, text)


def maps_have_degrees(linted: Linted) -> Iterator[Finding]:
    """A map of points takes a latitude and a longitude, and the data set says which column is which."""
    for place, kind, body in linted.visuals():
        if kind != "GeospatialMapVisual":
            continue
        wells: Json = next(find(body, "GeospatialMapAggregatedFieldWells"), {})
        roles = []
        for field in find(wells.get("Geospatial", ()), "Column"):
            data_set = linted.data_sets.get(field["DataSetIdentifier"])
            known = {column.name: column.role for column in data_set.columns} if data_set else {}
            role = known.get(field["ColumnName"])
            roles.append(role.value if role else None)
        if tuple(roles) != MAP_ROLES:
            text = "the map's places are not tagged: expected a latitude, then a longitude"
            yield Finding("maps-have-degrees", place, text)


def filters_read_what_they_can(linted: Linted) -> Iterator[Finding]:
    """A filter of words reads words, a filter of times reads instants."""
    for group in linted.definition.get("FilterGroups", ()):
        for filtered in group["Filters"]:
            ((kind, body),) = filtered.items()
            expected = {"CategoryFilter": QuickSightType.STRING, "TimeRangeFilter": QuickSightType.DATETIME}
            found = _type(linted, body["Column"])
            if kind in expected and found is not None and found is not expected[kind]:
                text = f"{kind} of {body['Column']['ColumnName']!r}, which is {found.value}: expected "
                place = f"{linted.name}/{group['FilterGroupId']}"
                yield Finding("filters-fit", place, text + expected[kind].value)


def _type(linted: Linted, column: Json) -> QuickSightType | None:
    data_set = linted.data_sets.get(column["DataSetIdentifier"])
    columns = data_set.columns if data_set is not None else ()
    return next((one.type for one in columns if one.name == column["ColumnName"]), None)


def _column(linted: Linted, column: Json, place: str = "") -> Iterator[Finding]:
    identifier, name = column["DataSetIdentifier"], column["ColumnName"]
    where = place or linted.name
    data_set = linted.data_sets.get(identifier)
    if data_set is None:
        yield Finding("columns-exist", where, f"{name!r} is read of {identifier!r}, which is no data set")
        return
    own = {field["Name"] for field in linted.calculated() if field["DataSetIdentifier"] == identifier}
    if name not in own and not data_set.has_column(name):
        yield Finding("columns-exist", where, f"data set {identifier!r} has no column {name!r}")
