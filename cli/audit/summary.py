"""The totals of a whole run, as `summary.json` has them, for a hand count of a whole clip."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli.audit.counted import GOOD, Counted, CountedRunError
from cli.audit.hand_file import Subject

TOLERANCE_MS = 1500


@dataclass(frozen=True)
class SummaryRun:
    """Line totals of a run that lasted from `start_ms` to `end_ms`; it knows nothing of parts of it."""

    path: Path
    start_ms: int
    end_ms: int
    lines: dict[str, dict[str, int]]
    time_zone: str = "UTC"

    @property
    def subjects(self) -> set[Subject]:
        """Every line in both directions."""
        return {Subject(name, way) for name, totals in self.lines.items() for way in totals}

    def in_stretch(self, subject: Subject, start_ms: int, end_ms: int) -> Counted:
        """Return the total of a line; raises `CountedRunError` for less than the whole run."""
        if start_ms > self.start_ms + TOLERANCE_MS or end_ms < self.end_ms - TOLERANCE_MS:
            seconds = (self.end_ms - self.start_ms) / 1000
            raise CountedRunError(
                f"{self.path} has the totals of the whole run only: expected one row of {subject} from 0 to "
                f"{seconds:g} seconds, or the run's lake folder as --counted"
            )
        return Counted(float(self.lines.get(subject.name, {}).get(subject.direction, 0)), GOOD)

    def at_instant(self, zone: str, at_ms: int) -> Counted:  # noqa: ARG002 -- the same call as a lake's
        """Raise `CountedRunError`: totals know no instants."""
        raise CountedRunError(
            f"{self.path} knows no instants of zone {zone!r}: expected the run's lake folder as --counted"
        )


def read_summary(path: Path) -> SummaryRun:
    """Return the totals of a demo, run or replay; a replay starts at second 0 of 1970.

    Raises `CountedRunError` when the file is no summary.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        start_ms, end_ms = _period(document)
        zone = str(document.get("time_zone") or "UTC")
        lines = {
            str(name): {way: int(totals[way]) for way in ("in", "out")}
            for name, totals in document["lines"].items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise CountedRunError(
            f"--counted is {str(path)!r}: expected the lake folder of a run, or a summary.json"
        ) from error
    return SummaryRun(path, start_ms, end_ms, lines, zone)


def first_event_ms(folder: Path) -> int | None:
    """Return when the run beside a lake folder saw its first frame, None when no summary says so."""
    for path in (folder / "summary.json", folder.parent / "summary.json"):
        try:
            value = json.loads(path.read_text(encoding="utf-8")).get("first_event_time_ms")
        except (OSError, ValueError, AttributeError):
            continue
        if isinstance(value, int):
            return value
    return None


def _period(document: dict[str, Any]) -> tuple[int, int]:
    if document.get("first_event_time_ms") is not None:
        return int(document["first_event_time_ms"]), int(document["last_event_time_ms"])
    return 0, round(1000 * document["frames"] / document["frames_per_second"])
