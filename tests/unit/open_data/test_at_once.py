"""Columns read at once say exactly what the same lines say row by row, or are left to be read row by row."""

from __future__ import annotations

import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import CrowdLensError
from lambdas.open_data import delimited
from lambdas.open_data.at_once import columns_of
from lambdas.open_data.convert import Origin
from lambdas.open_data.dialect import Dialect
from lambdas.open_data.load import load, look_at
from lambdas.open_data.profile import load_profile
from lambdas.open_data.summary import summary

COMMA = Dialect(",")


@pytest.mark.parametrize(
    ("lines", "rows"),
    [
        pytest.param(["a,b\r\n", "c,\r\n"], [("a", "b"), ("c", "")], id="plain"),
        pytest.param(
            ["a,b\n", '"x, ""y""",d\n', "e,f"], [("a", "b"), ('x, "y"', "d"), ("e", "f")], id="quoted"
        ),
        pytest.param(["a,NULL\r", ",NaN\r"], [("a", "NULL"), ("", "NaN")], id="nothing is guessed"),
        pytest.param(["가,나\n", "다 ,라\n"], [("가", "나"), ("다 ", "라")], id="korean and spaces"),
        pytest.param(["a,b\n", "c\n"], None, id="another width"),
        pytest.param(["a,b\n", "\n"], [("a", "b"), ("", "")], id="a blank line"),
        pytest.param(["a,b\n", '"c\n', 'd",e\n', "f,g\n", "h,i\n"], None, id="a cell of two lines"),
        pytest.param(["a,b\n", 'c,"d\n', "e,f\n"], None, id="a quote that is never closed"),
        pytest.param(
            ["a,b\n", 'c"d",e\n', "f,g\n"], [("a", "b"), ('c"d"', "e"), ("f", "g")], id="a quote within"
        ),
        pytest.param(["a,b\n", "c," + "x" * 131_073 + "\n"], None, id="a cell that is too long"),
    ],
)
def test_lines_become_columns_or_are_left(lines: list[str], rows: list[tuple[str, ...]] | None) -> None:
    found = columns_of(lines, COMMA)
    assert (found is None) is (rows is None)
    if found is not None and rows is not None:
        columns, keys = found
        assert list(zip(*(column.to_pylist() for column in columns), strict=True)) == rows
        assert len(set(keys)) == len(set(rows))


def test_rows_that_are_equal_share_a_key_however_they_are_written() -> None:
    lines = ["a,b,c\n", '"a",b,c\n', "a,b,c\r\n", '"a,b",c,\n', "x,y,z\n", "x,y,\n", '"x",y,  \n', "q,q,q\n"]
    found = columns_of(lines, COMMA)
    assert found is not None
    keys = found[1]
    assert keys[0] == keys[1] == keys[2]
    assert keys[5] == keys[6]
    assert len(set(keys)) == 5


HEADER = "설치장소명,설치시도명,서비스제공사명,와이파이SSID,설치년월,위도,경도,데이터기준일자,비고,"
CELL = st.sampled_from(
    ["시청", "", " ", "-", '"a,b"', 'q"x', '"open', "=1+1", "설치장소명", "겅상남도", "LGU+", "Nov-15"]
)
NUMBER = st.sampled_from(["37.5663", "126.9779", "0", "1e2", "37°33'58\"", "3.7.1", "1,234", "9" * 30])
ROW = st.one_of(
    st.tuples(CELL, CELL, CELL, CELL, CELL, NUMBER, NUMBER, CELL, CELL).map(",".join),
    st.sampled_from([HEADER, "", ",,,,,,,,,", "a,b", "시청,서울특별시,KT,W,2015-11,37.5,127,2016-05-31,x,"]),
)


def outcome(content: bytes) -> Any:
    """Return everything that became of a file."""
    profile = load_profile("free_wifi")
    origin = Origin("default", "wifi.csv", datetime(2026, 11, 21, tzinfo=UTC))
    with tempfile.TemporaryDirectory() as folder:
        stream = io.BytesIO(content)
        try:
            loaded = load(stream, look_at(stream, [profile], profile), origin, Path(folder))
        except CrowdLensError as error:
            return str(error)
        rows = pq.read_table(loaded.parquet).to_pylist() if loaded.parquet else []
        text = loaded.quarantine.read_text(encoding="utf-8") if loaded.quarantine else ""
    return rows, [json.loads(line) for line in text.splitlines()], json.dumps(summary(loaded), default=str)


@settings(max_examples=120, deadline=None)
@given(st.lists(ROW, min_size=1, max_size=12), st.sampled_from(["cp949", "utf-8"]))
def test_at_once_and_row_by_row_agree_on_every_file(rows: list[str], encoding: str) -> None:
    good = "시청,서울특별시,KT,W,2015-11,37.5,127,2016-05-31,x,"
    content = "\r\n".join((HEADER, *rows, *[good] * 12)).encode(encoding)
    at_once = outcome(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(delimited, "columns_of", lambda *_: None)
        assert outcome(content) == at_once
