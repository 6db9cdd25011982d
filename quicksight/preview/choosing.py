"""What a reader may choose on a dashboard and what was chosen: parameters, and the filters that read them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from contract.errors import CrowdLensError
from quicksight.expressions import rolling_date
from quicksight.preview.errors import DefinitionError

Json = Mapping[str, Any]


class ChoiceError(CrowdLensError):
    """Raised for a choice that the dashboard does not offer, or a period that ends before it begins."""


@dataclass(frozen=True)
class TextParameter:
    """Any number of texts; nothing chosen means all."""

    name: str
    default: tuple[str, ...] = ()


@dataclass(frozen=True)
class DayParameter:
    """One day; `expression` says which, where nobody chose."""

    name: str
    expression: str


Parameter = TextParameter | DayParameter


@dataclass(frozen=True)
class TextFilter:
    """Rows whose column is one of the texts chosen for a parameter."""

    data_set: str
    column: str
    parameter: str
    null_option: str
    sheets: frozenset[str] | None


@dataclass(frozen=True)
class DayFilter:
    """Rows whose instant is within two days, both included."""

    data_set: str
    column: str
    first: str
    last: str
    null_option: str
    sheets: frozenset[str] | None


Filter = TextFilter | DayFilter


@dataclass(frozen=True)
class Chosen:
    """What was chosen, by parameter; what is not named keeps its default."""

    texts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    days: Mapping[str, date] = field(default_factory=dict)


@dataclass(frozen=True)
class Choices:
    """All parameters and filters of one definition; `labels` are the titles of the parameters' controls."""

    parameters: tuple[Parameter, ...] = ()
    filters: tuple[Filter, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    offered: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """Data set and column whose values a control offers, by parameter."""

    def acting_on(self, data_set: str, sheet_id: str) -> list[Filter]:
        """Return the filters of a data set on a sheet."""
        return [
            one
            for one in self.filters
            if one.data_set == data_set and (one.sheets is None or sheet_id in one.sheets)
        ]

    @property
    def period(self) -> tuple[str, str] | None:
        """Names of the parameters of the first and the last day, if the dashboard has a period."""
        return next(((one.first, one.last) for one in self.filters if isinstance(one, DayFilter)), None)

    @property
    def columns(self) -> dict[str, str]:
        """The parameter that filters a text column, by column."""
        return {one.column: one.parameter for one in self.filters if isinstance(one, TextFilter)}


def resolve(choices: Choices, chosen: Chosen, *, now: datetime) -> Chosen:
    """Return a value for every parameter: what was chosen, else its default at `now`, an aware local time.

    Raises `ChoiceError` when a period ends before it begins.
    """
    texts = {one.name: one.default for one in choices.parameters if isinstance(one, TextParameter)}
    days = {
        one.name: rolling_date(one.expression, now).date()
        for one in choices.parameters
        if isinstance(one, DayParameter)
    }
    known = Chosen(
        {name: tuple(chosen.texts.get(name, value)) for name, value in texts.items()},
        {name: chosen.days.get(name, value) for name, value in days.items()},
    )
    if choices.period is not None:
        first, last = (known.days[name] for name in choices.period)
        if last < first:
            raise ChoiceError(f"the period is {first} to {last}: expected the first day to be no later")
    return known


def chosen_from(
    choices: Choices, texts: Iterable[tuple[str, str]], first: date | None, last: date | None
) -> Chosen:
    """Return a choice from pairs of column and value and from days; what the dashboard lacks is left out."""
    gathered: dict[str, tuple[str, ...]] = {}
    for column, value in texts:
        if column in choices.columns:
            name = choices.columns[column]
            gathered[name] = (*gathered.get(name, ()), value)
    days: dict[str, date] = {}
    if choices.period is not None:
        given = zip(choices.period, (first, last), strict=True)
        days = {name: day for name, day in given if day is not None}
    return Chosen(gathered, days)


def chosen_for_all(
    definitions: Mapping[str, Json], texts: Sequence[tuple[str, str]], first: date | None, last: date | None
) -> dict[str, Chosen]:
    """Return the choice for each definition, by key; raises `ChoiceError` for a column that none filters."""
    choices = {key: read_choices(definition) for key, definition in definitions.items()}
    known = list(dict.fromkeys(column for one in choices.values() for column in one.columns))
    for column, _ in texts:
        if column not in known:
            expected = ", ".join(known) or "none: there are no filters"
            raise ChoiceError(f"filter {column!r} is not one of the dashboard: expected {expected}")
    return {key: chosen_from(one, texts, first, last) for key, one in choices.items()}


def instants(days: tuple[date, date], zone: ZoneInfo) -> tuple[datetime, datetime]:
    """Return the first instant of the first day and the first after the last, on the clock of `zone`."""
    first, last = days
    return (
        datetime.combine(first, time.min, zone),
        datetime.combine(last + timedelta(days=1), time.min, zone),
    )


def read_choices(definition: Json) -> Choices:
    """Return parameters and filters of a definition; raises `DefinitionError` for kinds it does not know."""
    controls = [
        body
        for sheet in definition["Sheets"]
        for control in sheet.get("ParameterControls", ())
        for body in control.values()
    ]
    links = {
        str(body["SourceParameterName"]): body.get("SelectableValues", {}).get("LinkToDataSetColumn")
        for body in controls
    }
    return Choices(
        parameters=tuple(_parameter(one) for one in definition.get("ParameterDeclarations", ())),
        filters=tuple(
            read
            for group in definition.get("FilterGroups", ())
            if group.get("Status", "ENABLED") == "ENABLED"
            for read in _filters(group)
        ),
        labels={str(body["SourceParameterName"]): str(body["Title"]) for body in controls},
        offered={
            name: (str(link["DataSetIdentifier"]), str(link["ColumnName"]))
            for name, link in links.items()
            if link is not None
        },
    )


def _parameter(declaration: Json) -> Parameter:
    ((kind, body),) = declaration.items()
    name, defaults = str(body["Name"]), body.get("DefaultValues", {})
    if kind == "StringParameterDeclaration":
        return TextParameter(name, tuple(str(value) for value in defaults.get("StaticValues", ())))
    if kind == "DateTimeParameterDeclaration" and "RollingDate" in defaults:
        return DayParameter(name, str(defaults["RollingDate"]["Expression"]))
    raise DefinitionError(
        f"parameter {name!r} is a {kind} with the default {defaults}: expected texts or a rolling date"
    )


def _filters(group: Json) -> list[Filter]:
    identifier = group["FilterGroupId"]
    if group.get("CrossDataset", "SINGLE_DATASET") != "SINGLE_DATASET":
        raise DefinitionError(
            f"filter group {identifier!r} spans data sets: expected one of a single data set"
        )
    sheets = _sheets(group)
    return [_filter(kind, body, sheets) for one in group["Filters"] for kind, body in one.items()]


def _sheets(group: Json) -> frozenset[str] | None:
    """Return the ids of the sheets that a group acts on, None for all."""
    scope = group.get("ScopeConfiguration", {})
    if "AllSheets" in scope:
        return None
    scopes: Sequence[Json] = scope.get("SelectedSheets", {}).get("SheetVisualScopingConfigurations", ())
    if not scopes or any(one.get("Scope") != "ALL_VISUALS" for one in scopes):
        raise DefinitionError(
            f"filter group {group['FilterGroupId']!r} acts on some visuals: expected all of its sheets"
        )
    return frozenset(str(one["SheetId"]) for one in scopes)


def _filter(kind: str, body: Json, sheets: frozenset[str] | None) -> Filter:
    column = body["Column"]
    place = str(column["DataSetIdentifier"]), str(column["ColumnName"])
    custom = body.get("Configuration", {}).get("CustomFilterConfiguration", {})
    if kind == "CategoryFilter" and custom.get("MatchOperator") == "EQUALS" and "ParameterName" in custom:
        return TextFilter(*place, str(custom["ParameterName"]), str(custom["NullOption"]), sheets)
    bounds = [body.get(name, {}).get("Parameter") for name in ("RangeMinimumValue", "RangeMaximumValue")]
    whole_days = body.get("TimeGranularity") == "DAY" and all(
        body.get(name) for name in ("IncludeMinimum", "IncludeMaximum")
    )
    if kind == "TimeRangeFilter" and all(bounds) and whole_days:
        return DayFilter(*place, str(bounds[0]), str(bounds[1]), str(body["NullOption"]), sheets)
    raise DefinitionError(
        f"filter {body.get('FilterId')!r} is a {kind} that the preview does not know: "
        "expected one that equals a parameter, or whole days from one parameter to another"
    )
