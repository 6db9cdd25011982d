"""A small seeded part of `make fuzz` in the suite."""

from __future__ import annotations

import pytest

from tests.fuzz.lake_objects import fuzz_objects
from tests.fuzz.writing import fuzz_messages


@pytest.mark.parametrize("seed", [101, 102])
def test_damaged_messages_are_written_or_quarantined_as_the_contract_says(seed: int) -> None:
    tally = fuzz_messages(seed, 600)
    assert tally.messages == 600
    # Both ends of the matter are in it.
    assert tally.written > 100
    assert tally.refused > 100


def test_damaged_objects_are_read_whole_or_refused() -> None:
    tally = fuzz_objects(101, 1500)
    assert tally.objects == 1500
    assert tally.read > 20
    assert set(tally.errors) == {"LakeObjectError", "LakeSchemaError"}
