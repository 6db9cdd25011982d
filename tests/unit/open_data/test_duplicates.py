"""Copies are numbered over batches as one pass over all rows would number them."""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lambdas.open_data.duplicates import DuplicateCounter


@given(st.lists(st.lists(st.integers(-5, 5), max_size=30), max_size=12))
def test_numbers_are_those_of_a_plain_count(batches: list[list[int]]) -> None:
    counter = DuplicateCounter()
    seen: Counter[int] = Counter()
    for batch in batches:
        expected = []
        for value in batch:
            seen[value] += 1
            expected.append(seen[value])
        assert counter.numbers(np.array(batch, dtype=np.int64)).tolist() == expected
