from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from infra.local.athena.errors import AthenaQueryError
from infra.local.athena.parameters import Parameter, bind, check_literal, literal_of


@pytest.mark.parametrize(
    ("value", "literal"),
    [
        pytest.param("it's", "'it''s'", id="text with a quote"),
        pytest.param(3, "3", id="whole number"),
        pytest.param(1.5, "1.5e0", id="double, not decimal"),
        pytest.param(True, "TRUE", id="boolean"),
        pytest.param(None, "NULL", id="null"),
        pytest.param(date(2026, 1, 2), "DATE '2026-01-02'", id="date"),
        pytest.param(
            datetime(2026, 1, 2, 3, 4, 5, 600_000, tzinfo=UTC),
            "TIMESTAMP '2026-01-02 03:04:05.600'",
            id="time",
        ),
    ],
)
def test_python_values_become_literals(value: Parameter, literal: str) -> None:
    assert literal_of(value) == literal


def test_marks_are_bound_in_order_and_never_inside_text() -> None:
    sql = "WITH a AS (SELECT ? AS x) SELECT '?' FROM a WHERE x = ?"
    assert bind(sql, ["1", "'?'"]) == "WITH a AS (SELECT 1 AS x) SELECT '?' FROM a WHERE x = '?'"


def test_a_wrong_number_of_values_is_told() -> None:
    with pytest.raises(AthenaQueryError, match="expected 2 but found 1"):
        bind("SELECT ?, ?", ["1"])


@pytest.mark.parametrize("text", ["'a'", "-1", "1.5e0", "true", "NULL", "DATE '2026-01-01'"])
def test_one_literal_is_taken(text: str) -> None:
    assert check_literal(text)


@pytest.mark.parametrize("text", ["abc", "1 OR 1 = 1", "'a', 'b'", "(SELECT 1)", "'a"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(AthenaQueryError, match="is no literal"):
        check_literal(text)
