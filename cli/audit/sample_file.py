"""The CSV file to fill in: the drawn minutes, with the seed and the weights they were drawn with."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path

from cli.audit.hand_file import COLUMNS, Subject
from cli.audit.sampling import MINUTE_MS, DrawnMinute
from contract.errors import CrowdLensError


class SampleFileError(CrowdLensError):
    """Raised when the file to fill in cannot be written."""


def write_sample(
    path: Path,
    drawn: Sequence[DrawnMinute],
    subjects: Sequence[Subject],
    zone: tzinfo,
    remarks: Sequence[str],
) -> None:
    """Write one row for each drawn minute and line and direction, and for each zone at the minute's end.

    `remarks` go on top, as comments. Raises `SampleFileError` when the file is there: it may hold an hour's
    counting by hand.
    """
    text = sample_text(drawn, subjects, zone, remarks)
    try:
        with path.open("x", encoding="utf-8", newline="") as stream:
            stream.write(text)
    except FileExistsError as error:
        raise SampleFileError(f"--out is {str(path)!r}, which is there: expected a new file") from error
    except OSError as error:
        raise SampleFileError(f"--out {path} cannot be written: {error.strerror or error}") from error


def sample_text(
    drawn: Sequence[DrawnMinute], subjects: Sequence[Subject], zone: tzinfo, remarks: Sequence[str]
) -> str:
    """Return the text of the file."""
    stream = io.StringIO()
    for remark in remarks:
        stream.write(f"# {remark}\n")
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(COLUMNS)
    for one in drawn:
        for subject in sorted(subjects):
            writer.writerow(_row(one, subject, zone))
    return stream.getvalue()


def _row(one: DrawnMinute, subject: Subject, zone: tzinfo) -> list[str]:
    start, end = (written_time(at, zone) for at in (one.start_ms, one.start_ms + MINUTE_MS))
    weight = f"{one.weight:.9g}"
    if subject.is_line:
        return [start, end, subject.name, subject.direction, "", "", "", one.stratum, weight, ""]
    return [end, "", "", "", "", subject.name, "", one.stratum, weight, ""]


def written_time(at_ms: int, zone: tzinfo) -> str:
    """Return a time with its offset, "2026-11-21T09:00:00+09:00"."""
    return datetime.fromtimestamp(at_ms / 1000, zone).isoformat()
