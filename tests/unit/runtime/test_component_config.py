"""Configurations as classic and lite hand them out, and one sentence for what cannot be used."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edge_components.runtime.component_config import ComponentConfigError, Fields

Read = Callable[[Fields], Any]


@pytest.mark.parametrize(
    ("value", "read", "expected"),
    [
        pytest.param(4, lambda f: f.integer("x"), 4, id="integer-of-classic"),
        pytest.param("4", lambda f: f.integer("x"), 4, id="integer-of-lite"),
        pytest.param(4.0, lambda f: f.integer("x"), 4, id="integer-written-as-real"),
        pytest.param("0.25", lambda f: f.real("x"), 0.25, id="real-of-lite"),
        pytest.param(" 1e-3 ", lambda f: f.real("x"), 0.001, id="real-with-spaces"),
        pytest.param(True, lambda f: f.boolean("x"), True, id="truth-of-classic"),
        pytest.param("False", lambda f: f.boolean("x"), False, id="truth-of-lite"),
        pytest.param(1, lambda f: f.boolean("x"), True, id="truth-as-number"),
        pytest.param(7, lambda f: f.text("x"), "7", id="number-as-text"),
        pytest.param(" a ", lambda f: f.text("x"), "a", id="text-without-its-spaces"),
        pytest.param("live", lambda f: f.one_of("x", ["live"]), "live", id="choice"),
        pytest.param("plaza-1", lambda f: f.identifier("x"), "plaza-1", id="identifier"),
        pytest.param(["a", "b"], lambda f: f.texts("x"), ("a", "b"), id="list"),
        pytest.param("a, b,", lambda f: f.texts("x"), ("a", "b"), id="list-as-text"),
        pytest.param({"y": "2"}, lambda f: f.mapping("x").integer("y"), 2, id="nested"),
        pytest.param("", lambda f: f.mapping("x").names(), (), id="no-object"),
        pytest.param(None, lambda f: f.integer("x", 3), 3, id="null-has-the-default"),
        pytest.param("", lambda f: f.real("x", 0.5), 0.5, id="empty-text-has-the-default"),
        pytest.param("", lambda f: f.text("x", None), None, id="a-default-of-none"),
    ],
)
def test_a_value_is_read_as_what_it_has_to_be(value: Any, read: Read, expected: Any) -> None:
    assert read(Fields({"x": value})) == expected


@pytest.mark.parametrize(
    ("value", "read", "sentence"),
    [
        pytest.param(None, lambda f: f.text("x"), "configuration x is missing: expected text", id="missing"),
        pytest.param("4.5", lambda f: f.integer("x"), "x is '4.5': expected a whole number", id="half"),
        pytest.param(
            "17",
            lambda f: f.integer("x", minimum=1, maximum=16),
            "x is '17': expected a whole number from 1 to 16",
            id="too-large",
        ),
        pytest.param(
            0, lambda f: f.integer("x", minimum=1), "x is 0: expected a whole number of 1 or more", id="small"
        ),
        pytest.param("nan", lambda f: f.real("x"), "x is 'nan': expected a number", id="nan"),
        pytest.param("1e999", lambda f: f.real("x"), "x is '1e999': expected a number", id="infinite"),
        pytest.param(True, lambda f: f.real("x"), "x is True: expected a number", id="truth-for-number"),
        pytest.param([1], lambda f: f.real("x"), r"x is \[1\]: expected a number", id="list-for-number"),
        pytest.param("maybe", lambda f: f.boolean("x"), "x is 'maybe': expected true or false", id="maybe"),
        pytest.param({}, lambda f: f.text("x"), "x is {}: expected text", id="object-for-text"),
        pytest.param(
            "a" * 50, lambda f: f.text("x", maximum_characters=9), "expected at most 9 characters", id="long"
        ),
        pytest.param(
            "fast", lambda f: f.one_of("x", ["live", "economy"]), "expected one of live, economy", id="choice"
        ),
        pytest.param("a/b", lambda f: f.identifier("x"), "x is 'a/b': expected 1 to", id="identifier"),
        pytest.param([1], lambda f: f.texts("x"), "expected a list of text", id="list-of-numbers"),
        pytest.param("a", lambda f: f.mapping("x"), "x is 'a': expected an object", id="text-for-object"),
        pytest.param(
            {"y": {"z": "no number"}},
            lambda f: f.mapping("x").mapping("y").integer("z"),
            "configuration x/y/z is 'no number'",
            id="nested",
        ),
        pytest.param(
            {"y": 1}, lambda f: f.mapping("x").check_known(["z"]), "key x/y is not known", id="unknown"
        ),
        pytest.param(
            1,
            lambda f: f.check_known(["y"]),
            "key x is not known: expected one of y",
            id="unknown-at-the-top",
        ),
        pytest.param(1, lambda f: f.mapping("x"), "x is 1: expected an object", id="number-for-object"),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(value: Any, read: Read, sentence: str) -> None:
    with pytest.raises(ComponentConfigError, match=sentence):
        read(Fields({"x": value}))


def test_keys_of_every_component_are_known() -> None:
    Fields({"accessControl": {}, "folder": "/x", "logLevel": "INFO", "mine": 1}).check_known(["mine"])
