"""Runs every rule."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from quicksight.dashboard import Dashboard
from quicksight.data_set import DataSet
from quicksight.linter import choices, columns, structure, texts
from quicksight.linter.findings import Finding, Json, Linted

RULES: Sequence[Callable[[Linted], Iterator[Finding]]] = (
    columns.columns_exist,
    columns.calculated_fields_parse,
    columns.aggregations_fit,
    columns.maps_have_degrees,
    columns.filters_read_what_they_can,
    choices.parameters_are_declared_and_used,
    choices.defaults_are_dates,
    choices.filters_act_on_something,
    choices.controls_resolve,
    texts.visuals_have_texts,
    texts.names_are_in_both_languages,
    texts.nothing_is_never_zero,
    structure.ids_are_unique,
    structure.fields_are_unique_and_resolve,
    structure.data_sets_are_declared,
    structure.tiles_lie_on_the_grid,
    structure.within_limits,
)


def lint(dashboards: Sequence[Dashboard], data_sets: Sequence[DataSet]) -> list[Finding]:
    """Return what is wrong with the definitions of `dashboards`."""
    return [
        finding
        for dashboard in dashboards
        for finding in lint_definition(dashboard.dashboard_id, dashboard.definition(), data_sets)
    ]


def lint_definition(name: str, definition: Json, data_sets: Sequence[DataSet]) -> list[Finding]:
    """Return what is wrong with one definition, whoever wrote it."""
    linted = Linted(name, definition, {data_set.identifier: data_set for data_set in data_sets})
    return list(dict.fromkeys(finding for rule in RULES for finding in rule(linted)))
