"""The compactor's requests to an S3 and a DynamoDB that honour conditions, one of two at once included."""

from __future__ import annotations

import threading
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from contract.envelope import decode_message, pack_messages
from contract.lake import COMPACTED_PREFIX, RAW_PREFIX, raw_key
from contract.tables import TABLES
from infra.local.athena import LocalAthena, S3Lake
from infra.local.aws_environment import AwsEndpoint
from lambdas.compactor.compactor import Compactor
from lambdas.compactor.settings import CompactionRules
from lambdas.compactor.store import Listed, S3ObjectStore
from lambdas.lake_writer.columns import build_tables
from lambdas.shared.lake_parquet import encode_parquet
from lambdas.shared.leases import Lease, Leases

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

DAY = "2026-11-20"
KEYS = {"region": "ap-northeast-2", "access_key": "local", "secret_key": "local"}


class EveryonesLeases(Leases):
    """The worst case: nobody is kept out."""

    def __init__(self) -> None: ...

    def take(self, name: str, seconds: float) -> Lease | None:
        return Lease(name, "all", 1, 0, seconds)

    def renew(self, lease: Lease) -> Lease:
        return lease

    def release(self, lease: Lease) -> None: ...


@pytest.fixture
def s3(ministack_endpoint: AwsEndpoint) -> S3Client:
    return ministack_endpoint.s3()


@pytest.fixture
def bucket(s3: S3Client) -> str:
    name = f"lake-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    return name


@pytest.fixture
def store(s3: S3Client, bucket: str) -> S3ObjectStore:
    return S3ObjectStore(bucket, s3)


def put_rows(s3: S3Client, bucket: str, make_records: Any, count: int, name: str) -> None:

    messages = [
        decode_message(packed.body) for packed in pack_messages("s", "edge-1", make_records(count=count))
    ]
    (rows,) = build_tables(messages)
    body = encode_parquet(rows.data, TABLES["zone_counts"])
    s3.put_object(Bucket=bucket, Key=raw_key("zone_counts", DAY, name), Body=body)


def test_a_version_that_changed_is_not_deleted(s3: S3Client, bucket: str, store: S3ObjectStore) -> None:
    s3.put_object(Bucket=bucket, Key="raw/a", Body=b"1")
    s3.put_object(Bucket=bucket, Key="raw/b", Body=b"1")
    listed = store.listing("raw/")
    s3.put_object(Bucket=bucket, Key="raw/a", Body=b"2")
    assert store.delete(listed) == 1
    assert [item.key for item in store.listing("raw/")] == ["raw/a"]


def test_two_at_once_with_every_lease_lose_and_double_nothing(
    s3: S3Client, bucket: str, store: S3ObjectStore, ministack_endpoint: AwsEndpoint, make_records: Any
) -> None:
    for number in range(6):
        put_rows(s3, bucket, make_records, 10 + number, f"object-{number}")
    athena = LocalAthena(S3Lake(endpoint_url=ministack_endpoint.url, bucket=bucket, **KEYS))
    sql = "SELECT count(*), count(DISTINCT record_id) FROM unique_zone_counts"
    seen: list[list[tuple[Any, ...]]] = [athena.query(sql).rows]
    rules = CompactionRules(piece_rows=20)

    def compact() -> None:
        compactor = Compactor(S3ObjectStore(bucket, s3), EveryonesLeases(), rules)
        compactor.run(compactor.pieces(["zone_counts"]))

    threads = [threading.Thread(target=compact) for _ in range(2)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        seen.append(athena.query(sql).rows)
    assert set(map(tuple, seen)) == {((15, 15),)}
    gone = CompactionRules(raw_keep=rules.reader_grace * 0, reader_grace=rules.reader_grace * 0)
    compactor = Compactor(store, EveryonesLeases(), gone)
    compactor.run(compactor.pieces(["zone_counts"]))
    assert store.listing(RAW_PREFIX) == []
    assert athena.query(sql).rows == [(15, 15)]
    assert all(isinstance(item, Listed) for item in store.listing(COMPACTED_PREFIX))


def test_a_lease_is_kept_in_the_control_table(ministack_endpoint: AwsEndpoint) -> None:
    import boto3

    name = f"control-{uuid.uuid4().hex[:8]}"
    client = boto3.client(
        "dynamodb", endpoint_url=ministack_endpoint.url, region_name="ap-northeast-2",
        aws_access_key_id="local", aws_secret_access_key="local",
    )  # fmt: skip
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    leases = Leases(client, name)
    first = leases.take("work", 60)
    assert first is not None
    assert leases.take("work", 60) is None
    leases.release(leases.renew(first))
    second = leases.take("work", 60)
    assert second is not None
    assert second.fence == 2
