"""A hundred schedules of faults in the suite; thousands by ``python -m tests.chaos.simulate``."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.chaos.mutants import MUTANTS
from tests.chaos.plan import KINDS
from tests.chaos.schedule import Outcome, simulator

SCHEDULES = 31
SCHEDULES_TO_CATCH_A_BUG = 60
FIRST_SEED = {
    "unsent_stays_in_1970": 20,
    "forget_dropped_gaps": 20,
    "forget_dropped_ledgers": 45,
    "redrive_removes_first": 45,
}
"""They take a small spool, an outage and time, or a person who is refused: an early seed that finds each."""

Play = Callable[..., Outcome]


@pytest.fixture(scope="module")
def play() -> Iterator[Play]:
    with simulator() as run:
        yield run


@pytest.mark.timeout(600)
def test_the_truth_holds_after_every_schedule(play: Play) -> None:
    kinds = set()
    for seed in range(SCHEDULES):
        outcome = play(seed)
        assert not outcome.problems, (
            f"seed {seed}: {outcome.problems[:5]}; python -m tests.chaos.simulate --seed {seed} --trace"
        )
        assert outcome.made
        kinds |= set(outcome.faults)
    assert kinds == set(KINDS)


def test_a_seed_is_one_schedule(play: Play) -> None:
    first, second, other = play(7), play(7), play(8)
    assert first.log == second.log
    assert (first.made, first.faults) == (second.made, second.faults)
    assert first.log != other.log


@pytest.mark.parametrize("name", MUTANTS)
def test_a_planted_bug_is_caught(play: Play, name: str) -> None:
    """A simulation that cannot fail proves nothing."""
    first = FIRST_SEED.get(name, 0)
    seeds = range(first, first + SCHEDULES_TO_CATCH_A_BUG)
    caught = (seed for seed in seeds if play(seed, plant=MUTANTS[name]).problems)
    assert next(caught, None) is not None, f"{name} went unnoticed for {SCHEDULES_TO_CATCH_A_BUG} schedules"


def test_faults_can_be_left_out_one_kind_at_a_time(play: Play) -> None:
    seed = next(seed for seed in range(50) if play(seed).faults["sqs_refused"])
    assert not play(seed, limits={"sqs_refused": 0}).faults["sqs_refused"]
