from __future__ import annotations

import copy
from typing import Any

import pytest

from quicksight.data_set import UnknownColumnError
from quicksight.data_sets import DATA_SETS, PEOPLE_NOW
from quicksight.preview.drawing import start_drawing
from quicksight.preview.errors import DefinitionError
from quicksight.preview.page import render
from quicksight.preview.reading import read_definition
from quicksight.preview.values import TimeZoneError, time_zone
from tests import quicksight_sample as sample


@pytest.fixture
def definition() -> dict[str, Any]:
    return copy.deepcopy(sample.definition(time_zone="Asia/Seoul"))


def test_what_was_built_is_read_back(definition: dict[str, Any]) -> None:
    dashboard = read_definition(definition)
    occupancy = next(spec for spec in dashboard.visuals if spec.visual_id == "occupancy-over-time")
    assert dashboard.time_zone == "Asia/Seoul"
    assert dashboard.no_data_title == "No data / 데이터 없음"
    assert [field.column for field in occupancy.fields] == ["event_time", "place", "occupancy_mean"]
    assert [field.label for field in occupancy.measures] == ["Mean inside · 평균 인원"]
    assert (occupancy.dimensions[0].granularity, occupancy.measures[0].aggregation) == ("SECOND", "SUM")
    assert occupancy.measures[0].decimals == 1


GROUP = {
    "FilterGroupId": "some",
    "CrossDataset": "SINGLE_DATASET",
    "ScopeConfiguration": {"AllSheets": {}},
    "Filters": [
        {
            "CategoryFilter": {
                "FilterId": "site",
                "Column": {"DataSetIdentifier": "people_now", "ColumnName": "site"},
                "Configuration": {
                    "CustomFilterConfiguration": {
                        "MatchOperator": "EQUALS",
                        "ParameterName": "Site",
                        "NullOption": "NON_NULLS_ONLY",
                    }
                },
            }
        }
    ],
}
SITE_FILTER = GROUP["Filters"][0]["CategoryFilter"]  # type: ignore[index]  # known above


@pytest.mark.parametrize(
    ("feature", "value", "sentence"),
    [
        pytest.param(
            "FilterGroups", [{**GROUP, "CrossDataset": "ALL_DATASETS"}], "spans data sets", id="all data sets"
        ),
        pytest.param(
            "FilterGroups",
            [
                {
                    **GROUP,
                    "ScopeConfiguration": {
                        "SelectedSheets": {
                            "SheetVisualScopingConfigurations": [
                                {"SheetId": "operations", "Scope": "SELECTED_VISUALS", "VisualIds": ["a"]}
                            ]
                        }
                    },
                }
            ],
            "acts on some visuals",
            id="some visuals",
        ),
        pytest.param(
            "FilterGroups",
            [{**GROUP, "Filters": [{"NumericRangeFilter": SITE_FILTER}]}],
            "is a NumericRangeFilter that the preview does not know",
            id="another kind of filter",
        ),
        pytest.param(
            "ParameterDeclarations",
            [{"IntegerParameterDeclaration": {"Name": "Top", "DefaultValues": {"StaticValues": [3]}}}],
            "parameter 'Top' is a IntegerParameterDeclaration",
            id="a number as a parameter",
        ),
        pytest.param("ColumnConfigurations", [{}], "has ColumnConfigurations", id="column configurations"),
    ],
)
def test_what_the_preview_would_draw_wrongly_is_refused(
    definition: dict[str, Any], feature: str, value: list[dict[str, Any]], sentence: str
) -> None:
    with pytest.raises(DefinitionError, match=sentence):
        read_definition({**definition, feature: value})


@pytest.mark.parametrize("feature", ["FilterControls", "TextBoxes"])
def test_a_sheet_with_more_than_visuals_is_refused(definition: dict[str, Any], feature: str) -> None:
    definition["Sheets"][0][feature] = [{}]
    with pytest.raises(DefinitionError, match=f"has {feature}, which the preview does not draw"):
        read_definition(definition)


def test_an_unknown_kind_of_visual_is_named(definition: dict[str, Any]) -> None:
    ((_, body),) = definition["Sheets"][0]["Visuals"][0].items()
    definition["Sheets"][0]["Visuals"][0] = {"PieChartVisual": body}
    with pytest.raises(DefinitionError, match="visual kind 'PieChartVisual': expected one of KPIVisual"):
        read_definition(definition)


def test_a_tile_without_a_visual_is_named(definition: dict[str, Any]) -> None:
    grid = definition["Sheets"][0]["Layouts"][0]["Configuration"]["GridLayout"]
    grid["Elements"][0]["ElementId"] = "kpi-gone"
    with pytest.raises(DefinitionError, match="layout element 'kpi-gone'"):
        read_definition(definition)


@pytest.mark.parametrize("name", ["", "Mars/Olympus", "../etc/passwd"])
def test_an_unknown_time_zone_is_one_sentence(name: str) -> None:
    with pytest.raises(TimeZoneError, match="expected an IANA name such as Asia/Seoul"):
        time_zone(name)


def test_an_unknown_column_is_one_sentence() -> None:
    with pytest.raises(
        UnknownColumnError, match="'people_now' has no column 'pixels': expected one of site,"
    ):
        PEOPLE_NOW.column("pixels")


def test_what_the_query_raises_reaches_the_caller(definition: dict[str, Any]) -> None:
    def broken(sql: str) -> Any:
        raise ConnectionError(sql[:6])

    with pytest.raises(ConnectionError, match="SELECT"):
        render(start_drawing(definition, broken, DATA_SETS))
