from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from infra.local.athena.values import csv_bytes, text_of


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(None, None, id="null"),
        pytest.param(True, "true", id="true"),
        pytest.param(False, "false", id="false"),
        pytest.param(42, "42", id="whole number"),
        pytest.param(0.0, "0.0", id="zero"),
        pytest.param(1.0, "1.0", id="whole double"),
        pytest.param(0.3333333333333333, "0.3333333333333333", id="third"),
        pytest.param(0.001, "0.001", id="smallest plain"),
        pytest.param(0.0001, "1.0E-4", id="small"),
        pytest.param(9999999.0, "9999999.0", id="largest plain"),
        pytest.param(1e7, "1.0E7", id="ten million"),
        pytest.param(-1.25e10, "-1.25E10", id="large negative"),
        pytest.param(float("inf"), "Infinity", id="infinity"),
        pytest.param(float("nan"), "NaN", id="not a number"),
        pytest.param(datetime(2026, 1, 2, 3, 4, 5, 6_000), "2026-01-02 03:04:05.006", id="timestamp"),  # noqa: DTZ001
        pytest.param(datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02 00:00:00.000 UTC", id="with zone"),
        pytest.param(date(2026, 1, 2), "2026-01-02", id="date"),
    ],
)
def test_values_are_written_as_athena_writes_them(value: Any, text: str | None) -> None:
    assert text_of(value) == text


def test_csv_tells_a_null_from_empty_text() -> None:
    assert csv_bytes(("a", "b"), [("", None), ('say "x"', 1.5)]) == b'"a","b"\n"",\n"say ""x""","1.5"\n'
