"""Files damaged at random: refused in one sentence, or every line of them is accounted for."""

from __future__ import annotations

import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.errors import CrowdLensError
from lambdas.open_data.convert import Origin
from lambdas.open_data.load import load, look_at
from lambdas.open_data.profile import load_profile

HEADER = "설치장소명,설치시도명,서비스제공사명,와이파이SSID,설치년월,위도,경도,데이터기준일자,비고"
ROW = "시청 로비,서울특별시,KT,Public WiFi,2015-11,37.5663,126.9779,2016-05-31,"
ORIGIN = Origin("default", "wifi.csv", datetime(2026, 11, 21, tzinfo=UTC))
DAMAGE = st.tuples(
    st.integers(0, 10_000),
    st.integers(0, 4),
    st.sampled_from(
        [b"", b",", b"\n", b"\r", b"\r\n", b"\x00", b"\xff", b"\xb0", b"=1", b"\t", b" ", b"9", "가".encode()]
    ),
)
QUOTE = st.tuples(st.integers(0, 10_000), st.just(0), st.just(b'"'))


def damaged(encoding: str, edits: list[tuple[int, int, bytes]], *, spared: int = 0) -> bytes:
    content = "\r\n".join((HEADER, *[f"{ROW}{number}" for number in range(12)])).encode(encoding)
    for place, removed, put in edits:
        at = spared + place % (len(content) + 1 - spared)
        content = content[:at] + put + content[at + removed :]
    return content


def outcome(content: bytes) -> tuple[set[int], set[int], int] | None:
    """Return the lines in the table, those in quarantine and how many others there are; None if refused."""
    profile = load_profile("free_wifi")
    with tempfile.TemporaryDirectory() as folder:
        stream = io.BytesIO(content)
        try:
            loaded = load(stream, look_at(stream, [profile], profile), ORIGIN, Path(folder))
        except CrowdLensError:
            return None
        table = pq.read_table(loaded.parquet)["source_line"].to_pylist() if loaded.parquet else []
        text = loaded.quarantine.read_text(encoding="utf-8") if loaded.quarantine else ""
        bad = [json.loads(line)["line"] for line in text.splitlines()]
    account = loaded.account
    assert (len(table), len(bad)) == (account.accepted, account.quarantined)
    assert len({*table, *bad}) == len(table) + len(bad)
    return set(table), set(bad), account.headers + account.above_header + account.blank


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["cp949", "utf-8"]), st.lists(DAMAGE, max_size=6))
def test_every_line_is_in_one_place(encoding: str, edits: list[tuple[int, int, bytes]]) -> None:
    content = damaged(encoding, edits)
    found = outcome(content)
    if found is not None:
        assert len(found[0]) + len(found[1]) + found[2] == len(content.splitlines())


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(["cp949", "utf-8"]), st.lists(st.one_of(DAMAGE, QUOTE), min_size=1, max_size=5))
def test_a_stray_quote_takes_no_good_row_with_it(encoding: str, edits: list[tuple[int, int, bytes]]) -> None:
    """The last five rows are whole: whatever is open before them, they are in the table."""
    tail = "".join(f"\r\n{ROW}끝{number}" for number in range(60)).encode(encoding)
    content = damaged(encoding, edits, spared=len(f"{HEADER}\r\n".encode(encoding))) + tail
    found = outcome(content)
    if found is not None:
        last = len(content.splitlines())
        assert set(range(last - 4, last + 1)) <= found[0]
