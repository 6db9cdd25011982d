"""Objects are fetched whole and checked, gone on with where they were cut off; a failure is one sentence."""

from __future__ import annotations

import errno
import hashlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, CredentialRetrievalError, EndpointConnectionError

from contract.errors import CrowdLensError, DiskFullError
from edge_components.runtime import object_store
from edge_components.runtime.object_store import (
    ObjectMismatchError,
    ObjectMissingError,
    ObjectStore,
    ObjectStoreError,
)

CONTENT = bytes(range(256)) * 4096
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Body(io.BytesIO):
    """What a connection that breaks after `breaks_after` bytes gives."""

    def __init__(self, content: bytes, breaks_after: int | None = None) -> None:
        super().__init__(content if breaks_after is None else content[:breaks_after])
        self._breaks = breaks_after is not None

    def read(self, size: int | None = -1) -> bytes:
        chunk = super().read(size)
        if not chunk and self._breaks:
            raise EndpointConnectionError(endpoint_url="https://s3")
        return chunk


class Bucket:
    """An S3 client over a dictionary; ranges as S3 answers them."""

    def __init__(self, objects: dict[str, bytes]) -> None:
        self.objects = objects
        self.breaks_after: int | None = None
        self.knows_ranges = True
        self.ranges: list[str | None] = []

    def get_object(self, **arguments: Any) -> dict[str, Any]:
        wanted = arguments.get("Range")
        self.ranges.append(wanted)
        if arguments["Key"] not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        content = self.objects[arguments["Key"]]
        if wanted is None or not self.knows_ranges:
            return {"Body": Body(content, self.breaks_after)}
        start = int(wanted.removeprefix("bytes=").removesuffix("-"))
        if start >= len(content):
            raise ClientError({"Error": {"Code": "InvalidRange"}}, "GetObject")
        return {"Body": Body(content[start:], self.breaks_after), "ContentRange": f"bytes {start}-"}


@pytest.fixture
def bucket() -> Bucket:
    return Bucket({"models/a": CONTENT})


@pytest.fixture
def store(bucket: Bucket) -> ObjectStore:
    return ObjectStore("artifacts", lambda: bucket)


def test_an_object_is_fetched_whole(store: ObjectStore, tmp_path: Path) -> None:
    heard: list[int] = []
    store.fetch(
        "models/a", tmp_path / "new" / "a", size=len(CONTENT), sha256=DIGEST.upper(), progress=heard.append
    )
    assert (tmp_path / "new" / "a").read_bytes() == CONTENT
    assert heard[-1] == len(CONTENT)
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["a"]


@pytest.mark.parametrize("knows_ranges", [pytest.param(True, id="range"), pytest.param(False, id="no-range")])
def test_a_cut_off_object_is_gone_on_with(
    store: ObjectStore, bucket: Bucket, tmp_path: Path, knows_ranges: bool
) -> None:
    bucket.breaks_after, bucket.knows_ranges = 300_000, knows_ranges
    with pytest.raises(ObjectStoreError, match="could not be read"):
        store.fetch("models/a", tmp_path / "a", size=len(CONTENT), sha256=DIGEST)
    assert not (tmp_path / "a").exists()
    bucket.breaks_after = None
    ObjectStore("artifacts", lambda: bucket).fetch(
        "models/a", tmp_path / "a", size=len(CONTENT), sha256=DIGEST
    )
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert bucket.ranges == [None, "bytes=300000-"]


def test_a_fetched_part_that_is_whole_asks_for_nothing(
    store: ObjectStore, bucket: Bucket, tmp_path: Path
) -> None:
    (tmp_path / "a.partial").write_bytes(CONTENT)
    store.fetch("models/a", tmp_path / "a", size=len(CONTENT), sha256=DIGEST)
    assert ((tmp_path / "a").read_bytes(), bucket.ranges) == (CONTENT, [])


@pytest.mark.parametrize(
    ("claimed", "partial", "sentence"),
    [
        pytest.param((len(CONTENT), "0" * 64), b"", "has sha256 .*: expected 0000", id="other-content"),
        pytest.param((len(CONTENT) - 1, DIGEST), b"", "is larger than 1048575 bytes", id="larger"),
        pytest.param((len(CONTENT), DIGEST), b"x" * 5, "has sha256", id="another-beginning"),
        pytest.param((2 * len(CONTENT), DIGEST), CONTENT, "is smaller than it was said to be", id="smaller"),
    ],
)
def test_an_object_that_is_another_is_refused(
    store: ObjectStore, tmp_path: Path, claimed: tuple[int, str], partial: bytes, sentence: str
) -> None:
    if partial:
        (tmp_path / "a.partial").write_bytes(partial)
    with pytest.raises(ObjectMismatchError, match=sentence):
        store.fetch("models/a", tmp_path / "a", size=claimed[0], sha256=claimed[1])
    assert not (tmp_path / "a").exists()


def test_after_a_mismatch_the_next_try_begins_anew(store: ObjectStore, tmp_path: Path) -> None:
    (tmp_path / "a.partial").write_bytes(b"x" * 5)
    with pytest.raises(ObjectMismatchError):
        store.fetch("models/a", tmp_path / "a", size=len(CONTENT), sha256=DIGEST)
    store.fetch("models/a", tmp_path / "a", size=len(CONTENT), sha256=DIGEST)
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_an_object_that_ends_early_is_told(store: ObjectStore, tmp_path: Path) -> None:
    with pytest.raises(ObjectStoreError, match="ended after 1048576 of 1048577 bytes"):
        store.fetch("models/a", tmp_path / "a", size=len(CONTENT) + 1, sha256=DIGEST)


def test_a_full_disk_keeps_what_was_fetched(
    store: ObjectStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(object_store.os, "fsync", full)
    with pytest.raises(
        DiskFullError, match="s3://artifacts/models/a could not be stored: the disk has no room"
    ):
        store.fetch("models/a", tmp_path / "a", size=len(CONTENT), sha256=DIGEST)
    monkeypatch.undo()
    store.fetch("models/a", tmp_path / "a", size=len(CONTENT), sha256=DIGEST)
    assert (tmp_path / "a").read_bytes() == CONTENT


def test_a_small_object_is_read_and_a_large_one_refused(store: ObjectStore) -> None:
    assert store.read("models/a", maximum_bytes=len(CONTENT)) == CONTENT
    with pytest.raises(ObjectMismatchError, match="is larger than 10 bytes"):
        store.read("models/a", maximum_bytes=10)


def raising(error: Exception) -> Callable[[], Any]:
    class Failing:
        def get_object(self, **_: Any) -> Any:
            raise error

    return Failing


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        pytest.param(
            ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject"),
            ObjectMissingError,
            "is not there",
            id="none",
        ),
        pytest.param(
            ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject"),
            ObjectMissingError,
            "not granted to this device",
            id="denied",
        ),
        pytest.param(
            ClientError({"Error": {"Code": "SlowDown"}}, "GetObject"), ObjectStoreError, "SlowDown", id="busy"
        ),
        pytest.param(
            CredentialRetrievalError(provider="tes", error_msg="no"),
            ObjectStoreError,
            "tes",
            id="no-credentials",
        ),
    ],
)
def test_what_the_store_answers_is_one_sentence(
    error: Exception, kind: type[CrowdLensError], sentence: str
) -> None:
    with pytest.raises(kind, match=sentence) as raised:
        ObjectStore("artifacts", raising(error)).read("models/a", 10)
    assert "object s3://artifacts/models/a" in str(raised.value)
