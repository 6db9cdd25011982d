from __future__ import annotations

import numpy as np
import pytest

from training.augmentation import augment, usable_truth


@pytest.mark.parametrize(
    ("row", "learnt", "ignored"),
    [
        pytest.param((10, 10, 30, 60, 1.0, 1.0), 1, 0, id="seen whole"),
        pytest.param((10, 10, 30, 60, 0.2, 1.0), 0, 1, id="mostly hidden is ignored"),
        pytest.param((10, 10, 30, 60, 0.05, 1.0), 0, 0, id="all but invisible is background"),
        pytest.param((10, 10, 14, 18, 1.0, 1.0), 0, 1, id="too small is ignored"),
        pytest.param((-30, 10, 30, 60, 1.0, 1.0), 1, 0, id="half outside is still learnt"),
        pytest.param((-90, 10, 10, 60, 1.0, 1.0), 0, 1, id="a tenth inside is ignored"),
        pytest.param((-90, 10, -10, 60, 1.0, 1.0), 0, 0, id="outside"),
    ],
)
def test_who_is_learnt_and_who_ignored(row: tuple[float, ...], learnt: int, ignored: int) -> None:
    kept, left_out = usable_truth(np.array([row], np.float32), 100, 80)
    assert (len(kept), len(left_out)) == (learnt, ignored)


def test_boxes_follow_the_picture() -> None:
    picture = np.full((140, 240, 3), 20, np.uint8)
    picture[40:100, 90:120] = 250
    truth = np.array([[90, 40, 120, 100, 1.0, 1.0]], np.float32)
    followed, held = 0, 0
    for seed in range(40):
        moved, learnt, _ = augment(
            np.random.default_rng(seed), picture, truth, window=(192, 112), whole=(240, 140)
        )
        assert moved.shape == (112, 192, 3)
        if not len(learnt):
            continue
        left, top, right, bottom = np.rint(learnt[0]).astype(int)
        inside = moved[top + 2 : bottom - 2, left + 2 : right - 2].astype(float)
        held += 1
        followed += bool(inside.size and inside.std() < 14)
    assert held >= 20
    assert followed >= 0.9 * held


def test_the_same_generator_state_changes_a_picture_the_same_way() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (140, 240, 3), dtype=np.uint8)
    truth = np.array([[90, 40, 120, 100, 1.0, 1.0]], np.float32)
    first = augment(np.random.default_rng(9), picture, truth, window=(192, 112), whole=(240, 140))
    second = augment(np.random.default_rng(9), picture, truth, window=(192, 112), whole=(240, 140))
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)
