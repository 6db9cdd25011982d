"""The threads that fetch objects end with the reading, whichever way it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import pytest

from contract.envelope import decode_message, encode_message
from contract.records import StoredRecord
from contract.tables import ZONE_COUNTS
from lambdas.compactor.piece import PieceWork
from lambdas.compactor.report import Report
from lambdas.compactor.store import Listed
from lambdas.lake_writer.columns import build_tables
from lambdas.shared.lake_parquet import encode_parquet
from lambdas.shared.lake_store import LakeStoreError

NOON = datetime(2025, 11, 21, 12, tzinfo=UTC)
ITEMS = [Listed(f"raw/zone_counts/day=2025-11-21/{n:02}.parquet", "e", 1, NOON) for n in range(40)]


class Store:
    """A bucket of which every object has the same rows, and one cannot be had."""

    def __init__(self, body: bytes, failing: int | None) -> None:
        self._body = body
        self._failing = failing

    def days(self, prefix: str) -> list[str]:
        return []

    def listing(self, prefix: str) -> list[Listed]:
        return ITEMS

    def get(self, key: str, etag: str) -> bytes:
        if self._failing is not None and key == ITEMS[self._failing].key:
            raise LakeStoreError(f"object {key} could not be read: slow down")
        return self._body

    def put_new(self, key: str, body: bytes, content_type: str) -> str:
        return "e"

    def delete(self, objects: Sequence[Listed]) -> int:
        return 0


@pytest.fixture
def body(make_records: Callable[..., list[StoredRecord]]) -> bytes:
    (rows,) = build_tables([decode_message(encode_message("s", "d", make_records(count=5)))])
    return encode_parquet(rows.data, ZONE_COUNTS)


def fetching_threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("compact-read")]


@pytest.mark.parametrize(
    ("limit_rows", "objects"),
    [pytest.param(10_000, 40, id="all are read"), pytest.param(12, 3, id="left when there is enough")],
)
def test_no_thread_is_left_after_a_reading(body: bytes, limit_rows: int, objects: int) -> None:
    work = PieceWork(Store(body, None), "zone_counts", "2025-11-21", Report())
    assert len(work.read(ITEMS, limit_rows).versions) == objects
    assert fetching_threads() == []


def test_no_thread_is_left_while_an_error_is_looked_at(body: bytes) -> None:
    work = PieceWork(Store(body, 7), "zone_counts", "2025-11-21", Report())
    with pytest.raises(LakeStoreError) as caught:
        work.read(ITEMS, 10_000)
    # The traceback, which still holds the frames, is alive here.
    assert caught.tb is not None
    assert fetching_threads() == []
