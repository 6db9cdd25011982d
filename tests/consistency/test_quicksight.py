"""What users' copies of a dashboard stand on, and what QuickSight's API accepts.

No live account is asked: the shapes are those of the SDK that deploys the dashboard.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.validate import ParamValidator

from quicksight.dashboard import Dashboard
from quicksight.dashboards.catalog import DASHBOARDS
from quicksight.data_set import DataSet, ImportMode, logical_table_map, physical_table_map
from quicksight.data_sets import DATA_SETS
from quicksight.label import SEPARATOR
from quicksight.lock import check_lock, ids_of, read_lock
from quicksight.sheets import GRID_COLUMNS
from quicksight.theme import DATA_COLORS, INK, SURFACE, theme_configuration

Json = dict[str, Any]

DATA_SOURCE_ARN = "arn:aws:quicksight:ap-northeast-2:111122223333:datasource/crowdlens"
EVERY_DATA_SET = pytest.mark.parametrize("data_set", DATA_SETS, ids=lambda data_set: data_set.identifier)


@pytest.fixture(scope="module")
def service() -> Any:
    return botocore.session.get_session().get_service_model("quicksight")


@pytest.fixture(scope="module", params=DASHBOARDS, ids=lambda dashboard: dashboard.dashboard_id)
def dashboard(request: pytest.FixtureRequest) -> Dashboard:
    """Each dashboard in turn."""
    found: Dashboard = request.param
    return found


@pytest.fixture(scope="module")
def definition(dashboard: Dashboard) -> Json:
    return dashboard.definition(time_zone="Asia/Seoul")


def faults(value: Any, shape: Shape) -> str:
    """What the API would refuse: unknown and missing members, types, and what botocore itself lets pass."""
    report = ParamValidator().validate(value, shape)
    return str(report.generate_report()) or "\n".join(_beyond_botocore(value, shape, shape.name))


def _beyond_botocore(value: Any, shape: Shape, place: str) -> Iterator[str]:
    if isinstance(shape, StructureShape):
        for name, member in value.items():
            yield from _beyond_botocore(member, shape.members[name], f"{place}.{name}")
    elif isinstance(shape, MapShape):
        for key, member in value.items():
            yield from _beyond_botocore(key, shape.key, f"{place} key")
            yield from _beyond_botocore(member, shape.value, f"{place}.{key}")
    elif isinstance(shape, ListShape):
        for index, member in enumerate(value):
            yield from _beyond_botocore(member, shape.member, f"{place}[{index}]")
    if isinstance(value, str):
        yield from _text_faults(value, shape, place)
    if isinstance(value, str | list | dict) and len(value) > shape.metadata.get("max", len(value)):
        yield f"{place}: {len(value)} long, more than {shape.metadata['max']}"


def _text_faults(value: str, shape: Any, place: str) -> Iterator[str]:
    if getattr(shape, "enum", None) and value not in shape.enum:
        yield f"{place}: {value!r} is not one of {shape.enum}"
    pattern = shape.metadata.get("pattern")
    # Patterns of Java that Python spells differently have nothing to do with what we write.
    if pattern and "\\p{" not in pattern and re.fullmatch(pattern, value) is None:
        yield f"{place}: {value!r} does not match {pattern}"


def visuals_of(definition: Json) -> dict[str, Json]:
    """Return the body of each visual by its id."""
    bodies = [body for sheet in definition["Sheets"] for item in sheet["Visuals"] for body in item.values()]
    return {body["VisualId"]: body for body in bodies}


def find(tree: Any, key: str) -> Iterator[Any]:
    """Yield every value of `key` in nested dicts and lists."""
    if isinstance(tree, dict):
        for name, value in tree.items():
            if name == key:
                yield value
            yield from find(value, key)
    elif isinstance(tree, list):
        for value in tree:
            yield from find(value, key)


def test_the_dashboard_is_what_create_dashboard_accepts(
    service: Any, dashboard: Dashboard, definition: Json
) -> None:
    request = service.operation_model("CreateDashboard").input_shape
    assert faults(definition, request.members["Definition"]) == ""
    assert faults(dashboard.dashboard_id, request.members["DashboardId"]) == ""
    assert faults(str(dashboard.name), request.members["Name"]) == ""


def test_the_theme_is_what_create_theme_accepts(service: Any) -> None:
    request = service.operation_model("CreateTheme").input_shape
    assert faults(theme_configuration(), request.members["Configuration"]) == ""


@EVERY_DATA_SET
def test_the_data_set_is_what_create_data_set_accepts(service: Any, data_set: DataSet) -> None:
    request = service.operation_model("CreateDataSet").input_shape
    table_map = physical_table_map(data_set, DATA_SOURCE_ARN)
    assert faults(table_map, request.members["PhysicalTableMap"]) == ""
    if (logical := logical_table_map(data_set)) is not None:
        assert faults(logical, request.members["LogicalTableMap"]) == ""
    assert faults(data_set.data_set_id, request.members["DataSetId"]) == ""
    assert faults(str(data_set.label), request.members["Name"]) == ""
    assert data_set.import_mode in ImportMode


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({"Sheets": [{"SheetId": "a b"}]}, "does not match", id="pattern"),
        pytest.param({"Options": {"WeekStart": "MOON"}}, "is not one of", id="enum"),
        pytest.param({"Sheet": []}, "Unknown parameter", id="unknown member"),
        pytest.param({"Sheets": "operations"}, "Invalid type", id="type"),
    ],
)
def test_the_check_itself_finds_faults(service: Any, definition: Json, change: Json, expected: str) -> None:
    shape = service.shape_for("DashboardVersionDefinition")
    assert expected in faults({**definition, **change}, shape)


def test_no_id_that_a_copy_stands_on_ever_goes() -> None:
    check_lock(read_lock(), ids_of(DATA_SETS, DASHBOARDS))


def test_ids_are_unique(definition: Json) -> None:
    visuals = [body["VisualId"] for s in definition["Sheets"] for v in s["Visuals"] for body in v.values()]
    wells = [body["ChartConfiguration"]["FieldWells"] for body in visuals_of(definition).values()]
    names = [*visuals, *find(wells, "FieldId"), *(data_set.identifier for data_set in DATA_SETS)]
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_every_visual_reads_columns_that_its_declared_data_set_has(definition: Json) -> None:
    by_id = {data_set.data_set_id: data_set for data_set in DATA_SETS}
    declared = {
        item["Identifier"]: by_id[item["DataSetArn"].rpartition("/")[2]]
        for item in definition["DataSetIdentifierDeclarations"]
    }
    read = list(find(definition, "Column"))
    assert len(read) > len(visuals_of(definition))
    for column in read:
        assert declared[column["DataSetIdentifier"]].column(column["ColumnName"])


def test_sorts_and_labels_name_fields_of_their_visual(definition: Json) -> None:
    for body in visuals_of(definition).values():
        configuration = dict(body["ChartConfiguration"])
        known = set(find(configuration.pop("FieldWells"), "FieldId"))
        assert known
        assert set(find(configuration, "FieldId")) <= known


def test_every_visual_has_a_title_a_subtitle_and_alternative_text(definition: Json) -> None:
    for identifier, body in visuals_of(definition).items():
        for part in ("Title", "Subtitle"):
            english, _, korean = body[part]["FormatText"]["PlainText"].partition(SEPARATOR)
            assert english, f"{identifier}: {part}"
            assert re.search("[가-힣]", korean), f"{identifier}: {part}"
        assert len(body["VisualContentAltText"]) > 15, identifier


def test_tiles_lie_on_the_grid_and_never_on_each_other(definition: Json) -> None:
    for sheet in definition["Sheets"]:
        cells: Counter[tuple[int, int]] = Counter()
        for item in sheet["Layouts"][0]["Configuration"]["GridLayout"]["Elements"]:
            right = item["ColumnIndex"] + item["ColumnSpan"]
            assert right <= GRID_COLUMNS
            rows = range(item["RowIndex"], item["RowIndex"] + item["RowSpan"])
            cells.update((column, row) for column in range(item["ColumnIndex"], right) for row in rows)
        assert set(cells.values()) == {1}


def luminance(color: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_text_of_the_theme_can_be_read_and_colours_of_data_differ() -> None:
    palette = theme_configuration()["UIColorPalette"]
    pairs = [
        (palette[f"{name}Foreground"], palette[name])
        for name in ("Accent", "Danger", "Warning", "Success", "Dimension", "Measure")
    ]
    pairs += [(INK, SURFACE), (palette["SecondaryForeground"], palette["SecondaryBackground"])]
    for ink, ground in pairs:
        bright, dark = sorted((luminance(ink), luminance(ground)), reverse=True)
        assert (bright + 0.05) / (dark + 0.05) >= 4.5, (ink, ground)
    assert len(set(DATA_COLORS)) == len(DATA_COLORS) >= 7
