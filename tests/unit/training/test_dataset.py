from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training import dataset
from training.dataset import PLAZA, VARIED, DatasetError, PictureKind, make_dataset, read_dataset, truth_rows
from training.frames import Frame, PersonTruth
from training.stills import stills

SMALL = PictureKind("small", stills, 160, 96, 4, 70, 80)


@pytest.mark.parametrize("kind", [VARIED, PLAZA])
def test_the_same_seed_draws_the_same_pictures(kind: PictureKind) -> None:
    first, second = (list(kind.draw(1_234_567, 160, 96, 2)) for _ in range(2))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one.picture, other.picture)
        assert one.people == other.people


def test_other_seeds_draw_other_pictures() -> None:
    one, other = next(stills(1, 160, 96, 1)), next(stills(2, 160, 96, 1))
    assert not np.array_equal(one.picture, other.picture)


def test_boxes_are_cut_at_the_frames_edge_and_slivers_dropped() -> None:
    def someone(box: tuple[float, float, float, float]) -> PersonTruth:
        return PersonTruth(1, box, box, 0.7, 0.8, (0.0, 0.0), (0.0, 0.0))

    frame = Frame(np.zeros((90, 160, 3), np.uint8), (someone((-5, 80, 20, 40)), someone((159, 0, 20, 40))))
    np.testing.assert_allclose(truth_rows(frame), [[0, 80, 15, 90, 0.7, 0.8]])


def test_a_dataset_comes_back_as_it_was_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "SCENES_PER_SHARD", 1)
    make_dataset(tmp_path, SMALL, pictures=8, first_seed=70, workers=1)
    examples = read_dataset(tmp_path)
    drawn = [frame for seed in (70, 71) for frame in stills(seed, 160, 96, 4)]
    assert len(examples) == len(drawn) == 8
    for example, frame in zip(examples, drawn, strict=True):
        np.testing.assert_array_equal(example.truth, truth_rows(frame))
        assert np.abs(example.picture().astype(int) - frame.picture).mean() < 6


def test_shards_already_there_are_kept(tmp_path: Path) -> None:
    make_dataset(tmp_path, SMALL, pictures=4, first_seed=5, workers=1)
    shard = next(tmp_path.glob("shard-*.npz"))
    before = shard.stat().st_mtime_ns
    make_dataset(tmp_path, SMALL, pictures=4, first_seed=5, workers=1)
    assert shard.stat().st_mtime_ns == before


def test_an_empty_folder_says_how_to_fill_it(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="python -m training dataset"):
        read_dataset(tmp_path)
