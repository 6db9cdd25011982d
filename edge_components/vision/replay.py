"""Counts again from a text of detections, without a camera, a detector or a clock."""

from __future__ import annotations

import errno
import json
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError, DiskFullError
from contract.records import Record
from contract.scene import Scene
from contract.scene_privacy import NO_MINIMUM
from contract.tables import EVENTS
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.counting.mot_text import MotDetections, TrackLine, format_tracks, read_detections
from edge_components.runtime.counting.totals import AnalyticsTotals
from edge_components.runtime.counting.tracked import TrackedFrame, TrackerSettings
from edge_components.vision.alerts import AlertPublisher, alerting
from edge_components.vision.progress import Progress
from edge_components.vision.replay_doubts import doubts_about
from edge_components.vision.warning_sentences import sentences_of

TRACKS_NAME = "tracks.txt"
SUMMARY_NAME = "summary.json"
_MINIMUM_FRAMES_PER_SECOND, _MAXIMUM_FRAMES_PER_SECOND = 0.1, 1000.0
_DENSE_SECONDS = 10.0
_EMPTY_STEP_SECONDS = 1.0
"""Far from any detection a frame a second is enough: none stands for longer, and nothing moves."""
_PROGRESS_FRAMES = 500


class ReplayError(CrowdLensError):
    """Raised when a replay cannot be run; the sentence names the setting or file and what was expected."""


def replay(
    detections_path: Path | str,
    *,
    frames_per_second: float,
    width: int,
    height: int,
    scene: Scene,
    out_dir: Path | str,
    window_seconds: float = 10.0,
    confidence: float | None = None,
    tracker_settings: TrackerSettings | None = None,
    warn: Callable[[str], None] | None = None,
    progress: Callable[[Progress], None] | None = None,
    alerts: AlertPublisher | None = None,
    device: str = "replay",
) -> dict[str, Any]:
    """Track and count the MOT detections at `detections_path` and return what `summary.json` holds.

    The detections are boxes in a `width` x `height` frame, all taken to be of the scene's first class;
    frame n happened (n - 1) / `frames_per_second` after the start, and frames the text leaves out up to
    its last one are frames in which nothing was found. The scene is scaled to the frame. Writes into
    `out_dir`, which is made when missing, each file whole or not at all:

    - `tracks.txt`: the boxes of confirmed tracks in MOT form, those from before the confirmation included.
      With `privacy` there is none, and one of an earlier replay is taken away.
    - `summary.json`: `frames`, `tracks`, `frames_per_second`;
      `lines`: {name: {in, out}}; `zones`: {name: {max, mean, entries, exits, dwell_seconds_mean}}, `mean`
      over time, the dwell null when nobody left; `events`: a list of {event, kind, zone, object_class,
      track, threshold, peak_value, started_seconds, ended_seconds, duration_seconds}, seconds from the
      first frame, `object_class` and `track` null for events about a whole zone; `warnings`: how often what
      was dropped or mended, by reason; `minimum_count`: below which numbers about zones are told as 0.

    `confidence` starts a track (0.5 when not given); weaker boxes, down to 0.1, continue one. `warn` is
    called with a sentence for each kind of detection that was dropped or mended, and for what looks like a
    mistake.
    `alerts` is told of events as if they happened now, on `device`.
    Raises `CrowdLensError` for what a user can mend: an unreadable text, a scene that does not fit, a full
    disk.
    """
    _check_settings(frames_per_second, width, height)
    detections = read_detections(Path(detections_path))
    scene = scene.scaled_to(width, height)
    settings = tracker_settings or _tracker_settings(confidence)
    analytics = SceneAnalytics(
        scene,
        labels=scene.classes,
        window_seconds=window_seconds,
        tracker_settings=settings,
    )
    with alerting(alerts, scene, device) as note:
        tell = None if note is None else _as_of_now(note)
        lines = _run(detections, analytics, frames_per_second, progress, tell)
    totals = analytics.totals
    summary = _summary(totals, detections.frames, frames_per_second, scene.minimum_count)
    sentences = sentences_of(totals.warnings)
    sentences += doubts_about(detections.rows, width, height, settings.new_track_confidence, totals.warnings)
    if warn is not None:
        for sentence in sentences:
            warn(sentence)
    files = {SUMMARY_NAME: _json(summary)}
    if scene.minimum_count == NO_MINIMUM:
        files = {TRACKS_NAME: format_tracks(lines), **files}
    _write(Path(out_dir), files)
    return summary


def _tracker_settings(confidence: float | None) -> TrackerSettings:
    if confidence is None:
        return TrackerSettings()
    if not 0 < confidence < 1:
        raise ReplayError(f"confidence is {confidence}: expected more than 0 and less than 1")
    return TrackerSettings(
        high_confidence=confidence,
        new_track_confidence=confidence,
        low_confidence=min(TrackerSettings.low_confidence, confidence),
    )


def _run(
    detections: MotDetections,
    analytics: SceneAnalytics,
    frames_per_second: float,
    progress: Callable[[Progress], None] | None,
    note: Callable[[Sequence[Record]], None] | None,
) -> list[TrackLine]:
    """Replay all frames, skipping through long stretches without detections; return the tracks' boxes."""
    step = max(1, math.floor(_EMPTY_STEP_SECONDS * frames_per_second))
    dense_frames = math.ceil(_DENSE_SECONDS * frames_per_second)
    started, numbers, lines = time.perf_counter(), [], list[TrackLine]()
    for number, found in detections.numbered(dense_frames=dense_frames, step=step):
        numbers.append(number)
        records = analytics.update(found, round(1000 * (number - 1) / frames_per_second))
        if note is not None:
            note(records)
        for frame in analytics.sightings:
            lines += _track_lines(frame, numbers[frame.index])
        if progress is not None and len(numbers) % _PROGRESS_FRAMES == 0:
            progress(Progress(number, detections.frames, 0, time.perf_counter() - started))
    records = analytics.close()
    if note is not None:
        note(records)
    return lines


def _as_of_now(note: Callable[[Sequence[Record]], None]) -> Callable[[Sequence[Record]], None]:
    """Return what hands events on to `note` as if the first frame were now."""
    start_ms = round(time.time() * 1000)

    def shifted(record: Record) -> Record:
        values = dict(record.values)
        # A replay anew is another event.
        values |= {
            "event": f"{values['event']}-{start_ms}",
            "started_at": start_ms + int(str(values["started_at"])),
        }
        return replace(record, event_time_ms=start_ms + record.event_time_ms, values=values)

    return lambda records: note([shifted(record) for record in records if record.table == EVENTS.name])


def _check_settings(frames_per_second: float, width: int, height: int) -> None:
    if not _MINIMUM_FRAMES_PER_SECOND <= frames_per_second <= _MAXIMUM_FRAMES_PER_SECOND:
        raise ReplayError(f"frames per second is {frames_per_second:g}: expected 0.1 to 1000")
    for name, value in (("width", width), ("height", height)):
        if not 16 <= value <= 16384:
            raise ReplayError(f"{name} is {value}: expected whole pixels from 16 to 16384")


def _track_lines(frame: TrackedFrame, number: int) -> list[TrackLine]:
    boxes = frame.boxes.copy()
    boxes[:, 2:] -= boxes[:, :2]
    return [
        (number, track, left, top, width, height)
        for track, (left, top, width, height) in zip(frame.ids.tolist(), boxes.tolist(), strict=True)
    ]


def _summary(
    totals: AnalyticsTotals, frames: int, frames_per_second: float, minimum_count: int
) -> dict[str, Any]:
    return {
        "frames": frames,
        "tracks": totals.tracks,
        "frames_per_second": frames_per_second,
        "lines": totals.lines,
        "zones": totals.zones,
        "events": totals.events,
        "warnings": {reason: count for reason, count in totals.warnings.items() if count},
        "minimum_count": minimum_count,
    }


def _json(summary: dict[str, Any]) -> str:
    return json.dumps(summary, ensure_ascii=False, indent=2, allow_nan=False) + "\n"


def _write(out_dir: Path, files: dict[str, str]) -> None:
    """Write all `files` beside their places first, so that a full disk leaves none of them half or alone."""
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".replay-", dir=out_dir) as folder:
            for name, text in files.items():
                (Path(folder) / name).write_text(text, encoding="utf-8")
            for name in files:
                (Path(folder) / name).replace(out_dir / name)
        if TRACKS_NAME not in files:
            (out_dir / TRACKS_NAME).unlink(missing_ok=True)
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(f"results cannot be written to {out_dir}: the disk is full") from error
        raise ReplayError(f"results cannot be written to {out_dir}: {error.strerror}") from error
