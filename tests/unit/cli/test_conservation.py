"""The account of a run tells a loss at every station, and so does the page."""

from __future__ import annotations

import pytest

from cli.demo.conservation import Conservation, StreamTotal, account
from cli.demo.report import conservation_rows
from quicksight.preview.demo_section import verdict

OBJECTS = {
    "raw/tracks/day=2026-11-21/a.parquet": ["1", "2"],
    "raw/tracks/day=2026-11-21/b.parquet": ["2", "3"],
    "raw/gaps/day=2026-11-21/c.parquet": ["9"],
}
LEDGER = [(key, len(ids)) for key, ids in OBJECTS.items()]
STREAMS = [StreamTotal("plaza-1/tracks", 3, 0), StreamTotal("_device/gaps", 1, 0)]


def changed(**changes: object) -> Conservation:
    given = {"streams": STREAMS, "ids": OBJECTS, "ledger": LEDGER, "quarantined": 0, **changes}
    return account(**given)  # type: ignore[arg-type]


def test_a_record_in_two_objects_counts_once() -> None:
    assert changed().as_dict() == {"made": 4, "lake": 4, "mysql_accounted": 4, "dropped": 0, "quarantined": 0}


FOLDED = {
    f"compacted/tracks/day=2026-11-21/0000-of-0001-3-{'a' * 40}.parquet": ["1", "2", "3"],
    "raw/gaps/day=2026-11-21/c.parquet": ["9"],
}


@pytest.mark.parametrize(
    ("ledger", "accounted"),
    [
        pytest.param(LEDGER, 4, id="loaded before they were folded"),
        pytest.param(LEDGER[:1] + LEDGER[2:], 3, id="one was never loaded"),
        pytest.param([], 0, id="nothing loaded"),
    ],
)
def test_records_of_raw_objects_that_went_are_accounted_for(
    ledger: list[tuple[str, int]], accounted: int
) -> None:
    found = changed(ids=FOLDED, ledger=ledger)
    assert (found.as_dict()["lake"], found.as_dict()["mysql_accounted"]) == (4, accounted)


@pytest.mark.parametrize(
    ("account_of_run", "holds"),
    [
        pytest.param(changed(), True, id="nothing lost"),
        pytest.param(changed(ledger=None), True, id="no MySQL on this machine"),
        pytest.param(
            changed(streams=[StreamTotal("p/tracks", 5, 2), STREAMS[1]]), True, id="dropped and declared"
        ),
        pytest.param(
            changed(streams=[StreamTotal("p/tracks", 4, 0), STREAMS[1]]), False, id="lost before the lake"
        ),
        pytest.param(
            changed(streams=[StreamTotal("p/tracks", 2, 0), STREAMS[1]]), False, id="more than was made"
        ),
        pytest.param(
            changed(streams=[StreamTotal("p/tracks", 4, 0), StreamTotal("_device/gaps", 0, 0)]),
            False,
            id="a loss in one table hidden by another's surplus",
        ),
        pytest.param(changed(ledger=LEDGER[1:]), False, id="an object not loaded"),
        pytest.param(
            changed(ledger=[*LEDGER[:2], (LEDGER[2][0], 0)]), False, id="an object loaded with fewer rows"
        ),
        pytest.param(changed(ledger=[]), False, id="an empty load ledger"),
        pytest.param(changed(quarantined=1), False, id="a message nobody could read"),
        pytest.param(changed(ids={}, ledger=[]), False, id="an empty lake"),
    ],
)
def test_verdict_and_page_hold_only_when_every_record_is_accounted_for(
    account_of_run: Conservation, holds: bool
) -> None:
    assert account_of_run.holds is holds
    assert account_of_run.sentence().startswith("all " if holds else "NOT conserved")
    on_the_page, english, _ = verdict(conservation_rows(account_of_run))
    assert on_the_page is holds, english
