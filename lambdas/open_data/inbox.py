"""Takes the files dropped into the inbox bucket: S3's event in, rows and reports in the lake out."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from contract.errors import CrowdLensError
from lambdas.open_data.bucket import Bucket, BucketError, Head, ObjectGoneError
from lambdas.open_data.convert import Origin
from lambdas.open_data.inference import data_set_name, propose
from lambdas.open_data.load import Found, Loaded, load, look_at
from lambdas.open_data.places import (
    INBOX_PREFIX,
    PROFILES_PREFIX,
    load_name,
    proposal_key,
    refusal_key,
    series_of_key,
)
from lambdas.open_data.profile import Profile, ProfileError, parse_profile, shipped_profiles
from lambdas.open_data.publish import publish
from lambdas.open_data.rows import RefusedFileError
from lambdas.open_data.settings import OpenDataSettings

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOADED, PROPOSED, REFUSED, SKIPPED = "loaded", "proposed", "refused", "skipped"


class EventError(CrowdLensError):
    """Raised when a message is no event of S3."""


@dataclass(frozen=True)
class Taken:
    """What became of one object of the inbox; `fields` are for the log line and the metrics."""

    key: str
    outcome: str
    fields: Mapping[str, Any] = field(default_factory=dict)


class Inbox:
    """Loads files; taking one again replaces what was made of it, for events repeat."""

    def __init__(self, settings: OpenDataSettings, client: S3Client) -> None:
        self._settings = settings
        self._client = client
        self._lake = Bucket(settings.lake_bucket, client)

    def take_event(
        self, event: Mapping[str, Any], has_time: Callable[[], bool] = lambda: True
    ) -> list[Taken]:
        """Return what became of each object that S3's `event` names.

        A file that cannot be loaded, or not while there is time, is told in the lake and does not stop the
        others. Raises `BucketError` when S3 fails: the event is to be tried again.
        """
        objects = list(objects_of(event))
        return [self._take(Bucket(bucket, self._client), key, has_time) for bucket, key in objects]

    def _take(self, bucket: Bucket, key: str, has_time: Callable[[], bool]) -> Taken:
        if not key.startswith(INBOX_PREFIX) or key.endswith("/"):
            return Taken(key, SKIPPED, {"reason": f"it does not lie below {INBOX_PREFIX}"})
        try:
            head = bucket.head(key)
        except ObjectGoneError:
            return Taken(key, SKIPPED, {"reason": "it is gone"})
        origin = Origin(series_of_key(key), key, head.last_modified.astimezone(UTC))
        try:
            return self._load(bucket, head, origin, has_time)
        except BucketError:
            raise
        except CrowdLensError as error:
            document = {"source_file": key, "refused": str(error), "loaded_at": origin.loaded_at.isoformat()}
            place = refusal_key(origin.loaded_at, load_name(origin))
            self._lake.put_text(place, json.dumps(document, ensure_ascii=False), "application/json")
            return Taken(key, REFUSED, {"reason": str(error), "report": place})

    def _load(self, bucket: Bucket, head: Head, origin: Origin, has_time: Callable[[], bool]) -> Taken:
        if head.size > self._settings.largest_bytes:
            raise RefusedFileError(
                f"the file has {head.size} bytes: expected at most {self._settings.largest_bytes}"
            )
        profiles, wrong = self._profiles(bucket)
        with tempfile.TemporaryDirectory(prefix="open-data-") as work, tempfile.TemporaryFile() as stream:
            bucket.download(origin.source_file, stream)
            found = look_at(stream, profiles)
            if found.profile is None:
                return self._propose(found, origin, profiles, wrong)
            return self._publish(load(stream, found, origin, Path(work), has_time), wrong)

    def _publish(self, loaded: Loaded, wrong: list[str]) -> Taken:
        published = publish(loaded, self._lake)
        counts = {name: published.summary[name] for name in ("data_set", "rows", "accepted", "quarantined")}
        fields = {**counts, "report": published.report, "wrong_profiles": wrong}
        return Taken(loaded.origin.source_file, LOADED, fields)

    def _propose(self, found: Found, origin: Origin, profiles: list[Profile], wrong: list[str]) -> Taken:
        name = data_set_name(PurePosixPath(origin.source_file).stem)
        place = proposal_key(load_name(origin))
        self._lake.put_text(place, propose(found.records, name, profiles), "application/yaml")
        return Taken(origin.source_file, PROPOSED, {"proposal": place, "wrong_profiles": wrong})

    def _profiles(self, bucket: Bucket) -> tuple[list[Profile], list[str]]:
        """Return our profiles and those beside the inbox, and what is wrong with the others."""
        found, wrong = shipped_profiles(), []
        for key, text in sorted(bucket.texts(PROFILES_PREFIX, ".yaml").items()):
            try:
                profile = parse_profile(text, key)
            except ProfileError as error:
                wrong.append(str(error))
                continue
            found = [one for one in found if one.name != profile.name] + [profile]
        return found, wrong


def event_in(body: str) -> Mapping[str, Any]:
    """Return S3's event in the body of a message; raises `EventError` when it is none."""
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise EventError(f"the message is no JSON ({error}): expected an event of S3") from error
    if not isinstance(event, dict) or not isinstance(event.get("Records", []), list):
        raise EventError(f"the message is {body[:40]!r}: expected an event of S3")
    return event


def objects_of(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield bucket and key of each object created; the event that S3 sends as a test has none.

    Raises `EventError` for a record that S3 would not write.
    """
    for record in event.get("Records", ()):
        try:
            if str(record.get("eventName", "")).startswith("ObjectCreated:"):
                yield record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        except (AttributeError, KeyError, TypeError) as error:
            raise EventError(f"a record of the event names no object ({error!r})") from error
