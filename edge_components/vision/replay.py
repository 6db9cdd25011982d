"""Counts again from a text of detections, without a camera, a detector or a clock."""

from __future__ import annotations

import errno
import json
import math
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError, DiskFullError
from contract.scene import Scene
from edge_components.vision.analytics import SceneAnalytics
from edge_components.vision.mot_text import TrackLine, format_tracks, read_detections
from edge_components.vision.totals import AnalyticsTotals
from edge_components.vision.tracked import TrackedFrame, TrackerSettings

TRACKS_NAME = "tracks.txt"
SUMMARY_NAME = "summary.json"
_MAXIMUM_FRAMES_PER_SECOND = 1000.0


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
    tracker_settings: TrackerSettings | None = None,
    warn: Callable[[str], None] | None = None,
) -> dict[str, Any]:
    """Track and count the MOT detections at `detections_path` and return what `summary.json` holds.

    The detections are boxes in a `width` x `height` frame, all taken to be of the scene's first class;
    frame n happened (n - 1) / `frames_per_second` after the start, and frames the text leaves out up to
    its last one are frames in which nothing was found. The scene is scaled to the frame. Writes into
    `out_dir`, which is made when missing, each file whole or not at all:

    - `tracks.txt`: the boxes of confirmed tracks in MOT form, those from before the confirmation included.
    - `summary.json`: `frames`, `tracks`, `frames_per_second`;
      `lines`: {name: {in, out}}; `zones`: {name: {max, mean, entries, exits, dwell_seconds_mean}}, `mean`
      over time, the dwell null when nobody left; `events`: a list of {event, kind, zone, object_class,
      track, threshold, peak_value, started_seconds, ended_seconds, duration_seconds}, seconds from the
      first frame, `object_class` and `track` null for events about a whole zone.

    `warn` is called with a sentence for each kind of detection that was dropped or mended. Raises
    `CrowdLensError` for what a user can mend: an unreadable text, a scene that does not fit, a full disk.
    """
    _check_settings(frames_per_second, width, height)
    detections = read_detections(Path(detections_path))
    scene = scene.scaled_to(width, height)
    analytics = SceneAnalytics(
        scene,
        labels=scene.classes,
        window_seconds=window_seconds,
        tracker_settings=tracker_settings,
    )
    lines: list[TrackLine] = []
    for index, found in enumerate(detections.by_frame()):
        analytics.update(found, round(1000 * index / frames_per_second))
        for frame in analytics.sightings:
            lines += _track_lines(frame)
    analytics.close()
    totals = analytics.totals
    summary = _summary(totals, frames_per_second)
    _warn(totals, warn)
    _write(Path(out_dir), {TRACKS_NAME: format_tracks(lines), SUMMARY_NAME: _json(summary)})
    return summary


def _check_settings(frames_per_second: float, width: int, height: int) -> None:
    if not (math.isfinite(frames_per_second) and 0 < frames_per_second <= _MAXIMUM_FRAMES_PER_SECOND):
        raise ReplayError(f"frames per second is {frames_per_second}: expected more than 0 and at most 1000")
    for name, value in (("width", width), ("height", height)):
        if not 16 <= value <= 16384:
            raise ReplayError(f"{name} is {value}: expected whole pixels from 16 to 16384")


def _track_lines(frame: TrackedFrame) -> list[TrackLine]:
    boxes = frame.boxes.copy()
    boxes[:, 2:] -= boxes[:, :2]
    return [
        (frame.index + 1, track, left, top, width, height)
        for track, (left, top, width, height) in zip(frame.ids.tolist(), boxes.tolist(), strict=True)
    ]


def _summary(totals: AnalyticsTotals, frames_per_second: float) -> dict[str, Any]:
    return {
        "frames": totals.frames,
        "tracks": totals.tracks,
        "frames_per_second": frames_per_second,
        "lines": totals.lines,
        "zones": totals.zones,
        "events": totals.events,
    }


def _warn(totals: AnalyticsTotals, warn: Callable[[str], None] | None) -> None:
    if warn is None:
        return
    for reason, count in totals.warnings.items():
        if count:
            warn(f"{count} times {reason.replace('_', ' ')}")


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
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFullError(f"results cannot be written to {out_dir}: the disk is full") from error
        raise ReplayError(f"results cannot be written to {out_dir}: {error.strerror}") from error
