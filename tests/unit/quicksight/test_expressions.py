from __future__ import annotations

from datetime import UTC, datetime

import pytest

from quicksight.expressions import (
    ExpressionError,
    aggregation_fault,
    athena_sql,
    columns_of,
    parameters_of,
    parse,
    rolling_date,
)

NOW = datetime(2026, 11, 21, 10, 42, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("expression", "sql"),
    [
        pytest.param("sum({a})", 'SUM(d."a")', id="aggregation"),
        pytest.param(
            "(sum({a}) - sum({b})) / sum({b}) * 100",
            '((CAST((SUM(d."a") - SUM(d."b")) AS double) / NULLIF(SUM(d."b"), 0)) * 100)',
            id="from the left, dividing by zero gives nothing",
        ),
        pytest.param("1 + 2 * 3", "(1 + (2 * 3))", id="times binds tighter"),
        pytest.param("-{a} - -1", '((- d."a") - (- 1))', id="signs"),
        pytest.param("NOT {a} = 1 OR {b} <> 'x'", '((NOT (d."a" = 1)) OR (d."b" <> \'x\'))', id="not"),
        pytest.param(
            "ifelse(isNull({a}), 0, {a} > 3, 1, 2)",
            'CASE WHEN (d."a" IS NULL) THEN 0 WHEN (d."a" > 3) THEN 1 ELSE 2 END',
            id="choice",
        ),
        pytest.param("distinct_count({a})", 'COUNT(DISTINCT d."a")', id="distinct"),
        pytest.param("coalesce({a}, NULL, 'no')", "COALESCE(d.\"a\", NULL, 'no')", id="null"),
        pytest.param("{two words}", 'd."two words"', id="name with a space"),
    ],
)
def test_an_expression_in_athenas_words(expression: str, sql: str) -> None:
    assert athena_sql(expression, table="d") == sql


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("", "a value, not the end", id="nothing"),
        pytest.param("sum({a}", "',' instead of the end", id="open bracket"),
        pytest.param("sum()", "sum of 1 argument(s), not 0", id="too few arguments"),
        pytest.param("median({a})", "one of the functions", id="unknown function"),
        pytest.param("{a} {b}", "the end instead of 'b'", id="two values"),
        pytest.param("{a} +", "a value, not the end", id="operator at the end"),
        pytest.param("{a} ~ 1", "a value or an operator at '~ 1'", id="unknown sign"),
        pytest.param("(" * 60 + "1" + ")" * 60, "at most 50 levels", id="too deep"),
        pytest.param("AND", "a value instead of 'AND'", id="word"),
    ],
)
def test_what_cannot_be_read_is_said_in_one_sentence(expression: str, expected: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(expression)
    assert expected in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("expression", "fault"),
    [
        pytest.param("sum({a}) / sum({b})", None, id="ratio of sums"),
        pytest.param("{a} / {b}", None, id="row by row"),
        pytest.param("sum({a} * {b}) / 2", None, id="product within a sum"),
        pytest.param("sum({a}) / {b}", "column 'b' beside an aggregation", id="mixed"),
        pytest.param("max(sum({a}))", "max() over what is aggregated already", id="twice"),
    ],
)
def test_aggregations_that_quicksight_refuses_are_found(expression: str, fault: str | None) -> None:
    found = aggregation_fault(parse(expression))
    assert (found is None) is (fault is None)
    assert (found or "").startswith(fault or "")


def test_what_an_expression_reads() -> None:
    node = parse("ifelse({a} > ${Least}, {b}, {a})")
    assert (columns_of(node), parameters_of(node)) == (["a", "b"], ["Least"])


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        pytest.param("now()", NOW, id="now"),
        pytest.param("truncDate('DD', now())", datetime(2026, 11, 21, tzinfo=UTC), id="today"),
        pytest.param(
            "addDateTime(-6, 'DD', truncDate('DD', now()))", datetime(2026, 11, 15, tzinfo=UTC), id="a week"
        ),
        pytest.param(
            "addDateTime(2, 'HH', now())", datetime(2026, 11, 21, 12, 42, 7, tzinfo=UTC), id="hours"
        ),
    ],
)
def test_the_default_of_a_date(expression: str, expected: datetime) -> None:
    assert rolling_date(expression, NOW) == expected


@pytest.mark.parametrize(
    "expression", ["{day}", "truncDate('MM', now())", "addDateTime({n}, 'DD', now())", "1"]
)
def test_a_default_that_is_no_date_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError, match="default"):
        rolling_date(expression, NOW)


@pytest.mark.parametrize("expression", ["${Site}", "now()", "ifelse(1, 2, 3, 4)"])
def test_what_has_no_place_in_a_query_is_refused(expression: str) -> None:
    with pytest.raises(ExpressionError, match="expected"):
        athena_sql(expression, table="d")
