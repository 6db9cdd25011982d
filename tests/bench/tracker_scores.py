"""Scores of tracks against truth by TrackEval: HOTA, MOTA, IDF1; runs in ``.tools/trackers``.

Both come as MOTChallenge text. HOTA is the mean over overlaps from 0.05 to 0.95 (Luiten et al., 2021); MOTA,
IDF1 and identity switches are at an overlap of 0.5.
"""

from __future__ import annotations

import contextlib
import io
from dataclasses import dataclass

import numpy as np
from tracker_detector import overlaps

with contextlib.redirect_stdout(io.StringIO()):
    # It prints on import which of its data sets' dependencies are missing; none of them is used.
    from trackeval.metrics import CLEAR, HOTA, Identity

_QUIET = {"PRINT_CONFIG": False}


@dataclass(frozen=True)
class Scores:
    """Scores of one sequence in per cent, and how many identity switches there were."""

    hota: float
    idf1: float
    mota: float
    switches: int


def score(truth: str, tracks: str, frames: int) -> Scores:
    """Return the scores of `tracks` against `truth` over `frames` frames."""
    data = _data(_rows(truth), _rows(tracks), frames)
    hota = HOTA().eval_sequence(data)["HOTA"].mean()
    clear = CLEAR(_QUIET).eval_sequence(data)
    identity = Identity(_QUIET).eval_sequence(data)
    return Scores(
        100 * float(hota), 100 * float(identity["IDF1"]), 100 * float(clear["MOTA"]), int(clear["IDSW"])
    )


def _rows(text: str) -> np.ndarray:
    """Return frame, id, left, top, right, bottom of every line."""
    if not text.strip():
        return np.empty((0, 6))
    rows = np.loadtxt(io.StringIO(text), delimiter=",", usecols=range(6), ndmin=2)
    rows[:, 4:] += rows[:, 2:4]
    return rows


def _data(truth: np.ndarray, tracks: np.ndarray, frames: int) -> dict[str, object]:
    """Return what TrackEval's metrics take: ids from 0 without gaps and overlaps, frame by frame."""
    (true_ids, true_rows, true_count), (ids, rows, count) = (
        _by_frame(truth, frames),
        _by_frame(tracks, frames),
    )
    return {
        "num_timesteps": frames,
        "gt_ids": true_ids,
        "tracker_ids": ids,
        "similarity_scores": [overlaps(first, second) for first, second in zip(true_rows, rows, strict=True)],
        "num_gt_dets": len(truth),
        "num_tracker_dets": len(tracks),
        "num_gt_ids": true_count,
        "num_tracker_ids": count,
    }


def _by_frame(rows: np.ndarray, frames: int) -> tuple[list[np.ndarray], list[np.ndarray], int]:
    names, ids = np.unique(rows[:, 1], return_inverse=True)
    which = [np.flatnonzero(rows[:, 0] == frame) for frame in range(1, frames + 1)]
    return [ids[index] for index in which], [rows[index, 2:] for index in which], len(names)
