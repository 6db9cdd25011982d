from __future__ import annotations

from datetime import UTC, datetime

import pytest

from quicksight.preview.demo_section import demo_section, verdict
from quicksight.preview.facts import ConservationRow, Fact, FilePlace, NextStep, ReportFacts, TruthRow

MOMENT = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("row", "good", "sentence"),
    [
        pytest.param((10, 10, 10, 0, 0), True, "Nothing is lost: 10 records made, 10 in", id="all there"),
        pytest.param((10, 10, None, 0, 0), True, "MySQL was not run", id="without mysql"),
        pytest.param((10, 7, 7, 2, 1), True, "2 dropped and 1 quarantined, all declared", id="declared"),
        pytest.param((10, 9, 9, 0, 0), False, "see tracks", id="one record missing"),
        pytest.param((10, 11, 11, 0, 0), False, "see tracks", id="one record too many"),
        pytest.param((10, 10, 9, 0, 0), False, "see tracks", id="a lake row no load accounts for"),
    ],
)
def test_the_verdict(row: tuple[int, int, int | None, int, int], good: bool, sentence: str) -> None:
    found, english, korean = verdict([ConservationRow("tracks", *row)])
    assert found is good
    assert sentence in english
    assert korean.endswith(".")


def test_losses_of_one_table_are_not_made_good_by_another() -> None:
    rows = [ConservationRow("tracks", 10, 9, 9, 0, 0), ConservationRow("gaps", 10, 11, 11, 0, 0)]
    good, english, _ = verdict(rows)
    assert not good
    assert "see tracks, gaps" in english


def test_everything_given_is_on_the_page_and_escaped() -> None:
    facts = ReportFacts(
        site="s",
        camera="<c>",
        time_zone="UTC",
        generated_at=MOMENT,
        key_frame_jpeg=b"jpeg",
        headline=(Fact("Frames", "프레임", "<900>"),),
        run=(Fact("Detector", "검출기", "a & b"),),
        truth=(TruthRow("gate", "문", 17, 18), TruthRow("mean", "평균", 2.5, 2.5, 1)),
        files=(FilePlace("Lake", "레이크", "/<lake>"),),
        next_steps=(NextStep("Ask", "묻기", 'sql "<x>"'),),
        notes=("MySQL did <not> run",),
    )
    page = demo_section(facts)
    for text in (
        "&lt;900&gt;",
        "a &amp; b",
        "/&lt;lake&gt;",
        "&lt;not&gt;",
        "Annotated frame of camera &lt;c&gt;",
    ):
        assert text in page
    assert '<td class="number off">-1</td>' in page
    assert '<td class="number">0</td>' in page
    assert "data:image/jpeg;base64,anBlZw==" in page


def test_what_is_not_given_leaves_no_empty_card() -> None:
    page = demo_section(ReportFacts(site="s", camera="c", time_zone="UTC", generated_at=MOMENT))
    assert "card" not in page
