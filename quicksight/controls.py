"""What a reader chooses from: parameters, the controls that set them and the filters that read them.

One parameter acts on every data set that has its column, by one filter group a data set: which rows a control
takes away can be read off the definition, and the preview applies the very same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from quicksight.data_set import DataSet
from quicksight.fields import JsonObject, column_identifier
from quicksight.label import Label


@dataclass(frozen=True)
class Choice:
    """Any number of the values of a text column: at first those named, or all of them when none is.

    `offered_by` is the data set whose values are offered, only those that go with what is chosen in
    `narrowed_by`. Where `keeps_rows_without` is set, rows without a value stay whatever is chosen: a finding
    of a whole device concerns each of its cameras.
    """

    name: str
    label: Label
    column: str
    offered_by: DataSet
    narrowed_by: tuple[Choice, ...] = ()
    keeps_rows_without: bool = False
    chosen_at_first: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Name of the parameter."""
        return (self.name,)


@dataclass(frozen=True)
class Period:
    """The days from one date to another, both included; at first the last `days`, today among them."""

    start_name: str
    start_label: Label
    end_name: str
    end_label: Label
    days: int

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the two parameters, the start first."""
        return (self.start_name, self.end_name)


Control = Choice | Period


def parameter_declarations(controls: Sequence[Control]) -> list[JsonObject]:
    """Return the `ParameterDeclarations` of all controls."""
    declared: list[JsonObject] = []
    for control in controls:
        if isinstance(control, Choice):
            declared.append({"StringParameterDeclaration": _any_of(control)})
        else:
            starts = f"addDateTime(-{control.days - 1}, 'DD', truncDate('DD', now()))"
            declared.append({"DateTimeParameterDeclaration": _day(control.start_name, starts)})
            declared.append(
                {"DateTimeParameterDeclaration": _day(control.end_name, "truncDate('DD', now())")}
            )
    return declared


def control_id(sheet_id: str, parameter: str) -> str:
    """Return the id of the control of `parameter` on a sheet."""
    return f"choose-{sheet_id}-{parameter}"


def parameter_controls(sheet_id: str, controls: Sequence[Control]) -> list[JsonObject]:
    """Return the `ParameterControls` of one sheet; every sheet has its own for the same parameters."""
    made: list[JsonObject] = []
    for control in controls:
        if isinstance(control, Choice):
            made.append({"Dropdown": _dropdown(sheet_id, control)})
        else:
            for name, label in zip(control.names, (control.start_label, control.end_label), strict=True):
                made.append({"DateTimePicker": _picker(sheet_id, name, label)})
    return made


def filter_groups(
    controls: Sequence[Control], used_on: Mapping[str, Sequence[str]], data_sets: Sequence[DataSet]
) -> list[JsonObject]:
    """Return a `FilterGroup` for every control and every data set that it acts on.

    `used_on` has the ids of the sheets that show a data set, by the data set's identifier.
    """
    groups = []
    for control in controls:
        for data_set in data_sets:
            for name, filtered in _filters(control, data_set):
                identifier = f"{name}-{data_set.identifier.replace('_', '-')}"
                groups.append(_group(identifier, filtered, used_on[data_set.identifier]))
    return groups


def _filters(control: Control, data_set: DataSet) -> Iterator[tuple[str, JsonObject]]:
    if isinstance(control, Choice):
        if data_set.has_column(control.column):
            yield control.name, {"CategoryFilter": _chosen(control, data_set)}
    elif data_set.period_column is not None:
        yield "Period", {"TimeRangeFilter": _within(control, data_set, data_set.period_column)}


def _group(identifier: str, filtered: JsonObject, sheet_ids: Sequence[str]) -> JsonObject:
    ((_, body),) = filtered.items()
    body["FilterId"] = f"filter-{identifier}"
    sheets = [{"SheetId": sheet_id, "Scope": "ALL_VISUALS"} for sheet_id in sheet_ids]
    return {
        "FilterGroupId": f"filters-{identifier}",
        "Filters": [filtered],
        "ScopeConfiguration": {"SelectedSheets": {"SheetVisualScopingConfigurations": sheets}},
        "Status": "ENABLED",
        "CrossDataset": "SINGLE_DATASET",
    }


def _chosen(control: Choice, data_set: DataSet) -> JsonObject:
    return {
        "Column": column_identifier(data_set, control.column),
        "Configuration": {
            "CustomFilterConfiguration": {
                "MatchOperator": "EQUALS",
                "ParameterName": control.name,
                "NullOption": "ALL_VALUES" if control.keeps_rows_without else "NON_NULLS_ONLY",
            }
        },
    }


def _within(period: Period, data_set: DataSet, column: str) -> JsonObject:
    return {
        "Column": column_identifier(data_set, column),
        "IncludeMinimum": True,
        "IncludeMaximum": True,
        "RangeMinimumValue": {"Parameter": period.start_name},
        "RangeMaximumValue": {"Parameter": period.end_name},
        # By day, so that the last day counts whole and not only its first instant.
        "TimeGranularity": "DAY",
        "NullOption": "NON_NULLS_ONLY",
    }


def _any_of(choice: Choice) -> JsonObject:
    # Without a default the recommended value is every value, those that come later too.
    chosen = {"StaticValues": list(choice.chosen_at_first)} if choice.chosen_at_first else {}
    return {
        "ParameterValueType": "MULTI_VALUED",
        "Name": choice.name,
        "DefaultValues": chosen,
        "ValueWhenUnset": {"ValueWhenUnsetOption": "RECOMMENDED_VALUE"},
    }


def _day(name: str, expression: str) -> JsonObject:
    return {
        "Name": name,
        "DefaultValues": {"RollingDate": {"Expression": expression}},
        "TimeGranularity": "DAY",
    }


def _dropdown(sheet_id: str, choice: Choice) -> JsonObject:
    dropdown: JsonObject = {
        "ParameterControlId": control_id(sheet_id, choice.name),
        "Title": str(choice.label),
        "SourceParameterName": choice.name,
        "DisplayOptions": {
            "SelectAllOptions": {"Visibility": "VISIBLE"},
            "TitleOptions": {"Visibility": "VISIBLE"},
        },
        "Type": "MULTI_SELECT",
        "SelectableValues": {"LinkToDataSetColumn": column_identifier(choice.offered_by, choice.column)},
    }
    if choice.narrowed_by:
        sources = [
            {
                "SourceSheetControlId": control_id(sheet_id, other.name),
                "ColumnToMatch": column_identifier(choice.offered_by, other.column),
            }
            for other in choice.narrowed_by
        ]
        dropdown["CascadingControlConfiguration"] = {"SourceControls": sources}
    return dropdown


def _picker(sheet_id: str, name: str, label: Label) -> JsonObject:
    return {
        "ParameterControlId": control_id(sheet_id, name),
        "Title": str(label),
        "SourceParameterName": name,
        "DisplayOptions": {
            "TitleOptions": {"Visibility": "VISIBLE"},
            "DateTimeFormat": "YYYY-MM-DD",
        },
    }
