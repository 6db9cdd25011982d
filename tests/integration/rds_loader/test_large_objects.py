"""Objects too large to be decoded at once: their rows arrive in parts, in one transaction, or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from lambdas.rds_loader import objects, repository
from lambdas.rds_loader.notifications import ObjectCreated
from lambdas.rds_loader.objects import READERS, read_objects
from lambdas.shared.lake_parquet import LakeObjectError, decode_parts
from lambdas.shared.lake_store import LakeObject

BUCKET = "crowdlens-lake"


@pytest.fixture
def all_are_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objects, "LARGE_BYTES", 0)
    monkeypatch.setattr(objects, "ROWS_PER_PORTION", 7)
    monkeypatch.setattr(repository, "ROWS_PER_PORTION", 7)


@pytest.mark.usefixtures("all_are_large")
def test_its_rows_and_live_state_arrive_once(lake: Any, make_records: Any) -> None:
    keys = [*lake.put(make_records(count=50)), *lake.put(make_records(count=3, camera="hall-1"))]
    assert lake.load(*keys) == 0
    assert lake.load(*keys) == 0
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(53,)]
    newest = lake.query("SELECT camera, MAX(event_time) FROM zone_counts GROUP BY camera ORDER BY camera")
    assert (
        lake.query("SELECT camera, MAX(event_time) FROM zone_live GROUP BY camera ORDER BY camera") == newest
    )
    assert lake.query("SELECT SUM(rows_in_object), SUM(rows_new) FROM load_ledger") == [(53, 53)]


@pytest.mark.usefixtures("all_are_large")
def test_one_that_breaks_off_in_the_middle_leaves_nothing(
    lake: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaking(body: bytes, table: Any, where: str, rows: int) -> Iterator[Any]:
        parts = decode_parts(body, table, where, rows)
        yield next(parts)
        if "hall-1" in str(next(parts).column("camera")[0]):
            raise LakeObjectError(f"{where} is damaged")
        yield from decode_parts(body, table, where, rows)

    monkeypatch.setattr(objects, "decode_parts", breaking)
    sound = lake.put(make_records(count=50))
    damaged = lake.put(make_records(count=50, camera="hall-1"))
    assert lake.load(*sound, *damaged) == 1
    assert lake.query("SELECT camera, COUNT(*) FROM zone_counts GROUP BY camera") == [("plaza-1", 50)]
    assert lake.query("SELECT COUNT(*) FROM load_ledger") == [(1,)]


class CountingStore:
    """A store that knows how many of its objects were handed out."""

    bucket = BUCKET

    def __init__(self, body: bytes) -> None:
        self._body = body
        self.handed_out = 0

    def get(self, key: str, version_id: str | None = None) -> LakeObject:
        self.handed_out += 1
        return LakeObject(self._body, "etag", None)  # type: ignore[arg-type]

    def keys(self, prefix: str, start_after: str = "") -> Iterator[tuple[str, str, int]]:
        return iter(())


def test_memory_holds_a_few_objects_and_not_a_whole_batch(lake: Any, make_records: Any) -> None:
    (key,) = lake.put(make_records(count=5))
    store = CountingStore(lake.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read())
    wanted = [ObjectCreated(BUCKET, key, f"etag-{number}") for number in range(50)]
    for taken, (_, found) in enumerate(read_objects(store, wanted), start=1):
        assert not isinstance(found, Exception)
        assert store.handed_out <= taken + READERS
    assert taken == 50
