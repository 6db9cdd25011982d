"""Raw objects that the compactor took away before MySQL had them: their rows arrive all the same."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from lambdas.rds_loader import handler as module
from lambdas.shared.sqs import SqsRecord

BUCKET = "crowdlens-lake"


def versioned(lake: Any) -> None:
    lake.s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})


def announcement(lake: Any, key: str) -> str:
    """What S3 said of an object when it was stored, its version included."""
    head = lake.s3.head_object(Bucket=BUCKET, Key=key)
    stored = {"key": key, "eTag": head["ETag"].strip('"')}
    if "VersionId" in head:
        stored["versionId"] = head["VersionId"]
    record = {"eventName": "ObjectCreated:Put", "s3": {"bucket": {"name": BUCKET}, "object": stored}}
    return json.dumps({"Records": [record]})


def batch(*bodies: str) -> list[SqsRecord]:
    moment = datetime(2025, 11, 21, 12, tzinfo=UTC)
    return [SqsRecord(f"m{number}", body, None, moment) for number, body in enumerate(bodies)]


def destroy(lake: Any, key: str) -> None:
    """Let a key's versions end, as the lifecycle rule does."""
    listed = lake.s3.list_object_versions(Bucket=BUCKET, Prefix=key)
    for version in [*listed.get("Versions", []), *listed.get("DeleteMarkers", [])]:
        lake.s3.delete_object(Bucket=BUCKET, Key=key, VersionId=version["VersionId"])


def ledger(lake: Any) -> dict[str, tuple[int, int]]:
    rows = lake.query("SELECT object_key, rows_in_object, rows_new FROM load_ledger")
    return {key: (int(in_object), int(new)) for key, in_object, new in rows}


def test_a_retired_object_is_read_by_the_version_its_message_names(lake: Any, make_records: Any) -> None:
    versioned(lake)
    (key,) = lake.put(make_records(count=5))
    told = announcement(lake, key)
    compacted = lake.fold(key)

    assert lake.load_bodies(told) == []

    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(5,)]
    # By its own version: the compacted object was not needed.
    assert ledger(lake) == {key: (5, 5)}
    assert compacted not in ledger(lake)


@pytest.mark.parametrize(
    "with_versions", [pytest.param(True, id="version ended"), pytest.param(False, id="none")]
)
def test_without_its_version_the_compacted_objects_of_its_day_bring_its_rows(
    lake: Any, make_records: Any, with_versions: bool
) -> None:
    if with_versions:
        versioned(lake)
    (loaded,) = lake.put(make_records(count=3))
    (lost,) = lake.put(make_records(count=4, first_sequence=11))
    lake.load(loaded)
    told = announcement(lake, lost)
    compacted = lake.fold(loaded, lost)
    destroy(lake, lost)

    result = lake.loader.load_batch(batch(told))

    assert (result.objects, result.objects_from_compacted, result.failed_message_ids) == (1, 1, [])
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(7,)]
    assert ledger(lake) == {loaded: (3, 3), compacted: (7, 4), lost: (0, 0)}
    # Told again, nobody looks for it.
    assert lake.load_bodies(told) == []
    assert ledger(lake)[compacted] == (7, 4)


def test_an_object_that_nothing_can_replace_is_named(lake: Any, make_records: Any) -> None:
    (key, other) = (*lake.put(make_records(count=3)), *lake.put(make_records("gaps", count=2)))
    told = [announcement(lake, key), announcement(lake, other)]
    lake.s3.delete_object(Bucket=BUCKET, Key=key)

    result = lake.loader.load_batch(batch(*told))

    assert result.failed_message_ids == ["m0"]
    ((kind, sentence),) = result.errors
    assert kind == "RowsGoneError"
    assert "no compacted object of that day is there" in sentence
    assert lake.query("SELECT COUNT(*) FROM gaps") == [(2,)]
    assert key not in ledger(lake)


def test_rows_new_add_up_to_the_rows_of_a_day_however_often_records_come(
    lake: Any, make_records: Any
) -> None:
    (first,) = lake.put(make_records(count=4))
    (second,) = lake.put(make_records(count=4), make_records(count=2, first_sequence=5))
    (third,) = lake.put(make_records("tracks", count=3), device="jetson-8")
    assert lake.load(first, second, third, first) == 0
    module.loader().close()
    per_table = "SELECT table_name, SUM(rows_new) FROM load_ledger GROUP BY table_name ORDER BY table_name"
    assert lake.query(per_table) == [("tracks", 3), ("zone_counts", 6)]
