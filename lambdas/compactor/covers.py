"""Covers: the proof that all rows of some objects lie in others, and what follows from it.

A cover is written after its outputs, in one PUT, and only then are its inputs superfluous. The key of every
output is made of the keys of what it was made from, so covers can never run in a circle: of all objects
that hold a row, the one made last stays.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from contract.errors import CrowdLensError
from contract.lake import covers_key
from lambdas.compactor.store import Listed

FORMAT_VERSION = 1


class CoverError(CrowdLensError):
    """Raised when a cover manifest cannot be read."""


@dataclass(frozen=True, order=True)
class Version:
    """One version of an object, with its rows."""

    key: str
    etag: str
    rows: int

    @property
    def identity(self) -> tuple[str, str]:
        """Key and ETag: the same key with other bytes is another version."""
        return self.key, self.etag


@dataclass(frozen=True)
class Cover:
    """Says that every record of `inputs` is in `outputs`."""

    table: str
    day: str
    inputs: tuple[Version, ...]
    outputs: tuple[Version, ...]

    @cached_property
    def key(self) -> str:
        """The manifest's key, made of its content."""
        return covers_key(self.table, self.day, hashlib.sha256(self.encode()).hexdigest()[:40])

    def encode(self) -> bytes:
        """Return the manifest as JSON."""
        document = {
            "cover": FORMAT_VERSION,
            "table": self.table,
            "day": self.day,
            "inputs": [[item.key, item.etag, item.rows] for item in self.inputs],
            "outputs": [[item.key, item.etag, item.rows] for item in self.outputs],
        }
        return json.dumps(document, separators=(",", ":")).encode("ascii")


def decode_cover(body: bytes, where: str) -> Cover:
    """Return the cover in a manifest's bytes; raises `CoverError`."""
    try:
        document = json.loads(body)
        if document["cover"] != FORMAT_VERSION:
            raise CoverError(f"{where} has the format {document['cover']!r}: expected {FORMAT_VERSION}")
        return Cover(
            str(document["table"]),
            str(document["day"]),
            _versions(document["inputs"]),
            _versions(document["outputs"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise CoverError(f"{where} is no cover manifest: {error!r}") from error


def _versions(items: Iterable[Any]) -> tuple[Version, ...]:
    return tuple(Version(str(key), str(etag), int(rows)) for key, etag, rows in items)


class Covers:
    """The covers of one table and day, over the compacted objects that exist.

    A cover holds when each of its outputs exists, or has itself become the input of a cover that holds.
    """

    def __init__(self) -> None:
        self._covers: dict[str, Cover] = {}
        self._manifests: dict[str, Listed] = {}
        self._by_input: dict[tuple[str, str], list[Cover]] = {}

    def add(self, cover: Cover, manifest: Listed) -> None:
        """Add a cover with its manifest as it lies in the bucket."""
        self._covers[manifest.key] = cover
        self._manifests[manifest.key] = manifest
        for item in cover.inputs:
            self._by_input.setdefault(item.identity, []).append(cover)

    def __iter__(self) -> Iterator[Cover]:
        return iter(self._covers.values())

    def __len__(self) -> int:
        return len(self._covers)

    def manifest(self, cover: Cover) -> Listed:
        """Return the cover's manifest."""
        return self._manifests[cover.key]

    def holding(self, compacted: Iterable[Listed]) -> list[Cover]:
        """Return the covers whose outputs hold, given the compacted objects that exist."""
        check = _Check(self._by_input, {(item.key, item.etag) for item in compacted})
        return [cover for cover in self._covers.values() if check.holds(cover)]


class _Check:
    def __init__(
        self, by_input: Mapping[tuple[str, str], list[Cover]], existing: set[tuple[str, str]]
    ) -> None:
        self._by_input = by_input
        # Also the memory of what was found; while an object is looked at it counts as not kept, so that
        # manifests made by hand in a circle prove nothing.
        self._is_kept: dict[tuple[str, str], bool] = dict.fromkeys(existing, True)

    def holds(self, cover: Cover) -> bool:
        return all(self._kept(item) for item in cover.outputs)

    def _kept(self, item: Version) -> bool:
        identity = item.identity
        if identity not in self._is_kept:
            self._is_kept[identity] = False
            self._is_kept[identity] = any(self.holds(cover) for cover in self._by_input.get(identity, ()))
        return self._is_kept[identity]
