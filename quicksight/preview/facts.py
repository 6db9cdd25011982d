"""What the page says about one run, beside the dashboard: given by the caller as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Fact:
    """One named figure of the run, already written: ("Detector", "검출기", "demo-person.onnx")."""

    english: str
    korean: str
    value: str


@dataclass(frozen=True)
class ConservationRow:
    """What became of the records of one table; `accounted_in_mysql` is None when MySQL was not run."""

    table: str
    made: int
    in_lake: int
    accounted_in_mysql: int | None
    dropped: int
    quarantined: int

    @property
    def missing_in_lake(self) -> int:
        """Records made that are neither in the lake nor declared; below zero, there are too many."""
        return self.made - self.in_lake - self.dropped - self.quarantined

    @property
    def missing_in_mysql(self) -> int:
        """Rows of the lake that no load accounts for; 0 when MySQL was not run."""
        return 0 if self.accounted_in_mysql is None else self.in_lake - self.accounted_in_mysql


@dataclass(frozen=True)
class TruthRow:
    """A counted figure beside the true one, both in the unit that the name says."""

    english: str
    korean: str
    counted: float
    true: float
    decimals: int = 0

    @property
    def error(self) -> float:
        """Counted minus true."""
        return self.counted - self.true


@dataclass(frozen=True)
class FilePlace:
    """Where something lies that the run left behind; `place` is a path or an address."""

    english: str
    korean: str
    place: str


@dataclass(frozen=True)
class NextStep:
    """Something to try next: a sentence and, if there is one, the command."""

    english: str
    korean: str
    command: str = ""


@dataclass(frozen=True)
class ReportFacts:
    """All that `report.html` shows above the dashboard.

    Times are aware. `time_zone` is the site's IANA zone. `key_frame_jpeg` is embedded in the page and is the
    only picture in it; None leaves it out. `headline` facts come first and large: two to four of them.
    `notes` are sentences the reader must not miss, such as a stage that did not run.
    """

    site: str
    camera: str
    time_zone: str
    generated_at: datetime
    period_start: datetime | None = None
    period_end: datetime | None = None
    key_frame_jpeg: bytes | None = None
    key_frame_caption: str = ""
    headline: tuple[Fact, ...] = ()
    run: tuple[Fact, ...] = ()
    conservation: tuple[ConservationRow, ...] = ()
    truth: tuple[TruthRow, ...] = ()
    truth_note: str = ""
    files: tuple[FilePlace, ...] = ()
    next_steps: tuple[NextStep, ...] = ()
    notes: tuple[str, ...] = ()
