"""A count by hand is read exactly, or refused with a sentence that says where and what."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cli.audit.hand_file import HandCountError, Subject, read_hand_file

HEADER = "start,end,line,direction,count,zone,people,stratum,weight,note"
NINE = 1_795_219_200_000  # 2026-11-21T00:00:00Z


def read(tmp_path: Path, *lines: str, origin_ms: int | None = NINE) -> list[tuple[object, ...]]:
    path = tmp_path / "hand.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [
        (str(row.subject), row.start_ms - NINE, row.end_ms - NINE, row.count, row.stratum, row.weight)
        for row in read_hand_file(path, origin_ms)
    ]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        pytest.param(
            "2026-11-21T09:00:00+09:00,2026-11-21T09:01:00+09:00,road,in,7,,,,,",
            ("road in", 0, 60_000, 7, "", None),
            id="times-with-offset",
        ),
        pytest.param("0,40.5,road,out,0,,,,,", ("road out", 0, 40_500, 0, "", None), id="seconds"),
        pytest.param("60,,,,,lawn,3,,,", ("zone lawn", 60_000, 60_000, 3, "", None), id="zone-at-an-instant"),
        pytest.param(
            "0,60,road,in,,,,busy,12.5,", ("road in", 0, 60_000, None, "busy", 12.5), id="to-fill-in"
        ),
        pytest.param("0,60,길,in,4,,,,,메모", ("길 in", 0, 60_000, 4, "", None), id="korean"),
        pytest.param("0,60,road,in,4", ("road in", 0, 60_000, 4, "", None), id="short-row"),
    ],
)
def test_a_row_is_read(tmp_path: Path, row: str, expected: tuple[object, ...]) -> None:
    assert read(tmp_path, "# by Kim", '"# a remark, quoted"', HEADER, "", row) == [expected]


def test_a_byte_order_mark_and_other_column_orders_are_fine(tmp_path: Path) -> None:
    path = tmp_path / "hand.csv"
    path.write_text("count,Line,direction,start,end\n3,road,in,0,60\n", encoding="utf-8-sig")
    assert read_hand_file(path, 0)[0].count == 3


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        pytest.param(["0,60,road,in,-1"], "line 2: count is '-1': expected a whole number", id="negative"),
        pytest.param(["0,60,road,in,2.5"], "count is '2.5'", id="fraction"),
        pytest.param(["0,60,road,up,1"], "direction is 'up': expected in or out", id="direction"),
        pytest.param(["60,60,road,in,1"], "end is '60': expected a time after start", id="no-length"),
        pytest.param(["0,60,road,in,1,lawn,2"], "expected one of them", id="line-and-zone"),
        pytest.param(["0,60,,,1"], "expected one of them", id="neither"),
        pytest.param(["0,60,,,,lawn,1"], "one instant", id="zone-over-a-stretch"),
        pytest.param(
            ["-5,60,road,in,1"], "start is '-5': expected seconds from the start", id="before-start"
        ),
        pytest.param(["0,1e300,road,in,1"], "end is '1e300': expected seconds", id="beyond-time"),
        pytest.param(["0001-01-01T00:00+09:00,60,road,in,1"], "a year from 2000", id="year-one"),
        pytest.param(["0,60,road,in," + "9" * 5000], "a whole number", id="endless-digits"),
        pytest.param(["nan,60,road,in,1"], "start is 'nan'", id="not-a-number"),
        pytest.param(["9 am,60,road,in,1"], "start is '9 am': expected a time like", id="no-time"),
        pytest.param(["2026-11-21T09:00:00,60,road,in,1"], "expected an offset", id="no-offset"),
        pytest.param(
            ["0,60,road,in,1", "59,90,road,in,1"], "lines 2 and 3 count road in at the", id="overlap"
        ),
        pytest.param(["0,,,,,lawn,1", "0,,,,,lawn,2"], "lines 2 and 3", id="instant-twice"),
        pytest.param(["0,60,road,in,1,,,a,2", "60,90,road,in,1"], "line 3: weight is empty", id="no-weight"),
        pytest.param(["0,60,road,in,1,,,a,0.5"], "weight is '0.5'", id="weight-below-one"),
        pytest.param(["0,60,road,in,1,,,,,,,"], "12 cells: expected 10", id="too-many-cells"),
        pytest.param([], "has no rows", id="empty"),
    ],
)
def test_a_wrong_row_is_refused_with_its_place(tmp_path: Path, rows: list[str], message: str) -> None:
    with pytest.raises(HandCountError) as refused:
        read(tmp_path, HEADER, *rows)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    "header",
    [
        pytest.param("start;end;line;direction;count", id="semicolons"),
        pytest.param("start,end,line,count", id="no-direction"),
        pytest.param("start,end,line,direction,count,count", id="twice"),
        pytest.param("start,end,line,direction,count,weather", id="unknown"),
    ],
)
def test_a_wrong_header_is_refused(tmp_path: Path, header: str) -> None:
    with pytest.raises(HandCountError, match="header is"):
        read(tmp_path, header, "0,60,road,in,1")


def test_seconds_need_a_start(tmp_path: Path) -> None:
    with pytest.raises(HandCountError, match="--start TIME"):
        read(tmp_path, HEADER, "0,60,road,in,1", origin_ms=None)


def test_other_encodings_are_named(tmp_path: Path) -> None:
    (tmp_path / "hand.csv").write_bytes("start,end,line,direction,count\n0,60,길,in,1\n".encode("cp949"))
    with pytest.raises(HandCountError, match="UTF-8"):
        read_hand_file(tmp_path / "hand.csv", 0)


@given(st.text(max_size=200))
def test_no_text_makes_a_traceback(text: str) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "hand.csv"
        path.write_text(f"{HEADER}\n{text}", encoding="utf-8", errors="replace")
        try:
            rows = read_hand_file(path, 0)
        except HandCountError:
            return
        assert rows
        assert all(isinstance(row.subject, Subject) for row in rows)
