"""Finds what `crowdlens audit` was pointed at: a hand count and a run's lake or summary."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.audit.compare import Run
from cli.audit.counted import CountedRun, read_run
from cli.audit.hand_file import HandRow, Subject, read_hand_file
from cli.audit.summary import first_event_ms, read_summary
from contract.errors import CrowdLensError
from contract.lake import RAW_PREFIX

if TYPE_CHECKING:
    from infra.local.athena import LocalAthena


class AuditCallError(CrowdLensError):
    """Raised when the arguments of an audit do not go together."""


def open_counted(
    hand: Path,
    counted: Path,
    start_ms: int | None,
    camera: str | None,
    object_class: str | None,
    *,
    scene: Path | None = None,
) -> tuple[list[HandRow], Run, list[str]]:
    """Return the rows of the hand count, what the run counted, and remarks for the reader.

    `counted` is a lake folder, the folder it lies in, or a summary.json. Seconds in the hand count are from
    `start_ms`, else from the run's first frame as the summary beside the lake says. Raises `AuditCallError`
    for a line that neither the lake nor the `scene` file names.
    """
    if counted.is_file():
        summary = read_summary(counted)
        origin_ms = summary.start_ms if start_ms is None else start_ms
        remark = "a summary has totals only: no suspect time is known, and zones cannot be compared"
        return read_hand_file(hand, origin_ms), summary, [remark]
    folder = lake_folder(counted)
    lake = _database(folder)
    rows = read_hand_file(hand, first_event_ms(folder) if start_ms is None else start_ms)
    first, last = min(row.start_ms for row in rows), max(row.end_ms for row in rows)
    run = read_run(lake, first, last, camera=camera, object_class=object_class)
    _check_lines(rows, run, scene)
    return rows, run, _of_classes(run, object_class)


def lake_folder(folder: Path) -> Path:
    """Return the lake in or at `folder`: `make demo` leaves it in OUT/lake."""
    inside = folder / "lake"
    return inside if not (folder / RAW_PREFIX).is_dir() and (inside / RAW_PREFIX).is_dir() else folder


def open_sample_run(
    lake: Path | None, begin_ms: int, end_ms: int, camera: str | None, object_class: str | None
) -> CountedRun | None:
    """Return what was counted in the period to sample, None without a lake."""
    if lake is None:
        return None
    return read_run(_database(lake_folder(lake)), begin_ms, end_ms, camera=camera, object_class=object_class)


def subjects_to_count(scene: Path | None, run: CountedRun | None) -> list[Subject]:
    """Return the lines, in both directions, and zones of the scene file, else those the lake names."""
    if scene is not None:
        from edge_components.vision.scene_file import read_scene

        read = read_scene(scene)
        lines = [Subject(line.name, way) for line in read.lines for way in ("in", "out")]
        return sorted([*lines, *(Subject(zone.name) for zone in read.zones)])
    if run is None:
        raise AuditCallError("--sample needs to know what to count: expected --scene FILE or --lake DIR")
    return sorted(run.subjects)


def _database(folder: Path) -> LocalAthena:
    from cli.lake_location import open_lake
    from infra.local.athena import LocalAthena

    return LocalAthena(open_lake(folder))


def _of_classes(run: CountedRun, object_class: str | None) -> list[str]:
    if object_class is not None or len(run.classes) < 2:
        return []
    return [f"all classes are counted together: {', '.join(run.classes)}; --class NAME takes one"]


def _check_lines(rows: list[HandRow], run: CountedRun, scene: Path | None) -> None:
    known = {subject.name for subject in run.subjects if subject.is_line}
    if scene is not None:
        known |= {subject.name for subject in subjects_to_count(scene, run) if subject.is_line}
    for row in rows:
        if row.subject.is_line and row.subject.name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise AuditCallError(
                f"hand count, line {row.number}: line is {row.subject.name!r}: the lines that were crossed "
                f"in the run are {names}; where it is right and nobody crossed it, add --scene FILE"
            )
