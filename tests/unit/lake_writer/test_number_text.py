"""What is read as number text is what JSON says, and nothing that JSON refuses is read."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lambdas.lake_writer.number_text import NumberReader, check_json, first_number, load_document

ONES = ",".join(["1"] * 100)
PADDING = '"note":"' + "x" * 5000 + '"'


def loaded(body: str) -> tuple[Any, list[bytes]]:
    return load_document(body, body.encode())


def body_of(numbers: str) -> str:
    return "{" + f'"a":[{numbers}],{PADDING}' + "}"


def test_long_arrays_of_numbers_stay_text_in_their_places() -> None:
    twos = ONES.replace("1", "2.5")
    document, texts = loaded("{" + f'"a":[{ONES}],"b":{{"s":[{twos}]}},"c":[1,2],"d":["x"],{PADDING}' + "}")
    assert document["a"] == ONES.encode()
    assert document["b"]["s"] == twos.encode()
    assert (document["c"], document["d"]) == ([1, 2], ["x"])
    assert texts == [ONES.encode(), twos.encode()]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{" + f'"a":"[{ONES}]",{PADDING}' + "}", id="in a text"),
        pytest.param("{" + f'"a":"[{ONES}]","b":[{ONES}],{PADDING}' + "}", id="in a text and beside it"),
        pytest.param("{" + f'"a":"NaN","b":[{ONES}],{PADDING}' + "}", id="beside a text that says NaN"),
        pytest.param("{" + f'"a":"[{ONES}]\\"","b":[[{ONES}],2],{PADDING}' + "}", id="nested"),
        pytest.param("{" + f'"[{ONES}]":1,{PADDING}' + "}", id="in a key"),
    ],
)
def test_what_only_looks_like_an_array_is_left_alone(body: str) -> None:
    document, _ = loaded(body)
    as_json = json.dumps(document, default=lambda text: json.loads(b"[" + text + b"]"))
    assert json.loads(as_json) == json.loads(body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{" + f'"a":NaN,"b":[{ONES}],{PADDING}' + "}", id="NaN beside it"),
        pytest.param("{" + f'"a":NaN,"b":"[{ONES}]",{PADDING}' + "}", id="NaN for a text"),
        pytest.param("{" + f'"a":-Infinity,"b":[{ONES}],{PADDING}' + "}", id="infinity beside it"),
        pytest.param("{" + f'"a":Na[{ONES}],{PADDING}' + "}", id="half a constant in front"),
        pytest.param("{" + f'"a":[{ONES}]1,{PADDING}' + "}", id="something behind"),
    ],
)
def test_what_json_refuses_is_refused(body: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own sentence
        loaded(body)


@pytest.mark.parametrize(
    "number",
    [
        "01",
        "-01",
        "00",
        "1.",
        ".5",
        "-.5",
        "+1",
        "--1",
        "-",
        "",
        "1-2",
        "-0",
        " 1",
        "1_0",
        "0x1",
        "Infinity",
        "\u0661",
    ],
)
def test_an_array_with_a_number_that_breaks_the_grammar_is_read_by_json(number: str) -> None:
    numbers = f"{ONES},{number},{ONES}"
    try:
        expected = json.loads(f"[{numbers}]", parse_constant=lambda _: 1 / 0)
    except (ValueError, ZeroDivisionError):
        with pytest.raises(ValueError):  # noqa: PT011 - json's own sentence
            loaded(body_of(numbers))
    else:
        assert loaded(body_of(numbers))[0]["a"] == expected


@given(st.lists(st.one_of(st.integers(-(2**63) + 1, 2**63 - 2)), min_size=1, max_size=40))
@settings(max_examples=200, deadline=None)
def test_whole_numbers_are_read_exactly(numbers: list[int]) -> None:
    text = ",".join(map(str, numbers)).encode()
    assert NumberReader().whole_numbers([text, text], [len(numbers)] * 2).tolist() == numbers * 2


@given(st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=40))
@settings(max_examples=200, deadline=None)
def test_real_numbers_and_nulls_are_read_exactly(numbers: list[float | None]) -> None:
    text = json.dumps(numbers, separators=(",", ":"))[1:-1].encode()
    found = NumberReader().numbers([text], [len(numbers)], pa.float64()).to_pylist()
    assert repr(found) == repr(numbers)


@pytest.mark.parametrize("text", [b"1.5", b"1e3", b"null", b"9223372036854775808", b"-99999999999999999999"])
def test_what_is_no_whole_number_of_64_bits_is_not_read_as_one(text: bytes) -> None:
    with pytest.raises(ValueError, match="expected whole numbers"):
        NumberReader().whole_numbers([text], [1])


def test_every_text_must_have_as_many_numbers_as_its_rows() -> None:
    with pytest.raises(ValueError, match="as many numbers as rows"):
        NumberReader().whole_numbers([b"1,2", b"3,4"], [3, 1])
    with pytest.raises(ValueError, match="as many numbers as rows"):
        NumberReader().numbers([b"1,2", b"3,4"], [3, 1], pa.float64())


@pytest.mark.parametrize("text", [b"1e", b"1.5.2", b"nul", b"1null", b"e5"])
def test_a_text_nobody_reads_must_be_json_all_the_same(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - json's own sentence
        check_json(text)


@pytest.mark.parametrize(
    ("text", "first"), [(b"-12,3", -12), (b"1.5,2", None), (b"null,2", None), (b"9" * 30 + b",1", None)]
)
def test_the_first_number_is_found_where_it_is_whole(text: bytes, first: int | None) -> None:
    assert first_number(text) == first
