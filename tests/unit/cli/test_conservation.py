"""The account of a run tells a loss at every station."""

from __future__ import annotations

import pytest

from cli.demo.conservation import Conservation, accounted_record_ids

IDS = {"raw/a": ["1", "2"], "raw/b": ["2", "3"]}


@pytest.mark.parametrize(
    ("ledger", "accounted"),
    [
        pytest.param([("raw/a", 2), ("raw/b", 2)], 3, id="every object, a record in two of them once"),
        pytest.param([("raw/a", 2)], 2, id="an object not loaded"),
        pytest.param([("raw/a", 2), ("raw/b", 1)], 2, id="an object with fewer rows than it holds"),
        pytest.param([], 0, id="nothing loaded"),
        pytest.param([("raw/z", 9)], 0, id="an object the lake does not have"),
    ],
)
def test_only_whole_objects_account_for_their_records(ledger: list[tuple[str, int]], accounted: int) -> None:
    assert accounted_record_ids(IDS, ledger) == accounted


@pytest.mark.parametrize(
    ("account", "holds"),
    [
        pytest.param(Conservation(10, 10, 10, 0, 0), True, id="nothing lost"),
        pytest.param(Conservation(10, 10, None, 0, 0), True, id="no MySQL on this machine"),
        pytest.param(Conservation(10, 8, 8, 2, 0), True, id="dropped and declared"),
        pytest.param(Conservation(10, 9, 9, 0, 0), False, id="lost before the lake"),
        pytest.param(Conservation(10, 10, 9, 0, 0), False, id="lost before MySQL"),
        pytest.param(Conservation(10, 11, 11, 0, 0), False, id="more than was made"),
        pytest.param(Conservation(10, 10, 10, 0, 1), False, id="a message nobody could read"),
    ],
)
def test_the_verdict_holds_only_when_every_record_is_accounted_for(
    account: Conservation, holds: bool
) -> None:
    assert account.holds is holds
    assert account.sentence().startswith("all 10 records" if holds else "NOT conserved")
