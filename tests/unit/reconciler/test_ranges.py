"""Ranges against plain sets of numbers."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from lambdas.reconciler import ranges as module
from lambdas.reconciler.ranges import NOTHING, Ranges, RangeSet, StreamNumbers, record_numbers, runs_of

NUMBERS = st.lists(st.integers(0, 60), max_size=40)


def of(numbers: list[int]) -> Ranges:
    return Ranges.joined(*runs_of(np.array(numbers, np.int64)))


@given(NUMBERS, NUMBERS, st.integers(-3, 65), st.integers(-3, 65))
def test_ranges_are_sets(ours: list[int], theirs: list[int], first: int, last: int) -> None:
    both = of(ours).union(of(theirs))
    expected = {*ours, *theirs}
    inside = [number for number in expected if first <= number <= last]
    assert both.size == len(expected)
    assert both.count(first, last) == len(inside)
    assert both.within(first, last) == ((min(inside), max(inside)) if inside else None)
    assert all(np.diff(both.firsts) > 1)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 9)), max_size=30))
def test_overlapping_ranges_are_joined(parts: list[tuple[int, int]]) -> None:
    firsts = np.array([first for first, _ in parts], np.int64)
    lengths = np.array([length for _, length in parts], np.int64)
    joined = Ranges.joined(firsts, firsts + lengths)
    expected = {number for first, length in parts for number in range(first, first + length + 1)}
    assert joined.size == len(expected)


def test_a_set_is_joined_while_it_grows(monkeypatch: object) -> None:
    found = RangeSet()
    for start in range(0, 3 * module._RANGES_KEPT, module._RANGES_KEPT // 2):
        firsts = np.arange(start, start + module._RANGES_KEPT, 2, dtype=np.int64)
        found.add(firsts, firsts + 1)
    assert found.ranges().size == 3 * module._RANGES_KEPT + module._RANGES_KEPT // 2
    assert len(found.ranges().firsts) == 1
    assert NOTHING.size == 0


def test_neighbouring_streams_never_touch() -> None:
    streams = StreamNumbers()
    rows = pa.table(
        {
            "device": ["a", "a", "b"],
            "epoch": ["e", "e", "e"],
            "stream": ["s", "s", "s"],
            "sequence": pa.array([1, module.MAXIMUM_SEQUENCE, 1], pa.int64()),
        }
    )
    found = of(record_numbers(rows, streams).tolist())
    assert len(found.firsts) == 3
    assert streams.within(found) == [("a", "e", "s"), ("b", "e", "s")]
    assert found.count(*streams.window(("a", "e", "s"), 1, module.MAXIMUM_SEQUENCE)) == 2
