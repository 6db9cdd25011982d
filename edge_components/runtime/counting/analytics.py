"""From the detections of each frame to records: tracker, lines, zones, ground and events in one place."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from contract.records import Record
from contract.scene import Scene
from contract.scene_privacy import told
from contract.tables import CLOCK_SYNCED
from edge_components.runtime.counting.classes import anchor_shares, class_groups, class_positions
from edge_components.runtime.counting.events import (
    MAXIMUM_SILENCE_SECONDS,
    EventMonitor,
    EventPhase,
    TrackValues,
)
from edge_components.runtime.counting.lines import Crossing, LineCounter
from edge_components.runtime.counting.located import geography_of, ground_of
from edge_components.runtime.counting.rows import RecordMaker
from edge_components.runtime.counting.speed import SpeedEstimator
from edge_components.runtime.counting.tallies import FrameTallies
from edge_components.runtime.counting.timeline import Timeline
from edge_components.runtime.counting.totals import AnalyticsTotals, LineTotals, Totals
from edge_components.runtime.counting.tracked import TrackedFrame, TrackerSettings, TrackerStep
from edge_components.runtime.counting.tracker import Tracker
from edge_components.runtime.counting.windows import TrackWindows, WindowGrid, ZoneWindow, ZoneWindows
from edge_components.runtime.counting.zones import ZoneCounter
from edge_components.runtime.inference.detections import CleaningCounts, Detections, clean

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_SETTLING_SECONDS = 1.5
"""After the tracker's memory: until then a run of sightings may still change sides of a zone's edge."""
_SPEED_INTERVAL_SECONDS = 0.25
_JUST_SEEN_SECONDS = 0.5


class AnalyticsSettingsError(ValueError):
    """Raised when a setting of the analytics is out of range; a mistake of the caller."""


@dataclass(frozen=True)
class CurrentTrack:
    """A confirmed track for annotation: `box` is left, top, right, bottom in pixels."""

    track: int
    label: str
    box: tuple[float, float, float, float]


class SceneAnalytics:
    """Counts what `scene` asks for in the detections of one camera.

    The scene must be in pixels of the camera's frame (`Scene.scaled_to`). `labels` are the detector's,
    indexed by class id. `tracker` takes the place of ours where others follow the objects. Raises
    `SceneError` when a class of the scene is none of them or the ground is degenerate.
    """

    def __init__(
        self,
        scene: Scene,
        *,
        labels: Sequence[str],
        window_seconds: float = 10.0,
        tracker_settings: TrackerSettings | None = None,
        tracker: Tracker | None = None,
    ) -> None:
        if not (math.isfinite(window_seconds) and 1.0 <= window_seconds <= 86_400.0):
            raise AnalyticsSettingsError(
                f"window_seconds is {window_seconds}: expected a number from 1 to 86400"
            )
        self._scene = scene
        self._positions = class_positions(scene, labels)
        self._grid = WindowGrid(round(window_seconds * 1000))
        width, height, settings = scene.frame_width, scene.frame_height, tracker_settings or TrackerSettings()
        self._horizon_seconds = settings.memory_seconds + _SETTLING_SECONDS
        self._tracker = tracker or Tracker(width, height, settings, anchor_shares(scene), class_groups(scene))
        self._lines = LineCounter(scene.lines, width, height)
        self._tallies = FrameTallies(len(scene.zones), len(scene.classes))
        self._zones = ZoneCounter(scene.zones, width, height, self._tallies)
        self._zone_windows = ZoneWindows(len(scene.zones), len(scene.classes), self._grid)
        self._track_windows = TrackWindows()
        self._ground = ground_of(scene)
        self._speed = SpeedEstimator()
        self._events = EventMonitor(scene, window_seconds)
        self._timeline = Timeline()
        self._cleaning = CleaningCounts()
        self._totals = Totals(scene)
        self._records = RecordMaker(scene, self._ground, geography_of(scene, self._ground))
        self._time_seconds = 0.0
        self._speed_due_seconds = -math.inf
        self._suspect = False
        self._latest: TrackedFrame | None = None
        self._sightings: list[TrackedFrame] = []
        self._occupancy = np.zeros((len(scene.zones), len(scene.classes)), np.int64)

    @property
    def ground_residual_m(self) -> float | None:
        """How badly the ground's pairs fit, in metres; None without pairs."""
        return None if self._ground is None else self._ground.residual_m

    def update(
        self,
        detections: Detections,
        event_time_ms: int,
        *,
        clock_quality: str = CLOCK_SYNCED,
        suspect: bool = False,
    ) -> list[Record]:
        """Take in the next frame and return the records that became final with it.

        A crossing becomes final when its track is confirmed and clear of the line; it carries the time at
        which it happened. A window becomes final some seconds after its end, when hidden tracks can no
        longer return.
        """
        self._suspect = suspect
        self._time_seconds = time_seconds = self._timeline.advance(event_time_ms, clock_quality)
        now_ms = self._timeline.event_time_ms(time_seconds)
        self._tallies.open(self._tracker.frame_index + 1, time_seconds, now_ms, clock_quality, suspect)
        self._totals.frames += 1
        step = self._tracker.update(self._prepared(detections), time_seconds)
        self._latest = step.frames[-1]
        self._measure(step, now_ms)
        self._zones.update(step)
        records = [self._count(crossing) for crossing in self._lines.update(step)]
        records += [self._report(phase) for phase in self._watch(step)]
        closed = self._tallies.close_until(time_seconds - self._horizon_seconds)
        return records + self._window_records(self._zone_windows.add(closed))

    def idle(self, event_time_ms: int) -> list[Record]:
        """Let time pass without a frame and return what a silence makes final: windows, and events that end.

        A camera may be silent for hours; what was counted before must not wait in memory for it.
        """
        silent_seconds = self._timeline.since_last(event_time_ms)
        if silent_seconds <= self._horizon_seconds:
            return []
        ended = self._events.close(self._time_seconds) if silent_seconds > MAXIMUM_SILENCE_SECONDS else []
        records = [self._report(phase) for phase in ended]
        windows = self._zone_windows.add(self._tallies.close_until(math.inf))
        last_safe_ms = event_time_ms - round(self._horizon_seconds * 1000)
        return records + self._window_records(windows + self._zone_windows.close_before(last_safe_ms))

    def close(self) -> list[Record]:
        """End what is going on and return the last records, a partial window among them."""
        records = self._end(())
        self._zones.finish(self._time_seconds)
        windows = self._zone_windows.add(self._tallies.close_until(math.inf)) + self._zone_windows.close()
        return records + self._window_records(windows)

    def hand_over(
        self,
        scene: Scene,
        *,
        labels: Sequence[str],
        window_seconds: float = 10.0,
        tracker_settings: TrackerSettings | None = None,
    ) -> tuple[SceneAnalytics, list[Record]]:
        """Return who counts from the next frame on, and the last records of this one.

        The successor counts what `scene` asks for, in a frame of the same size. Tracks keep their ids when
        the classes are the same; then lines, zones and event rules that both scenes have go on as they are,
        so nobody is counted twice, and the records here are about the others. With other classes everybody
        is followed anew, under new ids. The window that is open is cut in two, one part for each of them.
        Raises `SceneError` as the constructor does, with nothing changed.
        """
        successor = SceneAnalytics(
            scene, labels=labels, window_seconds=window_seconds, tracker_settings=tracker_settings
        )
        successor._timeline = self._timeline
        successor._time_seconds = self._time_seconds
        if _same_tracks(self._scene, scene):
            successor._follow_on(self)
            records = self._end({line.name for line in scene.lines if line in self._scene.lines})
        else:
            successor._tracker.number_from(self._tracker.next_id)
            records = self._end(())
            self._zones.finish(self._time_seconds)
        windows = self._zone_windows.add(self._tallies.close_until(math.inf))
        return successor, records + self._window_records(windows + self._zone_windows.cut(successor._grid))

    def _follow_on(self, before: SceneAnalytics) -> None:
        """Take the tracks over, and what is known of them where both scenes look at the same."""
        before._tracker.settings = self._tracker.settings
        self._tracker = before._tracker
        self._latest = before._latest
        self._lines.take_over(before._lines)
        self._zones.take_over(before._zones)
        self._events.take_over(before._events)
        if (before._scene.ground, before._scene.position) == (self._scene.ground, self._scene.position):
            self._speed = before._speed

    def _end(self, lines_that_go_on: Collection[str]) -> list[Record]:
        """End crossings and events that nobody goes on with."""
        crossings = [one for one in self._lines.finish() if one.line not in lines_that_go_on]
        records = [self._count(crossing) for crossing in crossings]
        return records + [self._report(phase) for phase in self._events.close(self._time_seconds)]

    @property
    def tracks(self) -> list[CurrentTrack]:
        """The confirmed tracks seen in the latest frame."""
        if self._latest is None:
            return []
        return [
            CurrentTrack(int(track), self._scene.classes[class_id], (box[0], box[1], box[2], box[3]))
            for track, class_id, box in zip(
                self._latest.ids, self._latest.class_ids, self._latest.boxes.tolist(), strict=True
            )
        ]

    @property
    def occupancy(self) -> Mapping[str, Mapping[str, int]]:
        """How many of each class are in each zone now, as it may be told."""
        least, counts = self._scene.minimum_count, self._occupancy.tolist()
        return {
            zone.name: {
                name: int(told(count, least)) for name, count in zip(self._scene.classes, row, strict=True)
            }
            for zone, row in zip(self._scene.zones, counts, strict=True)
        }

    @property
    def line_totals(self) -> LineTotals:
        """How often each line was crossed `in` and `out` under this scene."""
        return self._totals.lines

    @property
    def sightings(self) -> list[TrackedFrame]:
        """Confirmed tracks of the latest frame, after the earlier frames of those confirmed in it."""
        return self._sightings

    @property
    def totals(self) -> AnalyticsTotals:
        """Everything counted so far."""
        warnings = {
            **{f"boxes_{reason}": count for reason, count in self._cleaning.as_dict().items()},
            "boxes_without_room": self._tracker.boxes_without_room,
            "times_not_forward": self._timeline.not_forward,
            "times_set_back": self._timeline.set_back,
            "times_in_bunches": self._timeline.spread,
            "late_changes": self._tallies.late,
        }
        tracks = int(told(self._tracker.confirmed_tracks, self._scene.minimum_count))
        return self._totals.summary(self._zone_windows.totals, tracks, warnings)

    def _prepared(self, detections: Detections) -> Detections:
        """Return the detections that are counted here, their class ids turned into positions in the scene."""
        ids = detections.class_ids
        known = (ids >= 0) & (ids < len(self._positions))
        positions = np.where(known, self._positions[np.where(known, ids, 0)], -1)
        wanted = Detections(detections.boxes, detections.confidences, positions)
        counted = positions >= 0
        if not counted.all():
            wanted = wanted.select(counted)
        return clean(wanted, self._scene.frame_width, self._scene.frame_height, self._cleaning)

    def _measure(self, step: TrackerStep, now_ms: int) -> None:
        """Add the sightings to the track windows and follow positions on the ground."""
        self._sightings = step.frames
        for frame in step.frames:
            feet = frame.feet
            ground = np.zeros_like(feet) if self._ground is None else self._ground.project(feet)
            event_time_ms = self._tallies.event_time_ms(frame.index)
            if event_time_ms is not None:
                start_ms = self._grid.start_ms(event_time_ms)
                self._track_windows.add(start_ms, frame, ground)
            if self._ground is not None:
                self._speed.add(frame.slots, frame.ids, ground, frame.time_seconds)
        if self._ground is not None and self._time_seconds >= self._speed_due_seconds:
            self._speed_due_seconds = self._time_seconds + _SPEED_INTERVAL_SECONDS
            latest = step.frames[-1]
            speeds, uncertainties = self._speed.measure(latest.slots, self._time_seconds)
            start_ms = self._grid.start_ms(now_ms)
            self._track_windows.add_speeds(start_ms, latest.ids, speeds, uncertainties)

    def _watch(self, step: TrackerStep) -> list[EventPhase]:
        self._occupancy = self._zones.occupancy(self._time_seconds)
        tracks = self._track_values(step.frames[-1]) if self._events.looks_at_tracks else None
        return self._events.update(self._occupancy, tracks, step.ended_ids.tolist(), self._time_seconds)

    def _track_values(self, frame: TrackedFrame) -> TrackValues:
        return TrackValues(
            slots=frame.slots,
            ids=frame.ids,
            class_ids=frame.class_ids,
            feet=frame.feet,
            heights=frame.heights,
            inside=self._zones.inside(frame.slots),
            inside_since=self._zones.entered_seconds(frame.slots),
            speeds=self._speed.latest(frame.slots, frame.ids),
        )

    def _count(self, crossing: Crossing) -> Record:
        self._totals.count(crossing)
        suspect = self._tallies.suspect_at(crossing.time_seconds)
        speed = self._speed.latest(np.array([crossing.slot]), np.array([crossing.track]))[0]
        return self._records.crossing(
            crossing,
            self._timeline.event_time_ms(crossing.time_seconds),
            self._timeline.clock_quality(crossing.time_seconds),
            suspect=self._suspect if suspect is None else suspect,
            speed_mps=float(speed) if np.isfinite(speed) else None,
        )

    def _report(self, phase: EventPhase) -> Record:
        self._totals.note(phase)
        return self._records.event(phase, self._timeline)

    def _window_records(self, windows: Sequence[ZoneWindow]) -> list[Record]:
        records: list[Record] = []
        for window in windows:
            records += self._records.zone_counts(window)
            rows = self._track_windows.pop(window.start_ms)
            records += self._records.tracks(window, rows)
        return records


def _same_tracks(before: Scene, after: Scene) -> bool:
    """Return whether tracks mean the same in two scenes: classes are known by their positions there."""
    frames = [(scene.frame_width, scene.frame_height) for scene in (before, after)]
    return frames[0] == frames[1] and (before.classes, before.centred_classes) == (
        after.classes,
        after.centred_classes,
    )
