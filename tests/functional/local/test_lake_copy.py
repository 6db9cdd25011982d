"""A copy of the lake in a folder holds every record, also of one that is compacted meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli.demo.conservation import lake_record_ids
from contract.envelope import decode_message, encode_message
from contract.lake import quarantine_key
from contract.records import StoredRecord
from infra.local.athena import LocalAthena, LocalFolderLake
from infra.local.lake_copy import copy_lake
from lambdas.compactor.compactor import Compactor
from lambdas.compactor.settings import CompactionRules
from lambdas.compactor.store import S3ObjectStore
from lambdas.lake_writer.columns import build_tables
from lambdas.lake_writer.objects import raw_objects
from lambdas.shared.lake_store import LakeStore
from lambdas.shared.leases import Leases

BUCKET = "crowdlens-lake"
RecordFactory = Callable[..., list[StoredRecord]]


class Lake:
    """A bucket with the records 1 to 40 of a zone in ten raw objects."""

    def __init__(self, s3: Any, dynamodb: Any, make_records: RecordFactory) -> None:
        self.s3 = s3
        self._leases = Leases(dynamodb, "crowdlens-control")
        for first in range(1, 40, 4):
            records = make_records(count=4, first_sequence=first)
            (rows,) = build_tables([decode_message(encode_message("seoul-1", "jetson-7", records))])
            (upload,) = raw_objects(rows, [str(first)])
            s3.put_object(Bucket=BUCKET, Key=upload.key, Body=upload.body)
        s3.put_object(Bucket=BUCKET, Key=quarantine_key("2025-11-21", "a"), Body=b"{}")

    def compact(self, *, retire: bool = True) -> None:
        kept = timedelta(0) if retire else timedelta(days=1)
        store, rules = S3ObjectStore(BUCKET, self.s3), CompactionRules(raw_keep=kept, reader_grace=kept)
        compactor = Compactor(store, self._leases, rules)
        for _ in range(2):
            compactor.run(compactor.pieces())


@pytest.fixture
def lake(dynamodb: Any, make_records: RecordFactory) -> Lake:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    return Lake(s3, dynamodb, make_records)


def sequences(folder: Path) -> list[int]:
    """Ask the copy, through the view, for the numbers of its records."""
    athena = LocalAthena(LocalFolderLake(folder), now=lambda: datetime(2025, 11, 22, tzinfo=UTC))
    return [number for (number,) in athena.query("SELECT sequence FROM unique_zone_counts ORDER BY 1").rows]


@pytest.mark.parametrize(
    ("compacted", "retired", "folders"),
    [
        pytest.param(False, False, {"raw", "quarantine"}, id="raw alone"),
        pytest.param(True, False, {"raw", "compacted", "covers", "quarantine"}, id="both beside each other"),
        pytest.param(True, True, {"compacted", "quarantine"}, id="compacted alone"),
    ],
)
def test_a_copy_shows_every_record_once(
    lake: Lake, tmp_path: Path, compacted: bool, retired: bool, folders: set[str]
) -> None:
    if compacted:
        lake.compact(retire=retired)

    copied = copy_lake(lake.s3, BUCKET, tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == folders
    assert sequences(tmp_path) == list(range(1, 41))
    assert copied.objects == len(list(tmp_path.rglob("*.parquet")))
    assert {one for ids in lake_record_ids(tmp_path).values() for one in ids} == {
        f"jetson-7:0123456789ab:plaza-1/zone_counts:{number}" for number in range(1, 41)
    }


def test_objects_that_are_retired_while_it_copies_are_not_missed(
    lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.compact(retire=False)
    plain = LakeStore.keys

    def keys(store: LakeStore, prefix: str, start_after: str = "") -> Iterator[tuple[str, str, int]]:
        found = list(plain(store, prefix, start_after))
        lake.compact(retire=True)
        return iter(found)

    monkeypatch.setattr(LakeStore, "keys", keys)

    copy_lake(lake.s3, BUCKET, tmp_path)

    assert not list(tmp_path.glob("raw/**/*.parquet"))
    assert sequences(tmp_path) == list(range(1, 41))
