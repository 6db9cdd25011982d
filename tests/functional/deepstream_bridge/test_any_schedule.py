"""Whatever is written, read, crashed and started again in whatever order: the same records come of it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.records import Record
from edge_components.deepstream_bridge.file_names import StreamKey

FRAMES = 150
STEPS = st.one_of(
    st.tuples(st.just("write"), st.integers(1, 60)),
    st.tuples(st.just("half"), st.floats(0.05, 0.95)),
    st.tuples(st.just("turn"), st.integers(1, 3)),
    st.tuples(st.just("slow-turn"), st.integers(1, 2)),
    st.tuples(st.just("crash"), st.just(0)),
    st.tuples(st.just("restart"), st.just(0)),
)


def uninterrupted(simulate: dict[str, Any], *, tracked: bool) -> list[Record]:
    with tempfile.TemporaryDirectory() as folder:
        kitti = Path(folder) / "kitti"
        kitti.mkdir()
        app = simulate["App"](kitti, tracked=tracked)
        app.write(FRAMES)
        device = simulate["Device"](Path(folder) / "d", kitti, {StreamKey(0, 0): simulate["settings"]()})
        device.finish()
        records: list[Record] = device.records()
        device.spool.close()
    return records


@pytest.fixture(scope="module")
def expected() -> dict[bool, list[Record]]:
    return {}


@pytest.mark.parametrize("tracked", [pytest.param(False, id="untracked"), pytest.param(True, id="tracked")])
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEPS, min_size=3, max_size=14))
def test_any_schedule_makes_the_records_of_one_uninterrupted_read(
    simulate: dict[str, Any], expected: dict[bool, list[Record]], tracked: bool, steps: list[tuple[str, Any]]
) -> None:
    if tracked not in expected:
        expected[tracked] = uninterrupted(simulate, tracked=tracked)
    with tempfile.TemporaryDirectory() as folder:
        kitti = Path(folder) / "kitti"
        kitti.mkdir()
        app = simulate["App"](kitti, tracked=tracked)
        device = simulate["Device"](Path(folder) / "d", kitti, {StreamKey(0, 0): simulate["settings"]()})
        for name, amount in steps:
            if name == "write":
                app.write(min(amount, FRAMES - app.frame))
            elif name == "half" and app.frame < FRAMES:
                app.half(amount)
            elif name == "turn":
                device.turn(amount)
            elif name == "slow-turn":
                device.turn(amount, seconds=0.3)
            elif name == "crash":
                device.crash()
            elif name == "restart":
                device.restart()
        app.write(FRAMES - app.frame)
        device.finish()
        assert device.records() == expected[tracked]
        assert list(kitti.iterdir()) == []
        device.spool.close()


def test_the_uninterrupted_read_has_something_of_everything(simulate: dict[str, Any]) -> None:
    tables = {record.table for record in uninterrupted(simulate, tracked=True)}
    assert {"zone_counts", "line_crossings", "tracks"} <= tables
