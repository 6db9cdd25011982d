"""Tracking on real detections with real ground truth, which a user does not have."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from contract.scene import parse_scene
from edge_components.vision.replay import replay

FOLDER = Path(__file__).parents[4] / "shared" / "data" / "mot" / "TUD-Stadtmitte"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FOLDER.exists(), reason="../shared is not there"),
]


def overlaps(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the intersection over union of boxes given as left, top, width, height."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, :2] + first[:, None, 2:], second[None, :, :2] + second[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas = first[:, 2:].prod(axis=1)[:, None] + second[:, 2:].prod(axis=1)[None, :]
    return np.asarray(shared / (areas - shared))


def identity_f1(truth: np.ndarray, tracks: np.ndarray) -> float:
    """Return IDF1 of rows frame, id, left, top, width, height (Ristani et al., 2016), by hand.

    Boxes match from an overlap of one half; identities are paired so that most boxes match.
    """
    true_ids, ids = np.unique(truth[:, 1]), np.unique(tracks[:, 1])
    matches = np.zeros((len(true_ids), len(ids)))
    for frame in np.unique(truth[:, 0]):
        expected, found = truth[truth[:, 0] == frame], tracks[tracks[:, 0] == frame]
        for row, column in zip(*np.nonzero(overlaps(expected[:, 2:6], found[:, 2:6]) >= 0.5), strict=True):
            place = np.searchsorted(true_ids, expected[row, 1]), np.searchsorted(ids, found[column, 1])
            matches[place] += 1
    pairs = linear_sum_assignment(-matches)
    return float(2 * matches[pairs].sum() / (len(truth) + len(tracks)))


def test_identities_are_kept_in_a_real_street(tmp_path: Path) -> None:
    scene = parse_scene(
        {
            "site": "tud",
            "time_zone": "Europe/Berlin",
            "camera": "stadtmitte",
            "frame": {"width": 640, "height": 480},
            "classes": ["person"],
            "lines": [{"name": "middle", "points": [[320, 0], [320, 480]]}],
        }
    )
    summary = replay(
        FOLDER / "det.txt", frames_per_second=25, width=640, height=480, scene=scene, out_dir=tmp_path
    )
    truth = np.loadtxt(FOLDER / "gt.txt", delimiter=",")
    tracks = np.loadtxt(tmp_path / "tracks.txt", delimiter=",")
    assert summary["frames"] == 179
    # Ten people; the better trackers published reach 79 percent on these detections.
    assert identity_f1(truth, tracks) > 0.78
