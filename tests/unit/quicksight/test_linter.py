"""Each rule finds the fault that it is there for: a definition in order is damaged in one place."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from contract.errors import CrowdLensError
from quicksight.dashboards.catalog import DASHBOARDS
from quicksight.dashboards.footfall import DASHBOARD as FOOTFALL
from quicksight.data_sets import DATA_SETS, PEOPLE_NOW
from quicksight.linter import lint, lint_definition, lint_sql, structure

Json = dict[str, Any]
Damage = Callable[[Json], object]
MAP = next(dashboard for dashboard in DASHBOARDS if dashboard.dashboard_id == "crowdlens-open-data")


def sheet(definition: Json, index: int = 0) -> Json:
    return dict(definition["Sheets"][index])


def visual(definition: Json, identifier: str) -> Json:
    """Return the body of a visual."""
    bodies = [body for one in definition["Sheets"] for item in one["Visuals"] for body in item.values()]
    found: Json = next(body for body in bodies if body["VisualId"] == identifier)
    return found


def wells(definition: Json, identifier: str) -> Json:
    found: Json = visual(definition, identifier)["ChartConfiguration"]["FieldWells"]
    return found


def measure(definition: Json) -> Json:
    """Return the first measure of the first number of the dashboard."""
    found: Json = wells(definition, "kpi-came-in")["Values"][0]["NumericalMeasureField"]
    return found


def calculated(definition: Json) -> Json:
    found: Json = definition["CalculatedFields"][0]
    return found


def filtered(definition: Json, kind: str) -> Json:
    """Return the body of the first filter of a kind."""
    found: Json = next(g["Filters"][0][kind] for g in definition["FilterGroups"] if kind in g["Filters"][0])
    return found


def scope(definition: Json) -> Json:
    group = definition["FilterGroups"][0]["ScopeConfiguration"]["SelectedSheets"]
    found: Json = group["SheetVisualScopingConfigurations"][0]
    return found


def elements(definition: Json) -> list[Json]:
    found: list[Json] = sheet(definition)["Layouts"][0]["Configuration"]["GridLayout"]["Elements"]
    return found


def controls(definition: Json) -> list[Json]:
    found: list[Json] = sheet(definition)["ParameterControls"]
    return found


def declare_again(definition: Json) -> None:
    definition["ParameterDeclarations"].append(copy.deepcopy(definition["ParameterDeclarations"][0]))


def test_what_is_shipped_is_in_order() -> None:
    assert lint(DASHBOARDS, DATA_SETS) == []


@pytest.mark.parametrize(
    ("damage", "rule", "text"),
    [
        pytest.param(
            lambda d: measure(d)["Column"].update(ColumnName="crossings"),
            "columns-exist",
            "data set 'line_hours' has no column 'crossings'",
            id="unknown column",
        ),
        pytest.param(
            lambda d: measure(d)["Column"].update(DataSetIdentifier="lines"),
            "columns-exist",
            "'crossings_in' is read of 'lines', which is no data set",
            id="unknown data set",
        ),
        pytest.param(
            lambda d: d["CalculatedFields"].pop(0),
            "columns-exist",
            "has no column 'in_change_percent'",
            id="calculated field gone",
        ),
        pytest.param(
            lambda d: calculated(d).update(Expression="sum({crossings_in"),
            "expressions-parse",
            "expected",
            id="expression",
        ),
        pytest.param(
            lambda d: calculated(d).update(Expression="sum({crossings_in}) / {crossings_out}"),
            "expressions-parse",
            "beside an aggregation",
            id="mismatched aggregation",
        ),
        pytest.param(
            lambda d: calculated(d).update(Expression="sum({people})"),
            "columns-exist",
            "has no column 'people'",
            id="column of an expression",
        ),
        pytest.param(
            lambda d: calculated(d).update(Expression="sum({crossings_in}) * ${Factor}"),
            "parameters-declared",
            "parameter 'Factor' is not declared",
            id="parameter of an expression",
        ),
        pytest.param(
            lambda d: measure(d).pop("AggregationFunction"),
            "aggregations-fit",
            "aggregation of 'crossings_in': expected one",
            id="number without aggregation",
        ),
        pytest.param(
            lambda d: wells(d, "kpi-stay")["Values"][0]["NumericalMeasureField"].update(
                AggregationFunction={"SimpleNumericalAggregation": "SUM"}
            ),
            "aggregations-fit",
            "expected none, for it aggregates itself",
            id="calculated field aggregated twice",
        ),
        pytest.param(
            lambda d: d["ParameterDeclarations"].pop(),
            "parameters-declared",
            "parameter 'Class' is not declared",
            id="undeclared parameter",
        ),
        pytest.param(
            lambda d: d.update(FilterGroups=[]),
            "parameters-used",
            "no filter reads the parameter",
            id="parameter that filters nothing",
        ),
        pytest.param(
            lambda d: [one.update(ParameterControls=[]) for one in d["Sheets"]],
            "parameters-used",
            "no control sets the parameter",
            id="parameter that nobody can set",
        ),
        pytest.param(
            lambda d: d["ParameterDeclarations"][0]["DateTimeParameterDeclaration"]["DefaultValues"].update(
                RollingDate={"Expression": "yesterday()"}
            ),
            "expressions-parse",
            "expected one of the functions",
            id="default of a date",
        ),
        pytest.param(
            lambda d: filtered(d, "CategoryFilter")["Column"].update(ColumnName="place_id"),
            "columns-exist",
            "has no column 'place_id'",
            id="column of a filter",
        ),
        pytest.param(
            lambda d: filtered(d, "TimeRangeFilter")["Column"].update(ColumnName="local_day"),
            "filters-fit",
            "TimeRangeFilter of 'local_day', which is STRING: expected DATETIME",
            id="filter of the wrong type",
        ),
        pytest.param(
            lambda d: scope(d).update(SheetId="gone"),
            "filter-scopes",
            "sheet 'gone' of its scope is not there",
            id="sheet of a scope",
        ),
        pytest.param(
            lambda d: scope(d).update(Scope="SELECTED_VISUALS", VisualIds=["pie"]),
            "filter-scopes",
            "visual 'pie' of its scope is not on sheet 'counts'",
            id="visual of a scope",
        ),
        pytest.param(
            lambda d: d["FilterGroups"][0]["ScopeConfiguration"]["SelectedSheets"].update(
                SheetVisualScopingConfigurations=[{"SheetId": "stays", "Scope": "ALL_VISUALS"}]
            ),
            "filter-scopes",
            "it filters nothing",
            id="filter without effect",
        ),
        pytest.param(
            lambda d: controls(d).pop(0),
            "controls-resolve",
            "is laid out but not there",
            id="control gone",
        ),
        pytest.param(
            lambda d: controls(d)[3]["Dropdown"]["CascadingControlConfiguration"]["SourceControls"][0].update(
                SourceSheetControlId="choose-peaks-Site"
            ),
            "controls-resolve",
            "'choose-peaks-Site' narrows another but is not there",
            id="control of another sheet",
        ),
        pytest.param(
            lambda d: visual(d, "kpi-peak").pop("Title"),
            "titles",
            "title is ''",
            id="no title",
        ),
        pytest.param(
            lambda d: visual(d, "kpi-peak")["Title"]["FormatText"].update(PlainText="Most at once"),
            "titles",
            "title is 'Most at once': expected English · 한국어",
            id="title without Korean",
        ),
        pytest.param(
            lambda d: visual(d, "kpi-peak")["Title"]["FormatText"].update(PlainText="동시 최대"),
            "titles",
            "title is '동시 최대'",
            id="title without English",
        ),
        pytest.param(
            lambda d: visual(d, "kpi-peak").update(VisualContentAltText="peak"),
            "titles",
            "there is no alternative text",
            id="alternative text",
        ),
        pytest.param(
            lambda d: sheet(d)["ParameterControls"][0]["DateTimePicker"].update(Title="From"),
            "titles",
            "title is 'From'",
            id="title of a control",
        ),
        pytest.param(
            lambda d: d["Sheets"][0].update(Name="Counts"),
            "titles",
            "name is 'Counts'",
            id="name of a sheet",
        ),
        pytest.param(
            lambda d: d["Options"].pop("VisualMessages"),
            "empty-state",
            "the message without data lacks its title",
            id="no message without data",
        ),
        pytest.param(
            lambda d: measure(d).pop("FormatConfiguration"),
            "empty-state",
            "a missing 'crossings_in' has no words",
            id="missing number",
        ),
        pytest.param(
            lambda d: visual(d, "inside-by-hour")["ChartConfiguration"].pop("PrimaryYAxisDisplayOptions"),
            "empty-state",
            "time without data is not left blank",
            id="line over a gap",
        ),
        pytest.param(
            lambda d: visual(d, "percent-of-usual")["ChartConfiguration"]["ColorScale"].pop("NullValueColor"),
            "empty-state",
            "a cell without data has no colour",
            id="cell without data",
        ),
        pytest.param(declare_again, "ids-unique", "'PeriodStart' is there 2 times", id="parameter twice"),
        pytest.param(
            lambda d: visual(d, "kpi-peak").update(VisualId="kpi-came-in"),
            "ids-unique",
            "visual 'kpi-came-in' is there 2 times",
            id="visual twice",
        ),
        pytest.param(
            lambda d: d["FilterGroups"].append(d["FilterGroups"][0]),
            "ids-unique",
            "filter group",
            id="filter twice",
        ),
        pytest.param(
            lambda d: wells(d, "kpi-peak")["TargetValues"][0]["NumericalMeasureField"].update(
                FieldId="kpi-peak.occupancy_maximum.max"
            ),
            "ids-unique",
            "field 'kpi-peak.occupancy_maximum.max' is there more than once",
            id="field twice",
        ),
        pytest.param(
            lambda d: visual(d, "in-by-day")["ChartConfiguration"]["SortConfiguration"].update(
                CategorySort=[{"FieldSort": {"FieldId": "gone", "Direction": "ASC"}}]
            ),
            "ids-resolve",
            "field 'gone' is named, but the visual does not have it",
            id="sort by nothing",
        ),
        pytest.param(
            lambda d: d["DataSetIdentifierDeclarations"].pop(0),
            "ids-resolve",
            "is read but not declared",
            id="data set not declared",
        ),
        pytest.param(
            lambda d: d["DataSetIdentifierDeclarations"].append(
                {"Identifier": "free_wifi", "DataSetArn": "arn:aws:quicksight:::dataset/free-wifi"}
            ),
            "ids-resolve",
            "data set 'free_wifi' is declared but nothing reads it",
            id="data set declared in vain",
        ),
        pytest.param(lambda d: elements(d).pop(), "layout", "has no tile", id="no tile"),
        pytest.param(
            lambda d: elements(d)[0].update(ElementId="pie"), "layout", "without a visual", id="empty tile"
        ),
        pytest.param(
            lambda d: elements(d)[0].update(ColumnSpan=37), "layout", "reaches column 37 of 36", id="too wide"
        ),
        pytest.param(
            lambda d: elements(d)[1].update(ColumnIndex=0), "layout", "lie on each other", id="overlap"
        ),
        pytest.param(
            lambda d: d["Sheets"][0].update(Visuals=d["Sheets"][0]["Visuals"] * 8),
            "limits",
            "64 visuals on counts: expected at most 50",
            id="too many visuals",
        ),
        pytest.param(
            lambda d: d.update(Sheets=d["Sheets"] * 6),
            "limits",
            "24 sheets: expected at most 20",
            id="many",
        ),
    ],
)
def test_a_planted_fault_is_found(damage: Damage, rule: str, text: str) -> None:
    definition = copy.deepcopy(FOOTFALL.definition())
    damage(definition)
    found = lint_definition("footfall", definition, DATA_SETS)
    assert [str(finding) for finding in found if finding.rule == rule and text in finding.text], found


def test_a_map_of_what_are_no_degrees_is_found() -> None:
    definition = copy.deepcopy(MAP.definition())
    wells(definition, "wifi-map")["GeospatialMapAggregatedFieldWells"]["Geospatial"].reverse()
    (finding,) = lint_definition("open-data", definition, DATA_SETS)
    assert finding.rule == "maps-have-degrees"


def test_words_that_would_be_summed_are_found() -> None:
    definition = copy.deepcopy(MAP.definition())
    cities = wells(definition, "kpi-cities")["Values"][0]["CategoricalMeasureField"]
    cities["AggregationFunction"] = "SUM"
    (finding,) = lint_definition("open-data", definition, DATA_SETS)
    assert finding.text == "words of 'city' are not to be summed: expected a count"


def test_a_data_set_of_too_many_columns_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(structure, "MOST_COLUMNS_OF_A_DATA_SET", 7)
    found = lint_definition("footfall", FOOTFALL.definition(), [PEOPLE_NOW, *DATA_SETS[1:]])
    assert "9 columns of people_now: expected at most 7" in [finding.text for finding in found]


@dataclass(frozen=True)
class Answered:
    """What a query gives back."""

    columns: tuple[str, ...]
    types: tuple[str, ...]


NAMES = tuple(column.name for column in PEOPLE_NOW.columns)
TYPES = ("varchar", "varchar", "varchar", "varchar", "timestamp", "bigint", "double", "varchar", "bigint")


@pytest.mark.parametrize(
    ("names", "types", "text"),
    [
        pytest.param(NAMES, TYPES, None, id="in order"),
        pytest.param(NAMES[:-1], TYPES[:-1], "its SQL gives no column 'age_minutes'", id="column gone"),
        pytest.param((*NAMES, "age"), (*TYPES, "bigint"), "gives 'age': expected no such", id="column more"),
        pytest.param(
            NAMES,
            (*TYPES[:-1], "boolean"),
            "gives 'age_minutes' as boolean: expected INTEGER",
            id="another type",
        ),
    ],
)
def test_columns_that_the_sql_does_not_give_are_found(
    names: tuple[str, ...], types: tuple[str, ...], text: str | None
) -> None:
    found = [finding.text for finding in lint_sql([PEOPLE_NOW], lambda _: Answered(names, types), "lake")]
    assert len(found) == (text is not None)
    assert not text or text in found[0]


def test_sql_that_does_not_run_is_found() -> None:
    def query(sql: str) -> Answered:
        raise CrowdLensError(f"line 1: no table in {sql[:6]}")

    (finding,) = lint_sql([replace(PEOPLE_NOW, sql="SELECT")], query, "lake")
    assert finding.text == "its SQL does not run: line 1: no table in SELECT"
