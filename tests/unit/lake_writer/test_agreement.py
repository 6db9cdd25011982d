"""The reading of whole arrays takes, refuses and means exactly what the contract's own reader does."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.columns import Column, ColumnType
from contract.envelope import encode_message
from contract.tables import TABLES
from lambdas.lake_writer.build import MAXIMUM_ROWS_AT_ONCE, build_or_refuse, portions
from lambdas.lake_writer.inbox import EncodedMessage, group_deliveries, read_deliveries
from lambdas.shared.sqs import SqsRecord
from tests.fuzz.writing import Tally, write_and_compare

ROWS = 40
JUNK = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**62, 2**64)
    | st.floats()
    | st.text(max_size=70),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("kdibs"), inner, max_size=3),
    max_leaves=6,
)
WHOLE = st.integers(-(2**63) - 2, 2**63 + 2) | st.integers(-50, 50)


def values(column: Column) -> st.SearchStrategy[Any]:
    """A value of the column, now and then one that does not belong there."""
    mostly: dict[ColumnType, st.SearchStrategy[Any]] = {
        ColumnType.TEXT: st.sampled_from(["hall", "문", "x" * 64, "synced", "restamped"]),
        ColumnType.INTEGER: st.integers(1, 300),
        ColumnType.REAL: st.floats(-1e6, 1e6) | st.integers(-5, 5),
        ColumnType.BOOLEAN: st.booleans(),
        ColumnType.TIMESTAMP: st.integers(1_763_726_400_000, 1_763_999_999_999),
    }
    return st.one_of(*[mostly[column.type]] * 6, st.none() if column.nullable else mostly[column.type], JUNK)


def columns(column: Column, rows: int) -> st.SearchStrategy[Any]:
    """A column in one of the forms it may have, long enough to be read as number text."""
    indices = st.lists(st.integers(0, 2), min_size=rows, max_size=rows) | st.lists(JUNK, max_size=rows)
    return st.one_of(
        st.lists(values(column), min_size=rows, max_size=rows),
        values(column).map(lambda value: {"k": value}),
        st.fixed_dictionaries({"d": st.lists(values(column), max_size=4), "i": indices}),
        st.fixed_dictionaries({"b": WHOLE, "s": st.lists(WHOLE, min_size=rows - 1, max_size=rows)}),
        st.fixed_dictionaries({"s": WHOLE, "b": WHOLE}),
        st.lists(WHOLE | st.floats(), min_size=rows, max_size=rows),
        JUNK,
    )


@given(st.data())
@settings(max_examples=60, deadline=None)
@pytest.mark.parametrize("padding", [0, 5000], ids=["small body", "large body"])
def test_any_column_of_any_form_is_judged_as_the_contract_judges_it(
    padding: int, make_records: Any, data: st.DataObject
) -> None:
    table = TABLES[data.draw(st.sampled_from(sorted(TABLES)))]
    bodies = [encode_message("s", "whole", make_records(table.name, count=3, camera="other"))]
    for device in range(data.draw(st.integers(1, 3))):
        document = json.loads(encode_message("s", f"d{device}", make_records(table.name, count=ROWS)))
        block = document["blocks"][0]
        for column in data.draw(st.lists(st.sampled_from(table.row_columns), min_size=1, max_size=2)):
            block["columns"][column.name] = data.draw(columns(column, ROWS))
        document["note"] = "x" * padding
        bodies.append(json.dumps(document, separators=(",", ":")))
    write_and_compare(bodies, Tally())


def readable(*bodies: str) -> list[Any]:
    now = datetime(2026, 11, 21, tzinfo=UTC)
    records = [SqsRecord(f"m{number}", body, None, now) for number, body in enumerate(bodies)]
    return read_deliveries(group_deliveries(records))[0]


def test_messages_that_fit_alone_but_not_together_are_all_built(make_records: Any) -> None:
    far = json.loads(encode_message("s", "far", make_records(count=2)))
    far["blocks"][0]["columns"]["frames"] = {"b": 0, "s": [2**58]}
    many = json.loads(encode_message("s", "many", make_records(count=300)))
    many["blocks"][0]["columns"]["frames"] = {"b": 0, "s": [1] * 299}
    far["blocks"][0]["columns"]["frames"]["s"] = [2**58]
    tables, built, refused = build_or_refuse(readable(json.dumps(far), json.dumps(many)))
    assert (len(built), refused) == (2, [])
    assert sum(rows.data.num_rows for rows in tables) == 302
    assert 2**58 in tables[0].data.column("frames").to_pylist()


def test_a_number_that_no_row_has_breaks_no_rule_of_rows(make_records: Any) -> None:
    document = json.loads(encode_message("s", "d", make_records(count=1)))
    document["blocks"][0]["columns"]["sequence"] = {"d": [-1, 2], "i": [1]}
    tally = Tally()
    write_and_compare([json.dumps(document)], tally)
    assert tally.rows == 1


def test_good_messages_are_not_read_one_by_one(make_records: Any) -> None:
    body = encode_message("s", "d", make_records(count=600))
    _, built, _ = build_or_refuse(readable(body))
    # The slow reader would have put its own kind of message here.
    assert [type(item.message) for item in built] == [EncodedMessage]


def test_rows_that_cost_nothing_to_claim_are_built_in_portions(make_records: Any) -> None:
    claims = []
    for device in range(6):
        document = json.loads(encode_message("s", f"d{device}", make_records(count=1)))
        block = document["blocks"][0]
        block["rows"] = 100_000
        block["columns"] |= {"sequence": {"b": 1, "s": 1}}
        claims.append(json.dumps(document))
    sizes = [sum(item.rows for item in portion) for portion in portions(readable(*claims))]
    assert sizes == [200_000] * 3
    assert max(sizes) <= MAXIMUM_ROWS_AT_ONCE
