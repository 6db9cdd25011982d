"""A history from its seed: stretches replayed, laid out over the days, numbered, written and added up."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from cli.history.device_health import health_part
from cli.history.folder import LAKE, PLACES, SCENES, TRUTH, history_folder, write_json, write_yaml
from cli.history.lake import HistoryLake
from cli.history.layout import laid_out
from cli.history.library import LAID_OUT, KindLibrary, build_library
from cli.history.numbering import DAY_MS, Numbering
from cli.history.profiles import BLOCK_MS
from cli.history.records_part import records_part
from cli.history.rows import Floats, Part
from cli.history.sites import SimulatedCamera, place_documents, simulated_cameras
from cli.history.stretch import WINDOW_SECONDS
from cli.history.timeline import CameraTimeline, Period, Timelines, plan
from cli.history.truth import Truth
from contract.lake import day_of

RAW_DAYS = 2
"""The newest days stay as lake_writer left them, in portions."""
_WATCHED = ("camera_status", "gaps")
_DAY_BLOCKS = DAY_MS // BLOCK_MS
_LEDGER_DELAY_MS = 30_000


@dataclass(frozen=True)
class HistorySettings:
    """What is asked for: `end` is the last UTC day; `now` cuts that day off when it is not over."""

    days: int
    cameras: int
    seed: int
    end: date
    now: datetime

    @property
    def period(self) -> Period:
        """The time of the history, from a UTC midnight on and to a whole minute."""
        midnight = datetime(self.end.year, self.end.month, self.end.day, tzinfo=UTC)
        start, end = midnight - timedelta(days=self.days - 1), midnight + timedelta(days=1)
        minute = min(end, self.now).timestamp() // 60 * 60
        return Period(round(start.timestamp() * 1000), round(minute * 1000))


def make_history(
    settings: HistorySettings, out: Path, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Write a history into `out` and return what its truth.json holds.

    Raises `HistoryFolderError` when `out` holds something else.
    """
    cameras = simulated_cameras(settings.cameras)
    with history_folder(out) as folder:
        library = build_library(
            list(dict.fromkeys(one.spot.kind for one in cameras)), settings.seed, progress
        )
        progress("planning days, crowds and incidents")
        timelines = plan(cameras, settings.period, settings.seed)
        writer = HistoryWriter(timelines, library, HistoryLake(folder / LAKE, settings.seed), settings)
        last_day = -(-(settings.period.end_ms - settings.period.start_ms) // DAY_MS)
        for day in range(last_day):
            progress(f"laying out day {day + 1} of {last_day}")
            writer.write_day(day, newest=day >= last_day - RAW_DAYS)
        writer.lake.compact(day_of(settings.period.start_ms + (last_day - RAW_DAYS) * DAY_MS), progress)
        truth = writer.truth.document(_about(settings, timelines, library))
        _write_beside(folder, cameras, truth)
    return truth


class HistoryWriter:
    """Makes the records of a history, a UTC day at a time, in the order of their sequences."""

    def __init__(
        self,
        timelines: Timelines,
        library: dict[str, KindLibrary],
        lake: HistoryLake,
        settings: HistorySettings,
    ) -> None:
        self.lake = lake
        self.truth = Truth(timelines.period)
        self._timelines = timelines
        self._library = library
        self._numbering = Numbering()
        self._random = np.random.default_rng([settings.seed, *b"health"])

    def write_day(self, day: int, *, newest: bool) -> None:
        """Make and write every record of the UTC day that is `day` after the first."""
        blocks = slice(day * _DAY_BLOCKS, (day + 1) * _DAY_BLOCKS)
        found: dict[str, list[Part]] = {}
        for timeline in self._timelines.cameras:
            self._add_laid_out(found, timeline, blocks)
            self._add_watched(found, timeline, day)
        self._add_device_records(found, blocks)
        self._add_ledgers(found, day)
        for table, parts in found.items():
            self.lake.write(table, parts, in_portions=newest)

    def _add_laid_out(self, found: dict[str, list[Part]], timeline: CameraTimeline, blocks: slice) -> None:
        period, device = self._timelines.period, self._timelines.devices[timeline.camera.device]
        for table in LAID_OUT:
            # Without metres a track row says nothing that the zone counts do not say better.
            if table == "tracks" and not timeline.camera.kind.has_ground:
                continue
            library = self._library[timeline.camera.spot.kind]
            part = laid_out(
                table, timeline=timeline, device=device, library=library, period=period, blocks=blocks
            )
            dropped = None
            if table == "tracks" and timeline.dropped[blocks].any():
                places = np.clip((part.times_ms - period.start_ms) // BLOCK_MS, 0, period.blocks - 1)
                dropped = timeline.dropped[places]
            numbered, gaps = self._numbering.number(part, dropped)
            self._keep(found, table, numbered, timeline)
            for gap in gaps:
                self._keep(found, "gaps", self._numbering.number(gap)[0], timeline)

    def _add_watched(self, found: dict[str, list[Part]], timeline: CameraTimeline, day: int) -> None:
        period, device = self._timelines.period, self._timelines.devices[timeline.camera.device]
        first_ms = period.start_ms + day * DAY_MS
        for table in _WATCHED:
            records = [
                record
                for record in timeline.watch
                if record.table == table
                and first_ms <= record.event_time_ms < min(first_ms + DAY_MS, period.end_ms)
            ]
            if records:
                part = records_part(table, records, timeline, device, period)
                self._keep(found, table, self._numbering.number(part)[0], timeline)

    def _add_device_records(self, found: dict[str, list[Part]], blocks: slice) -> None:
        for device in self._timelines.devices.values():
            busy = _load_of(self._timelines.cameras, device.name)
            part = health_part(device, busy, self._timelines.period, blocks, self._random)
            if len(part):
                self._keep(found, "device_health", self._numbering.number(part)[0], None)

    def _add_ledgers(self, found: dict[str, list[Part]], day: int) -> None:
        period = self._timelines.period
        moment_ms = min(period.start_ms + (day + 1) * DAY_MS + _LEDGER_DELAY_MS, period.end_ms - 1)
        block = min((moment_ms - period.start_ms) // BLOCK_MS, period.blocks - 1)
        for device in self._timelines.devices.values():
            # A device that is off tells when it is on again.
            if device.on[block]:
                epoch = device.epochs[device.epoch_numbers[block]]
                for part in self._numbering.ledger(device.site, device.name, epoch, moment_ms):
                    self._keep(found, "stream_ledger", part, None)

    def _keep(
        self, found: dict[str, list[Part]], table: str, part: Part, timeline: CameraTimeline | None
    ) -> None:
        found.setdefault(table, []).append(part)
        self.truth.add(table, part, timeline)


def _load_of(timelines: Sequence[CameraTimeline], device: str) -> Floats:
    """Return how busy a device's cameras are in each block, from 0 to 1."""
    own = [one for one in timelines if one.camera.device == device]
    shares = [one.levels * one.seen / (len(one.camera.kind.levels) - 1) for one in own]
    return np.asarray(np.mean(shares, axis=0))


def _about(
    settings: HistorySettings, timelines: Timelines, library: dict[str, KindLibrary]
) -> dict[str, Any]:
    period = timelines.period
    return {
        "seed": settings.seed,
        "started_ms": period.start_ms,
        "ended_ms": period.end_ms,
        "window_seconds": WINDOW_SECONDS,
        "cameras": [
            {
                "site": one.camera.site,
                "device": one.camera.device,
                "camera": one.camera.name,
                "kind": one.camera.spot.kind,
                "time_zone": one.camera.time_zone,
                "minutes_seen": int(one.seen.sum()) * BLOCK_MS // 60_000,
            }
            for one in timelines.cameras
        ],
        "replayed": {name: asdict(of_kind.accuracy) for name, of_kind in library.items()},
        "incidents": [one.told(period.start_ms) for one in timelines.incidents],
        "days": {site: days.told() for site, days in timelines.days.items()},
    }


def _write_beside(folder: Path, cameras: Sequence[SimulatedCamera], truth: dict[str, Any]) -> None:
    for camera in cameras:
        write_yaml(folder / SCENES / f"{camera.name}.yaml", camera.document)
    write_yaml(folder / PLACES, {"places": place_documents(cameras)})
    write_json(folder / TRUTH, truth)
