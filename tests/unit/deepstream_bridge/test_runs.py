"""Whether files of taken frames are a new run or additions to the past, whatever the clock says."""

from __future__ import annotations

import math
from typing import Any

import pytest

from edge_components.deepstream_bridge.runs import Evidence, Position, Sighting, Verdict, judge, run_of

NOW_NS = 1_795_230_000_000_000_000
SECOND_NS = 1_000_000_000


def files(frames: range, look: int, start_ns: int, step_ns: int = SECOND_NS // 10) -> dict[int, Sighting]:
    return {frame: Sighting(start_ns + place * step_ns, look) for place, frame in enumerate(frames)}


def evidence(behind: dict[int, Sighting], **changes: Any) -> Evidence:
    given = {
        "position": Position(500, NOW_NS, "one"), "boot": "one", "ahead": {}, "behind_arrived": False,
        "quiet_seconds": 0.0,
    }  # fmt: skip
    return Evidence(behind=behind, **{**given, **changes})


LONG_RUN = Position(5000, NOW_NS, "one")
OLD_BOOT = Position(500, NOW_NS, "another")
LATER = files(range(501, 503), 10, NOW_NS + SECOND_NS)


@pytest.mark.parametrize(
    ("given", "verdict"),
    [
        pytest.param(evidence(files(range(20), 9, 60 * SECOND_NS)), Verdict.NEW_RUN, id="1970"),
        pytest.param(
            evidence(files(range(20), 9, NOW_NS - 1800 * SECOND_NS)), Verdict.NEW_RUN, id="half an hour back"
        ),
        pytest.param(
            evidence(files(range(20), 9, NOW_NS - 5 * SECOND_NS), behind_arrived=True), Verdict.NEW_RUN,
            id="5 s back, seen to come after the last frame",
        ),
        pytest.param(
            evidence(files(range(1), 9, NOW_NS - 5 * SECOND_NS)), Verdict.LATE,
            id="frame 0 written just before the last frame",
        ),
        pytest.param(
            evidence(files(range(1), 9, NOW_NS + 5 * SECOND_NS)), Verdict.OPEN, id="frame 0 has just come"
        ),
        pytest.param(
            evidence(files(range(1), 9, NOW_NS + 5 * SECOND_NS), quiet_seconds=1.0), Verdict.NEW_RUN,
            id="frame 0 came and nothing since",
        ),
        pytest.param(
            evidence(files(range(1), 9, NOW_NS), ahead=LATER), Verdict.LATE, id="later frames came after 0"
        ),
        pytest.param(
            evidence(files(range(1), 9, 60 * SECOND_NS), ahead=LATER, position=LONG_RUN), Verdict.NEW_RUN,
            id="frame 0 after a long run",
        ),
        pytest.param(
            evidence(files(range(501), 9, NOW_NS), ahead=LATER), Verdict.NEW_RUN, id="a run that overtook"
        ),
        pytest.param(
            evidence(files(range(480, 495), 9, NOW_NS, 0), ahead=LATER), Verdict.LATE, id="a tracker's past"
        ),
        pytest.param(
            evidence(files(range(480, 495), 9, NOW_NS + 1, 0)), Verdict.OPEN, id="a past that may be more"
        ),
        pytest.param(
            evidence(files(range(480, 495), 9, NOW_NS + 1, 0), quiet_seconds=math.inf), Verdict.LATE,
            id="a past after which nothing came",
        ),
        pytest.param(
            evidence(files(range(100, 150), 9, 60 * SECOND_NS)), Verdict.NEW_RUN, id="a run without its start"
        ),
        pytest.param(
            evidence(files(range(3), 9, NOW_NS - 5 * SECOND_NS), position=OLD_BOOT), Verdict.NEW_RUN,
            id="another boot, clock a little back",
        ),
        pytest.param(
            evidence(files(range(7, 9), 9, 60 * SECOND_NS), position=OLD_BOOT), Verdict.NEW_RUN,
            id="another boot, 1970, without its start",
        ),
        pytest.param(
            evidence(files(range(480, 482), 9, NOW_NS + 1), position=OLD_BOOT), Verdict.LATE,
            id="another boot, what was added before the power went",
        ),
    ],
)  # fmt: skip
def test_files_of_taken_frames(given: Evidence, verdict: Verdict) -> None:
    assert judge(given) is verdict


def test_what_the_run_before_left_comes_first() -> None:
    behind, left = files(range(20), 9, 60 * SECOND_NS), files(range(501, 503), 3, NOW_NS)
    assert run_of(evidence(behind, ahead=left)) == ([501, 502], list(range(20)))


def test_a_run_that_overtook_goes_on_beyond() -> None:
    behind, ahead = files(range(501), 9, NOW_NS), files(range(501, 503), 9, NOW_NS + 60 * SECOND_NS)
    assert run_of(evidence(behind, ahead=ahead)) == ([], list(range(503)))
