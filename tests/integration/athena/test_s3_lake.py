"""The lake in a bucket: real S3 calls for objects and results, awswrangler reading both."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import awswrangler as wr
import boto3
import pytest

from contract.envelope import decode_message, pack_messages
from contract.lake import raw_key
from contract.records import StoredRecord
from infra.local.athena import AthenaEndpoint, AthenaQueryError, LocalAthena, S3Lake, S3Results
from infra.local.aws_environment import AwsEndpoint
from lambdas.lake_writer.columns import build_tables
from lambdas.shared.lake_parquet import encode_parquet

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEYS = {"region": "ap-northeast-2", "access_key": "local", "secret_key": "local"}
ROWS = 30


@pytest.fixture
def s3(ministack_endpoint: AwsEndpoint) -> S3Client:
    return ministack_endpoint.s3()


@pytest.fixture
def bucket(s3: S3Client) -> str:
    name = f"lake-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    return name


@pytest.fixture
def athena(ministack_endpoint: AwsEndpoint, bucket: str) -> LocalAthena:
    return LocalAthena(S3Lake(endpoint_url=ministack_endpoint.url, bucket=bucket, **KEYS))


@pytest.fixture
def endpoint(ministack_endpoint: AwsEndpoint, athena: LocalAthena, bucket: str) -> Iterator[AthenaEndpoint]:
    results = S3Results(endpoint_url=ministack_endpoint.url, **KEYS)
    with AthenaEndpoint(athena, results=results, output_location=f"s3://{bucket}/results/") as running:
        yield running


def put(s3: S3Client, bucket: str, day: str, name: str, stored: list[StoredRecord]) -> None:
    messages = [decode_message(packed.body) for packed in pack_messages("seoul-1", "edge-1", stored)]
    (rows,) = build_tables(messages)
    body = encode_parquet(rows.data, rows.table)
    s3.put_object(Bucket=bucket, Key=raw_key(rows.table.name, day, name), Body=body)


def test_objects_of_a_bucket_are_read_by_day(
    s3: S3Client, bucket: str, athena: LocalAthena, make_records: Callable[..., list[StoredRecord]]
) -> None:
    assert athena.query("SELECT count(*) FROM zone_counts").rows == [(0,)]
    records = make_records("zone_counts", count=ROWS)
    put(s3, bucket, "2026-11-21", "first", records)
    put(s3, bucket, "2026-11-21", "again", records[:10])
    put(s3, bucket, "2026-11-20", "other-day", make_records("zone_counts", count=5, epoch="ffffffffffff"))
    one = athena.query("SELECT count(*) FROM unique_zone_counts WHERE day = '2026-11-21'")
    assert (one.rows, one.files_scanned) == ([(ROWS,)], 2)
    assert athena.query("SELECT sum(rows_stored), sum(records) FROM records_by_table").rows == [(45, 35)]


def test_awswrangler_reads_results_from_the_bucket(
    s3: S3Client, bucket: str, endpoint: AthenaEndpoint, ministack_endpoint: AwsEndpoint,
    make_records: Callable[..., list[StoredRecord]],
) -> None:  # fmt: skip
    put(s3, bucket, "2026-11-21", "first", make_records("zone_counts", count=ROWS))
    session = boto3.Session(
        aws_access_key_id="local", aws_secret_access_key="local", region_name="ap-northeast-2"
    )
    query: dict[str, Any] = {"database": "crowdlens", "ctas_approach": False, "boto3_session": session}
    wr.config.athena_endpoint_url = endpoint.url
    wr.config.s3_endpoint_url = ministack_endpoint.url
    try:
        frame = wr.athena.read_sql_query("SELECT * FROM unique_zone_counts ORDER BY sequence", **query)
    finally:
        wr.config.reset("athena_endpoint_url")
        wr.config.reset("s3_endpoint_url")
    assert frame["sequence"].tolist() == list(range(1, ROWS + 1))
    assert frame["density_per_m2"].isna().sum() == ROWS // 2
    listed = s3.list_objects_v2(Bucket=bucket, Prefix="results/")
    assert [item["Key"].endswith(".csv") for item in listed["Contents"]] == [True]


def test_a_lake_that_does_not_answer_is_one_sentence() -> None:
    lake = S3Lake(endpoint_url="http://127.0.0.1:9", bucket="lake", **KEYS)
    athena = LocalAthena(lake)
    with pytest.raises(AthenaQueryError, match="HIVE_FILESYSTEM_ERROR: the lake could not be listed"):
        athena.query("SELECT count(*) FROM tracks")
