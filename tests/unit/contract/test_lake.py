"""Keys of the lake: what is made is read back, and nothing else is taken for it."""

from __future__ import annotations

import pytest

from contract.lake import (
    CompactedObject,
    LakeKeyError,
    compacted_day_prefix,
    covers_key,
    day_of_folder,
    parse_compacted_key,
    parse_raw_key,
    raw_day_prefix,
    raw_key,
)

DIGEST = "0123456789abcdef" * 2 + "01234567"
OBJECT = CompactedObject("tracks", "2026-11-21", 3, 16, 1_999_999, DIGEST)


def test_a_compacted_key_comes_back_from_its_parts() -> None:
    assert OBJECT.key == f"compacted/tracks/day=2026-11-21/0003-of-0016-1999999-{DIGEST}.parquet"
    assert parse_compacted_key(OBJECT.key) == OBJECT
    assert OBJECT.key.startswith(compacted_day_prefix("tracks", "2026-11-21"))


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(raw_key("tracks", "2026-11-21", "object"), id="raw"),
        pytest.param(covers_key("tracks", "2026-11-21", DIGEST), id="cover"),
        pytest.param(OBJECT.key.replace("tracks", "moods"), id="unknown table"),
        pytest.param(OBJECT.key.replace(DIGEST, DIGEST[:-1]), id="short digest"),
        pytest.param(OBJECT.key.replace("1999999", "many"), id="rows that are no number"),
        pytest.param(OBJECT.key + ".part", id="something behind it"),
    ],
)
def test_other_keys_are_no_compacted_objects(key: str) -> None:
    with pytest.raises(LakeKeyError, match="expected compacted/<table>/day=YYYY-MM-DD/"):
        parse_compacted_key(key)


def test_a_compacted_object_is_no_raw_one() -> None:
    with pytest.raises(LakeKeyError, match="expected raw/"):
        parse_raw_key(OBJECT.key)


@pytest.mark.parametrize(
    ("prefix", "day"),
    [
        pytest.param(raw_day_prefix("tracks", "2026-11-21"), "2026-11-21", id="raw"),
        pytest.param(compacted_day_prefix("tracks", "2026-11-21"), "2026-11-21", id="compacted"),
        pytest.param("raw/tracks/", None, id="no day"),
        pytest.param("raw/tracks/day=2026-11-21/x", None, id="an object"),
        pytest.param("raw/tracks/day=today/", None, id="no date"),
    ],
)
def test_the_day_of_a_folder(prefix: str, day: str | None) -> None:
    assert day_of_folder(prefix) == day
