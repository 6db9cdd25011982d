"""The totals of a history, added up before anything is written: what every view has to come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import numpy.typing as npt

from cli.history.numbering import DAY_MS
from cli.history.profiles import BLOCK_MS
from cli.history.rows import Integers, Part
from cli.history.timeline import CameraTimeline, Period

_Key = tuple[str, ...]
_LINE_KEYS = ("line", "object_class", "direction")
_ZONE_KEYS = ("zone", "object_class")
_EVENT_KEYS = ("kind", "zone")
_SUMMED = ("entries", "exits", "appeared", "vanished", "dwell_seconds_sum", "dwell_count")


@dataclass
class Truth:
    """Adds up parts; `document` is what truth.json holds.

    Days are local. A mean is over the minutes with data, the suspect ones included, as the views' means are.
    """

    period: Period
    _records: dict[str, int] = field(default_factory=dict)
    _lines: dict[_Key, int] = field(default_factory=dict)
    _zones: dict[_Key, dict[str, float]] = field(default_factory=dict)
    _events: dict[_Key, int] = field(default_factory=dict)

    def add(self, table: str, part: Part, timeline: CameraTimeline | None = None) -> None:
        """Take in rows as they are stored."""
        self._records[table] = self._records.get(table, 0) + len(part)
        if timeline is None or not len(part):
            return
        days = self._local_days(part, timeline)
        if table == "line_crossings":
            for key, rows in _groups(part, days, _LINE_KEYS):
                self._lines[key] = self._lines.get(key, 0) + len(rows)
        elif table == "zone_counts":
            for key, rows in _groups(part, days, _ZONE_KEYS):
                self._add_zone(key, part, rows)
        elif table == "events":
            codes, phases = part.texts["phase"]
            begun = codes == list(phases).index("start")
            for key, rows in _groups(part.select(begun), days[begun], _EVENT_KEYS):
                self._events[key] = self._events.get(key, 0) + len(rows)

    def document(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Return all totals, after what is told `about` the history."""
        return {
            **about,
            "records": dict(sorted(self._records.items())),
            "lines": [
                {**_named(key, _LINE_KEYS), "crossings": count} for key, count in sorted(self._lines.items())
            ],
            "zones": [
                {**_named(key, _ZONE_KEYS), **_zone(found)} for key, found in sorted(self._zones.items())
            ],
            "events": [
                {**_named(key, _EVENT_KEYS), "events": count} for key, count in sorted(self._events.items())
            ],
        }

    def _local_days(self, part: Part, timeline: CameraTimeline) -> Integers:
        blocks = np.clip((part.times_ms - self.period.start_ms) // BLOCK_MS, 0, self.period.blocks - 1)
        return np.asarray((part.times_ms + timeline.local.offsets_ms[blocks]) // DAY_MS, np.int64)

    def _add_zone(self, key: _Key, part: Part, rows: npt.NDArray[np.intp]) -> None:
        found = self._zones.setdefault(key, {})
        numbers = {name: part.numbers[name][rows] for name in (*_SUMMED, "occupancy_mean", "suspect")}
        added = {
            "minutes": float(len(rows)),
            "suspect_minutes": float(numbers["suspect"].sum()),
            "occupancy_sum": float(numbers["occupancy_mean"].sum()),
            **{name: float(numbers[name].sum()) for name in _SUMMED},
        }
        for name, value in added.items():
            found[name] = found.get(name, 0.0) + value
        highest = float(part.numbers["occupancy_maximum"][rows].max())
        found["occupancy_maximum"] = max(found.get("occupancy_maximum", 0.0), highest)


def _groups(part: Part, days: Integers, names: Sequence[str]) -> list[tuple[_Key, npt.NDArray[np.intp]]]:
    """Return the rows of each local day and combination of the text columns `names`."""
    columns = [days, *(part.texts[name][0] for name in names)]
    distinct, owners = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
    groups = []
    for place, (day, *codes) in enumerate(distinct.tolist()):
        texts = [_text(part.texts[name][1], code) for name, code in zip(names, codes, strict=True)]
        key = (part.origin.site, part.origin.camera or "", _day(day), *texts)
        groups.append((key, np.flatnonzero(owners.reshape(-1) == place)))
    return groups


def _text(texts: Sequence[str], code: int) -> str:
    return texts[code] if code >= 0 else ""


def _day(day: int) -> str:
    return (date(1970, 1, 1) + timedelta(days=day)).isoformat()


def _named(key: _Key, names: Sequence[str]) -> dict[str, str]:
    return dict(zip(("site", "camera", "local_day", *names), key, strict=True))


def _zone(found: Mapping[str, float]) -> dict[str, float | int]:
    told: dict[str, float | int] = {
        name: round(value, 3) if name == "dwell_seconds_sum" else round(value)
        for name, value in found.items()
        if name != "occupancy_sum"
    }
    return {**told, "occupancy_mean": round(found["occupancy_sum"] / found["minutes"], 6)}
