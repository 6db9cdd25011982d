from __future__ import annotations

import json

import pytest

from contract.errors import CrowdLensError
from contract.records import Record
from edge_components.runtime.spool.rows import decode_row, parse_shape, prepare

NOON_MS = 1_795_176_000_000


def crossing(**changes: object) -> Record:
    values = {
        "line": "정문",
        "direction": "in",
        "object_class": "person",
        "track": 7,
        "image_x": 10.04,
        "image_y": 20,
        "speed_mps": None,
        "suspect": False,
    }
    values.update({name: value for name, value in changes.items() if name in values})
    camera = changes.get("camera", "plaza-1")
    return Record("line_crossings", camera, "v1", "Asia/Seoul", NOON_MS, "synced", values)  # type: ignore[arg-type]


def test_a_row_is_small_and_comes_back_with_the_decimals_that_are_sent():
    prepared = prepare(crossing())
    assert prepared.payload == '["정문","in","person",7,10.0,20.0,null,false]'.encode()
    stored = decode_row(
        parse_shape(prepared.shape),
        prepared.payload,
        event_time_ms=NOON_MS,
        clock_quality="synced",
        epoch="0123456789ab",
        sequence=3,
    )
    assert stored.record == crossing(image_x=10.0)
    assert (stored.stream, stored.sequence) == ("plaza-1/line_crossings", 3)


def test_a_row_of_an_older_shape_lacks_the_newer_columns():
    shape = parse_shape(json.dumps(["line_crossings", "plaza-1", None, None, ["line", "direction"]]))
    stored = decode_row(
        shape, b'["gate","in"]', event_time_ms=1, clock_quality="synced", epoch="0123456789ab", sequence=1
    )
    assert stored.record.values == {"line": "gate", "direction": "in"}


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        pytest.param(
            crossing(line="gate\ud800"), "expected text that can be written as UTF-8", id="lone surrogate"
        ),
        pytest.param(crossing(line="gate\uffff"), "expected characters SQS can carry", id="no character"),
        pytest.param(crossing(camera="plaza 1"), "camera is 'plaza 1'", id="camera that fits no key"),
        pytest.param(crossing(track=1.5), "line_crossings.track is 1.5", id="wrong type"),
    ],
)
def test_what_could_not_be_sent_is_refused_at_birth(record: Record, sentence: str):
    with pytest.raises(CrowdLensError, match=sentence):
        prepare(record)
