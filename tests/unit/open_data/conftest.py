"""Small files of public data, as bytes, and the whole way through the loader."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from lambdas.open_data.convert import Origin
from lambdas.open_data.load import Loaded, load, look_at
from lambdas.open_data.profile import Profile, shipped_profiles

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Outcome:
    """What became of a file, read back."""

    loaded: Loaded
    rows: list[dict[str, Any]]
    quarantine: list[dict[str, Any]]

    @property
    def reasons(self) -> list[tuple[int, list[str]]]:
        return [(row["line"], row["reasons"]) for row in self.quarantine]


LoadFile = Callable[..., Outcome]


@pytest.fixture
def load_file(tmp_path: Path) -> LoadFile:
    """Return a function that loads bytes and checks that no row is lost between table and quarantine."""

    def run(content: bytes, profile: Profile | None = None) -> Outcome:
        stream = io.BytesIO(content)
        found = look_at(stream, shipped_profiles(), profile)
        loaded = load(stream, found, Origin("default", "wifi.csv", NOON), tmp_path)
        rows = pq.read_table(loaded.parquet).to_pylist() if loaded.parquet else []
        lines = loaded.quarantine.read_text(encoding="utf-8").splitlines() if loaded.quarantine else []
        quarantine = [json.loads(line) for line in lines]
        assert (loaded.account.accepted, loaded.account.quarantined) == (len(rows), len(quarantine))
        return Outcome(loaded, rows, quarantine)

    return run
