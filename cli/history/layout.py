"""Stretches laid out: the rows of a camera over some blocks, each stretch's moved to its time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from cli.history.library import KindLibrary, Shelf
from cli.history.profiles import BLOCK_MS
from cli.history.rows import Integers, Origin, Part
from cli.history.stretch import WINDOW_SECONDS
from cli.history.timeline import CLOCKS, CameraTimeline, DeviceTimeline, Period
from contract.identity import stream_name

_WINDOW_MS = 1000 * WINDOW_SECONDS
_WINDOWED = ("zone_counts", "tracks")
_UNNUMBERED: Integers = np.empty(0, np.int64)


def laid_out(
    table: str,
    *,
    timeline: CameraTimeline,
    device: DeviceTimeline,
    library: KindLibrary,
    period: Period,
    blocks: slice,
) -> Part:
    """Return the rows of `table` of a camera in `blocks`, by time; their sequences are still to be given."""
    shelf, camera = library.shelves[table], timeline.camera
    chosen = np.arange(period.blocks, dtype=np.int64)[blocks]
    chosen = chosen[timeline.seen[blocks]]
    rows, owners = _gathered(shelf, timeline, chosen)
    times = _times(shelf, rows, timeline.rotations[owners], owners, period)
    lengths = _WINDOW_MS if table in _WINDOWED else 0
    kept = (times + lengths <= period.end_ms) & _still_seen(timeline, times, period)
    rows, owners, times = rows[kept], owners[kept], times[kept]
    order = np.argsort(times, kind="stable")
    rows, owners, times = rows[order], owners[order], times[order]
    numbers = {name: values[rows] for name, values in shelf.numbers.items()}
    _mend_numbers(numbers, timeline, library, owners)
    if "started_at" in numbers:
        numbers["started_at"] = (times - (shelf.times_ms - shelf.begun_ms)[rows]).astype(np.float64)
    scene = camera.scene
    names = {"zone": [zone.name for zone in scene.zones], "line": [line.name for line in scene.lines]}
    texts: dict[str, tuple[Integers, Sequence[str]]] = {
        name: (codes[rows], names.get(name, shelf.texts[name])) for name, codes in shelf.codes.items()
    }
    texts |= _scene_texts(timeline, owners)
    if table == "events":
        texts["event"] = _event_names(timeline, shelf, rows, owners)
    _place(numbers, timeline)
    return Part(
        Origin(camera.site, camera.device, camera.name, stream_name(camera.name, table)),
        times,
        (device.epoch_numbers[owners], device.epochs),
        _UNNUMBERED,
        numbers,
        texts,
    )


def _gathered(shelf: Shelf, timeline: CameraTimeline, blocks: Integers) -> tuple[Integers, Integers]:
    """Return the shelf's rows (N,) that `blocks` show, and the block of each."""
    places = timeline.levels[blocks], timeline.variants[blocks]
    firsts, counts = shelf.firsts[places], shelf.counts[places]
    owners = np.repeat(blocks, counts)
    before = np.repeat(np.cumsum(counts) - counts, counts)
    return np.repeat(firsts, counts) + np.arange(len(owners)) - before, owners


def _times(shelf: Shelf, rows: Integers, rotations: Integers, owners: Integers, period: Period) -> Integers:
    """Return when each row happened: a stretch begins with another of its minutes in every block."""
    begun = (shelf.begun_ms[rows] - rotations * _WINDOW_MS) % BLOCK_MS
    since = shelf.times_ms[rows] - shelf.begun_ms[rows]
    return np.asarray(period.start_ms + owners * BLOCK_MS + begun + since, np.int64)


def _still_seen(timeline: CameraTimeline, times: Integers, period: Period) -> npt.NDArray[np.bool_]:
    """Return whether a camera sees at `times`: an event may be cut off by a fault."""
    blocks = np.clip((times - period.start_ms) // BLOCK_MS, 0, period.blocks - 1)
    return np.asarray(timeline.seen[blocks])


def _mend_numbers(
    numbers: dict[str, npt.NDArray[np.float64]],
    timeline: CameraTimeline,
    library: KindLibrary,
    owners: Integers,
) -> None:
    """Say what is suspect, and tell tracks of one block from those of another."""
    if "suspect" in numbers:
        numbers["suspect"] = timeline.suspect[owners].astype(np.float64)
    if "track" in numbers:
        numbers["track"] = numbers["track"] + owners * library.track_numbers


def _scene_texts(timeline: CameraTimeline, owners: Integers) -> dict[str, tuple[Integers, Sequence[str]]]:
    same = np.zeros(len(owners), np.int64)
    scene = timeline.camera.scene
    return {
        "scene_version": (same, [scene.version]),
        "time_zone": (same, [scene.time_zone]),
        "clock_quality": (timeline.clocks[owners], CLOCKS),
    }


def _event_names(
    timeline: CameraTimeline, shelf: Shelf, rows: Integers, owners: Integers
) -> tuple[Integers, Sequence[str]]:
    """Return names for events, by block, kind, zone, track and beginning: the same for all phases of one."""
    kinds, zones = shelf.codes["kind"][rows], shelf.codes["zone"][rows]
    tracks = np.nan_to_num(shelf.numbers["track"][rows], nan=-1.0).astype(np.int64)
    keys = np.column_stack((owners, kinds, zones, tracks, shelf.begun_ms[rows]))
    distinct, codes = np.unique(keys, axis=0, return_inverse=True)
    texts = shelf.texts["kind"]
    names = [
        f"{texts[kind]}-{timeline.camera.name}-{block:x}-{zone}-{track}-{begun:x}"
        for block, kind, zone, track, begun in distinct.tolist()
    ]
    return codes.reshape(-1).astype(np.int64), names


def _place(numbers: dict[str, npt.NDArray[np.float64]], timeline: CameraTimeline) -> None:
    """Put ground places where this camera hangs: stretches are replayed at longitude and latitude 0."""
    if "longitude" not in numbers or not timeline.camera.kind.has_ground:
        return
    from edge_components.runtime.counting.located import geography_of, ground_of

    scene = timeline.camera.scene
    geography = geography_of(scene, ground_of(scene))
    if geography is None:
        return
    origin, east, north = geography.locate(0, 0), geography.locate(1, 0), geography.locate(0, 1)
    x, y = numbers["ground_x_m"], numbers["ground_y_m"]
    for side, name in enumerate(("longitude", "latitude")):
        moved = origin[side] + x * (east[side] - origin[side]) + y * (north[side] - origin[side])
        numbers[name] = moved.round(7)
