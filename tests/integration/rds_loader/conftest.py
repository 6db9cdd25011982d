"""A lake (moto's S3) and a real MariaDB with an empty projection, for all tests of the loader."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import quote

import boto3
import pyarrow as pa
import pytest
from moto import mock_aws

from cli.main import main
from cli.rebuild.digest import EVERY_DAY, PROJECTED, table_digest
from contract.envelope import decode_message, encode_message
from contract.lake import CompactedObject, parse_raw_key
from contract.tables import TABLES
from infra.local.mariadb import MySqlServer
from lambdas.lake_writer.columns import build_tables
from lambdas.lake_writer.objects import raw_objects
from lambdas.migrations.runner import apply_migrations
from lambdas.rds_loader import handler as module
from lambdas.rds_loader.rows import without_repeats
from lambdas.shared.lake_parquet import decode_parquet, encode_parquet

BUCKET = "crowdlens-lake"
PROJECTION = (
    *(*TABLES, "zone_live", "load_ledger", "projection_state"),
    *("zone_hours", "box_hours", "hours_due", "hours_to_make"),
)


class Lake:
    """A bucket and a database, and what a test does with them."""

    def __init__(self, server: MySqlServer) -> None:
        self.server = server
        self.s3 = boto3.client("s3")
        self.s3.create_bucket(Bucket=BUCKET)

    def put(self, *messages: Any, device: str = "jetson-7") -> list[str]:
        """Store the raw objects of messages (lists of records) and return their keys."""
        decoded = [decode_message(encode_message("seoul-1", device, records)) for records in messages]
        digests = [str(hash((device, str(records)))) for records in messages]
        uploads = [upload for rows in build_tables(decoded) for upload in raw_objects(rows, digests)]
        for upload in uploads:
            self.s3.put_object(Bucket=BUCKET, Key=upload.key, Body=upload.body)
        return [upload.key for upload in uploads]

    def load(self, *keys: str, etag: str | None = None, bucket: str = BUCKET) -> int:
        """Notify of each key in a message of its own; return how many are to be delivered again."""
        return len(self.load_bodies(*(self.notification(key, etag=etag, bucket=bucket) for key in keys)))

    @property
    def loader(self) -> Any:
        """The loader that the handler keeps."""
        return module.loader()

    def empty(self) -> None:
        """Leave no row in the projection."""
        empty_projection(self.server)

    def notification(self, *keys: str, etag: str | None = None, bucket: str = BUCKET) -> str:
        stored = [{"key": quote(key), "eTag": etag} if etag else {"key": quote(key)} for key in keys]
        records = [
            {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": bucket}, "object": one}}
            for one in stored
        ]
        return json.dumps({"Records": records})

    def load_bodies(self, *bodies: str) -> list[str]:
        records = [{"messageId": f"m{index}", "body": body} for index, body in enumerate(bodies)]
        answer = module.handler({"Records": records}, None)
        return [item["itemIdentifier"] for item in answer["batchItemFailures"]]

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(self.server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql)
            return list(cursor.fetchall())

    def write(self, sql: str, values: list[Any] | None = None) -> None:
        with closing(self.server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            connection.commit()

    def digests(self) -> dict[str, tuple[int, str]]:
        """Return rows and content digest of each table of the projection, over all days."""
        with closing(self.server.connect()) as connection:
            return {
                table.name: (digest.rows, digest.sha256)
                for table in PROJECTED
                for digest in [table_digest(connection, table, EVERY_DAY)]
            }

    @property
    def url(self) -> str:
        server = self.server
        login = f"{server.user}:{quote(server.password, safe='')}"
        return f"mysql://{login}@{server.host}:{server.port}/{server.database}"

    def rebuild(self, *arguments: str) -> int:
        """Run `crowdlens rebuild` on this lake and database, for all days."""
        return main(["rebuild", "--bucket", BUCKET, "--mysql-url", self.url, "--every-day", *arguments])

    def keys(self, prefix: str = "") -> list[str]:
        """Return the keys of the lake."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def fold(self, *keys: str, retire: bool = True) -> str:
        """Fold raw objects of one table and day into a compacted one; return its key."""
        table_name, day, _ = parse_raw_key(keys[0])
        table = TABLES[table_name]
        bodies = [self.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys]
        data = pa.concat_tables([decode_parquet(body, table, "here") for body in bodies])
        body = encode_parquet(without_repeats(data), table)
        digest = hashlib.sha1(body, usedforsecurity=False).hexdigest()
        compacted = CompactedObject(table_name, day, 0, 1, data.num_rows, digest).key
        self.s3.put_object(Bucket=BUCKET, Key=compacted, Body=body)
        for key in keys if retire else ():
            self.s3.delete_object(Bucket=BUCKET, Key=key)
        return compacted

    def content(self) -> dict[str, list[tuple[Any, ...]]]:
        """Everything the projection holds, except when it was loaded."""
        tables = [*TABLES, "zone_live"]
        content = {name: sorted(self.query(f"SELECT * FROM `{name}`"), key=str) for name in tables}  # noqa: S608
        ledger = "SELECT object_key, etag, table_name, day, rows_in_object FROM load_ledger"
        return {**content, "load_ledger": sorted(self.query(ledger))}


def empty_projection(server: MySqlServer) -> None:
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        for table in PROJECTION:
            cursor.execute(f"DELETE FROM `{table}`")  # noqa: S608
        connection.commit()


@pytest.fixture
def lake(mariadb_instance: MySqlServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    environment = {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LAKE_BUCKET": BUCKET,
        **mariadb_instance.environment(),
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with closing(mariadb_instance.connect()) as connection:
        apply_migrations(connection)
    empty_projection(mariadb_instance)
    with mock_aws():
        module.loader.cache_clear()
        module.database.cache_clear()
        yield Lake(mariadb_instance)
        module.loader().close()
        module.loader.cache_clear()
        module.database.cache_clear()
