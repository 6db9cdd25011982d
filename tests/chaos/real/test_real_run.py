"""One short storm over real processes; sixty longer ones by ``python -m tests.chaos --runs 60``."""

from __future__ import annotations

import random

import pytest

from tests.chaos.real.actions import make_actions
from tests.chaos.real.run import play


@pytest.mark.e2e
@pytest.mark.timeout(400)
def test_the_truth_holds_after_a_storm_over_real_processes() -> None:
    result = play(1, storm_seconds=15.0)
    assert not result.problems
    assert result.records
    assert result.actions["kill camera"]


def test_a_seed_names_what_is_done_to_the_processes() -> None:
    first, second = (make_actions(random.Random("real 5"), 30.0) for _ in range(2))
    assert first == second
    assert [one.name for one in first] == [one.name for one in second]
    assert first == sorted(first)
    assert {"kill camera", "kill publisher", "kill lake_writer", "kill rds_loader"} <= {
        one.name for one in first
    }
