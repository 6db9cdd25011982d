"""Rows of several parts: sorted, each once, by bucket, nulls and all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.columns import ColumnType
from contract.tables import TABLES
from lambdas.compactor import folding
from lambdas.compactor.encoding import decode_rows, encode_rows
from lambdas.compactor.folding import bucket_of, fold

TABLE = TABLES["device_health"]
ROWS = st.lists(
    st.tuples(st.sampled_from(["s1", "s2"]), st.sampled_from([None, "c1", "c2"]), st.integers(1, 9)),
    max_size=12,
)


def part(rows: list[tuple[str, str | None, int]], *, mark: float = 0.0) -> pa.Table:
    """Rows of (site, camera, number); `mark` tells parts apart."""
    columns: list[Any] = []
    for column in TABLE.columns:
        fixed: dict[str, list[Any]] = {
            "site": [site for site, _, _ in rows],
            "camera": [camera for _, camera, _ in rows],
            "sequence": [number for _, _, number in rows],
            "event_time": [datetime(2026, 11, 20, 0, number) for _, _, number in rows],  # noqa: DTZ001
            "record_id": [f"{site}:{camera}:{number}" for site, camera, number in rows],
            "cpu_percent": [mark] * len(rows),
        }
        plain = {ColumnType.TEXT: "x", ColumnType.INTEGER: 1, ColumnType.REAL: 0.5, ColumnType.BOOLEAN: True}
        values = fixed.get(column.name) or [None if column.nullable else plain.get(column.type) for _ in rows]
        columns.append(pa.array(values, pa.type_for_alias(column.arrow_type)))
    data = pa.table(columns, names=[column.name for column in TABLE.columns])
    return decode_rows(encode_rows(data, TABLE), TABLE, "part")


def keys(data: pa.Table) -> list[tuple[str, str | None, int]]:
    names = ("site", "camera", "sequence")
    return list(zip(*(data.column(name).to_pylist() for name in names), strict=True))


@settings(deadline=None)
@given(st.lists(ROWS, min_size=1, max_size=4), st.sampled_from([1, 2, 8]))
def test_every_record_comes_out_once_in_its_bucket_and_in_order(
    parts: list[list[tuple[str, str | None, int]]], buckets: int
) -> None:
    folded = fold([part(rows) for rows in parts], buckets)
    found = [(rows.bucket, key) for rows in folded.buckets for key in keys(rows.data)]
    assert {key for _, key in found} == {key for rows in parts for key in rows}
    assert len(found) + folded.duplicates == sum(map(len, parts))
    assert all(bucket == bucket_of(key[0], key[1], "x", buckets) for bucket, key in found)
    assert found == sorted(found, key=lambda item: (item[0], item[1][0], item[1][1] or "", item[1][2]))


@pytest.mark.parametrize(
    "limit", [pytest.param(2**62, id="codes fit"), pytest.param(4, id="codes are counted anew")]
)
def test_many_different_names_are_kept_apart(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(folding, "_CODE_LIMIT", limit)
    rows = [
        (f"s{site}", camera, number) for site in range(4) for camera in (None, "a", "b") for number in (1, 2)
    ]
    folded = fold([part(rows), part(rows[::-1])], 1)
    assert keys(folded.buckets[0].data) == sorted(rows, key=lambda row: (row[0], row[1] or "", row[2]))
    assert folded.duplicates == len(rows)


def test_the_row_of_the_first_part_stays() -> None:
    folded = fold([part([("s1", "c1", 1)], mark=2.0), part([("s1", "c1", 1)], mark=1.0)], 1)
    assert folded.buckets[0].data.column("cpu_percent").to_pylist() == [2.0]


def test_a_bucket_is_the_same_in_every_version() -> None:
    """Objects of a day that is opened again must meet their cameras' older rows."""
    found = [bucket_of("seoul-1", f"plaza-{number}", "edge-1", 16) for number in range(6)]
    assert found == [6, 0, 10, 12, 15, 9]
    assert bucket_of("seoul-1", None, "edge-1", 16) == bucket_of("seoul-1", "edge-1", None, 16)
