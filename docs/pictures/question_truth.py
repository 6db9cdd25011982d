"""What the answers of docs/questions.md must be, counted without the product's views.

Totals come from the truth.json of a history, which it added up before anything was written; hours from the
stored records themselves, each once, by plain SQL of DuckDB over the parquet files.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

Row = Mapping[str, Any]
SEOUL_HOURS = 9
"""The cameras that are asked about by the hour stand in Korea, which has no summer time."""


@dataclass(frozen=True)
class Truth:
    """The totals of one history, and where its records lie."""

    folder: Path
    told: Mapping[str, Any]

    @property
    def ended_at(self) -> datetime:
        """When the history ends."""
        return datetime.fromtimestamp(self.told["ended_ms"] / 1000, UTC)

    def came_in(self, key: str, days: Collection[date], **only: str) -> Counter[str]:
        """Return how many persons crossed inwards on local `days`, by the column `key`."""
        return _sums(
            self.told["lines"],
            "crossings",
            key,
            lambda one: _is_of(one, days, {"direction": "in", "object_class": "person", **only}),
        )

    def events(self, key: str, days: Collection[date], kinds: Collection[str], **only: str) -> Counter[str]:
        """Return how many events of `kinds` began on local `days`, by the column `key`."""
        return _sums(
            self.told["events"],
            "events",
            key,
            lambda one: one["kind"] in kinds and _is_of(one, days, only),
        )

    def came_in_by_hour(self, camera: str, days: Collection[date]) -> Counter[tuple[int, int]]:
        """Return how many persons crossed inwards by ISO weekday and hour of a camera in Korea."""
        rows = self._ask(
            "SELECT isodow(local_time), hour(local_time), count(DISTINCT record_id) "
            "FROM (SELECT *, event_time + to_hours($hours) AS local_time FROM read_parquet($files)) "
            "WHERE camera = $camera AND direction = 'in' AND object_class = 'person' "
            "AND CAST(local_time AS date) BETWEEN $first AND $last GROUP BY ALL",
            table="line_crossings",
            camera=camera,
            first=min(days),
            last=max(days),
            hours=SEOUL_HOURS,
        )
        return Counter({(int(weekday), int(hour)): int(number) for weekday, hour, number in rows})

    def _ask(self, sql: str, *, table: str, **values: Any) -> list[tuple[Any, ...]]:
        files = [str(path) for path in sorted((self.folder / "lake").glob(f"*/{table}/day=*/**/*.parquet"))]
        with duckdb.connect(config={"threads": 1}) as connection:
            found: list[tuple[Any, ...]] = connection.execute(sql, {"files": files, **values}).fetchall()
        return found


def read_truth(folder: Path) -> Truth:
    """Return the truth of the history in `folder`."""
    return Truth(folder, json.loads((folder / "truth.json").read_text(encoding="utf-8")))


def days_before(last: date, number: int) -> list[date]:
    """Return `number` days, `last` the latest of them."""
    return [last - timedelta(days=back) for back in reversed(range(number))]


def _sums(rows: list[Row], value: str, key: str, wanted: Callable[[Row], bool]) -> Counter[str]:
    found: Counter[str] = Counter()
    for one in rows:
        if wanted(one):
            found[str(one[key])] += int(one[value])
    return found


def _is_of(one: Row, days: Collection[date], only: Mapping[str, str]) -> bool:
    return date.fromisoformat(one["local_day"]) in days and all(
        one[name] == value for name, value in only.items()
    )
