"""What a device packs is what the cloud reads, and nothing malformed gets through."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contract import envelope
from contract.columns import Column, ColumnType
from contract.envelope import (
    MAXIMUM_BODY_BYTES,
    MessageError,
    MessageTooLargeError,
    decode_message,
    encode_message,
    pack_messages,
    record_ids,
    stored_records,
)
from contract.errors import CrowdLensError
from contract.identity import stream_name
from contract.records import Record, StoredRecord, Value, check_record
from contract.tables import CLOCK_QUALITIES, SCHEMA_VERSION, TABLES

EPOCH = "0123456789ab"


def crossing(sequence: int, **values: Value) -> StoredRecord:
    own: dict[str, Value] = {
        "line": "gate",
        "direction": "in",
        "object_class": "person",
        "track": sequence,
        "image_x": 10.0,
        "image_y": 20.5,
        "speed_mps": None,
        "suspect": False,
        **values,
    }
    record = Record(
        "line_crossings", "plaza-1", "v1", "Asia/Seoul", 1_700_000_000_000 + sequence, "synced", own
    )
    return StoredRecord(record, EPOCH, "plaza-1/line_crossings", sequence)


def values_of(column: Column) -> st.SearchStrategy[Value]:
    strategies: dict[ColumnType, st.SearchStrategy[Any]] = {
        ColumnType.TEXT: st.text(max_size=min(column.maximum_length, 12)),
        ColumnType.INTEGER: st.integers(-(2**63), 2**63 - 1),
        ColumnType.REAL: st.floats(allow_nan=False, allow_infinity=False, width=32).map(
            lambda value: round(value, column.decimals)
        ),
        ColumnType.BOOLEAN: st.booleans(),
        ColumnType.TIMESTAMP: st.integers(0, 4_000_000_000_000),
    }
    value = strategies[column.type]
    return st.none() | value if column.nullable else value


@st.composite
def batches(draw: st.DrawFn) -> list[StoredRecord]:
    stored = []
    for name in draw(st.lists(st.sampled_from(sorted(TABLES)), unique=True, min_size=1, max_size=3)):
        table = TABLES[name]
        camera = draw(st.sampled_from([None, "plaza-1"]))
        for sequence in draw(st.lists(st.integers(1, 2**62), unique=True, min_size=1, max_size=6)):
            record = Record(
                name,
                camera,
                draw(st.sampled_from([None, "v1", "v2"])),
                draw(st.sampled_from([None, "Asia/Seoul"])),
                draw(st.integers(0, 4_000_000_000_000)),
                draw(st.sampled_from(CLOCK_QUALITIES)),
                {column.name: draw(values_of(column)) for column in table.own_columns},
            )
            check_record(record)
            stored.append(StoredRecord(record, EPOCH, stream_name(camera, name), sequence))
    return stored


@given(batches())
@settings(max_examples=150, deadline=None)
def test_what_is_packed_is_what_is_read(batch: list[StoredRecord]) -> None:
    read = stored_records(decode_message(encode_message("seoul-1", "jetson-1", batch)))
    by_identity = {(stored.stream, stored.sequence): stored for stored in read}
    assert len(by_identity) == len(read) == len(batch)
    for stored in batch:
        assert by_identity[stored.stream, stored.sequence] == stored


def test_messages_stay_under_the_billing_step_and_keep_every_record() -> None:
    records = [crossing(number, image_x=number * 1.37) for number in range(1, 20_001)]
    messages = pack_messages("seoul-1", "jetson-1", records)
    assert len(messages) > 1
    assert all(len(message.body.encode()) <= MAXIMUM_BODY_BYTES for message in messages)
    assert [stored for message in messages for stored in message.records] == records
    # All but the last are worth their billing step.
    assert min(len(message.body.encode()) for message in messages[:-1]) > 0.8 * MAXIMUM_BODY_BYTES


def test_a_record_larger_than_a_message_is_refused() -> None:
    with pytest.raises(
        MessageTooLargeError, match=r"plaza-1/line_crossings takes \d+ bytes: expected at most 200"
    ):
        pack_messages("seoul-1", "jetson-1", [crossing(1)], maximum_bytes=200)


def test_record_ids_name_device_epoch_stream_and_sequence() -> None:
    message = decode_message(encode_message("seoul-1", "jetson-1", [crossing(7), crossing(9)]))
    assert record_ids("jetson-1", message.blocks[0]) == [
        f"jetson-1:{EPOCH}:plaza-1/line_crossings:7",
        f"jetson-1:{EPOCH}:plaza-1/line_crossings:9",
    ]


def document() -> dict[str, Any]:
    loaded = json.loads(encode_message("seoul-1", "jetson-1", [crossing(1), crossing(2, direction="out")]))
    assert isinstance(loaded, dict)
    return loaded


def test_fields_columns_and_tables_of_a_newer_device_do_not_stop_the_rest() -> None:
    newer = document()
    newer["crowdlens"] = SCHEMA_VERSION + 1
    newer["colour"] = "blue"
    newer["blocks"][0]["mood"] = "calm"
    newer["blocks"][0]["columns"]["temperature"] = [1.5, 2.5]
    newer["blocks"].append({"table": "auras", "rows": 3})
    message = decode_message(json.dumps(newer))
    assert message.rows == 2
    assert message.unknown_tables == {"auras": 3}


def test_a_nullable_column_an_older_device_does_not_know_is_null() -> None:
    older = document()
    older["blocks"][0]["columns"].pop("speed_mps", None)
    (first, _) = stored_records(decode_message(json.dumps(older)))
    assert first.record.values["speed_mps"] is None


def test_small_bodies_cannot_claim_endless_rows() -> None:
    claimed = document()
    block = claimed["blocks"][0]
    block["rows"] = 60_000
    block["columns"] = {name: {"k": 1} for name in block["columns"]} | {
        name: {"k": "in"} for name in ("line", "direction", "object_class", "scene_version", "time_zone")
    }
    block["columns"] |= {
        "clock_quality": {"k": "synced"},
        "suspect": {"k": False},
        "sequence": {"b": 1, "s": 1},
    }
    claimed["blocks"] = [block, block]
    with pytest.raises(MessageError, match=r"blocks\[1\].rows is 60000: expected 1 to 40000 more"):
        decode_message(json.dumps(claimed))


def broken(change: Any) -> str:
    wrong = document()
    change(wrong, wrong["blocks"][0], wrong["blocks"][0]["columns"])
    return json.dumps(wrong)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        pytest.param("", "the body is no JSON", id="empty body"),
        pytest.param("{", "the body is no JSON", id="cut off"),
        pytest.param("[]", "expected an object", id="a list"),
        pytest.param("[" * 100_000, "the body is no JSON", id="nesting bomb"),
        pytest.param(
            broken(lambda d, b, c: d.update(crowdlens="1")), "crowdlens is '1'", id="version as text"
        ),
        pytest.param(
            broken(lambda d, b, c: d.update(device="../x")), "device is '../x'", id="device that is a path"
        ),
        pytest.param(
            broken(lambda d, b, c: d.update(blocks=None)), "blocks is None: expected a list", id="no blocks"
        ),
        pytest.param(
            '{"crowdlens": 99}',
            f"a letter or digit (schema version 99 is unknown here: the newest is {SCHEMA_VERSION})",
            id="another header of a newer version",
        ),
        pytest.param(
            broken(lambda d, b, c: d.update(crowdlens=99, blocks={})),
            "blocks is {}: expected a list (schema version 99 is unknown here",
            id="another body of a newer version",
        ),
        pytest.param(
            broken(lambda d, b, c: b.update(table="auras")),
            "blocks[0].table is 'auras'",
            id="unknown table of our version",
        ),
        pytest.param(
            broken(lambda d, b, c: b.update(rows=3)), "has 2 values: expected 3", id="fewer values than rows"
        ),
        pytest.param(
            broken(lambda d, b, c: b.update(rows=10**12)),
            "blocks[0].rows is 1000000000000",
            id="rows without end",
        ),
        pytest.param(
            broken(lambda d, b, c: b.update(rows=True)), "blocks[0].rows is True", id="rows as a truth value"
        ),
        pytest.param(
            broken(lambda d, b, c: b.update(epoch="0")), "blocks[0].epoch is '0'", id="epoch of another form"
        ),
        pytest.param(
            broken(lambda d, b, c: b.update(stream="other/tracks")),
            "expected 'plaza-1/line_crossings'",
            id="stream of another camera",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(track=[1, "2"])),
            "track[1] is '2': expected a number",
            id="number as text",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(track=[1, None])),
            "track[1] is missing",
            id="null where none may be",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(track=[1, 2**63])),
            "expected a 64-bit whole number",
            id="number too large",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(sequence=[0, 1])),
            "sequence is 0: expected 1 or more",
            id="sequence zero",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(event_time=[-1, 5])),
            "milliseconds between 1970 and 2100",
            id="time before 1970",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(direction={"d": ["in"], "i": [0, 1]})),
            "index outside its 1 distinct values",
            id="dictionary index outside",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(direction={"d": ["in"], "i": [0, -1]})),
            "index outside",
            id="negative dictionary index",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(track={"b": 1, "s": "x"})),
            "steps that are no whole numbers",
            id="steps as text",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(line={"b": 1, "s": 1})),
            "column line has the form",
            id="steps of text",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(line=7)), "column line is int", id="a column that is a number"
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(clock_quality={"k": "good"})),
            "clock_quality is 'good'",
            id="unknown clock quality",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(line={"k": "x" * 65})),
            "text of at most 64 characters",
            id="text too long",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(image_x=[10**400, 1])),
            "expected a finite number",
            id="whole number beyond double precision",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(line=["\ud800", "gate"])),
            "expected text that can be written as UTF-8",
            id="half a surrogate pair",
        ),
        pytest.param(
            broken(lambda d, b, c: c.update(track={"k": "1"})),
            "expected a number",
            id="constant of another type",
        ),
        pytest.param("NaN", "NaN is no number", id="bare NaN"),
        pytest.param(json.dumps(document()).replace("20.5", "NaN"), "NaN is no number", id="NaN"),
        pytest.param(
            json.dumps(document()).replace("20.5", "1e999"), "expected a finite number", id="infinite"
        ),
    ],
)
def test_a_malformed_message_is_refused_in_one_sentence(body: str, sentence: str) -> None:
    with pytest.raises(MessageError) as caught:
        decode_message(body)
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 400


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_any_value_put_anywhere_is_read_or_refused_but_never_crashes(data: st.DataObject) -> None:
    junk = st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("kdibs"), inner, max_size=2)
        ),
        max_leaves=6,
    )
    wrong = document()
    where = data.draw(st.sampled_from([wrong, wrong["blocks"][0], wrong["blocks"][0]["columns"]]))
    where[data.draw(st.sampled_from(sorted(where)))] = data.draw(junk)
    with contextlib.suppress(CrowdLensError):
        assert decode_message(json.dumps(wrong)).rows >= 0


@pytest.mark.parametrize(
    "records",
    [pytest.param(1, id="one"), pytest.param(128, id="as many as are probed"), pytest.param(700, id="more")],
)
def test_of_many_records_only_a_few_are_encoded_twice(
    records: int, make_records: Callable[..., list[StoredRecord]], monkeypatch: pytest.MonkeyPatch
) -> None:
    encoded: list[int] = []
    plain = envelope.encode_message

    def counting(site: str, device: str, chunk: Sequence[StoredRecord]) -> str:
        encoded.append(len(chunk))
        return plain(site, device, chunk)

    monkeypatch.setattr(envelope, "encode_message", counting)
    given = make_records("tracks", count=records)

    messages = pack_messages("seoul-1", "jetson-1", given, maximum_bytes=6_000)

    assert [one for message in messages for one in message.records] == given
    assert all(len(message.body.encode()) <= 6_000 for message in messages)
    # The probes, and now and then a chunk that turned out too large; never all that wait.
    assert sum(encoded) <= records + 128 + records // 2
    assert max(encoded) <= 200
    # Full, but for the last: a half-empty message costs as much.
    assert all(len(message.body) > 4_000 for message in messages[:-1])
