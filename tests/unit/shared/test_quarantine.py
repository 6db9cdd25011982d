from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from contract.envelope import encode_message
from lambdas.shared.quarantine import Quarantined, QuarantineDocumentError, QuarantineKind, about

SENT = datetime(2026, 11, 21, 12, 0, 0, 123000, tzinfo=UTC)


def message(**changes: Any) -> Quarantined:
    values: dict[str, Any] = {
        "kind": QuarantineKind.DEAD_LETTER,
        "source": "dead_letters",
        "error": "GivenUp",
        "reason": "왜",
        "sent_at": SENT,
        "message_id": "m/0",
        "sender_id": None,
        "body": "몸 \ud800 \x00",
    }
    return Quarantined(**values | changes)


@pytest.mark.parametrize(
    "one",
    [
        pytest.param(message(), id="the least that is known"),
        pytest.param(
            message(
                sender_id="AROA:x",
                queue_arn="arn:aws:sqs:x:1:ingest",
                device="jetson-7",
                tables=("events", "tracks"),
                message_attributes={"a": "b"},
                receive_count=6,
                first_received_at=SENT,
            ),
            id="all that can be known",
        ),
    ],
)
def test_a_document_reads_back_as_it_was(one: Quarantined) -> None:
    assert Quarantined.from_bytes(one.to_bytes(), "x") == one


@pytest.mark.parametrize(
    ("kind", "ending"),
    [
        (QuarantineKind.REFUSED, ""),
        (QuarantineKind.IDENTITY, "-identity"),
        (QuarantineKind.DEAD_LETTER, "-dead_letter"),
    ],
)
def test_one_message_may_be_kept_once_for_each_kind(kind: QuarantineKind, ending: str) -> None:
    one = message(kind=kind)
    assert one.key == f"quarantine/day=2026-11-21/m_0-{one.body_sha256[:16]}{ending}.json"


def test_a_document_of_old_is_of_a_refused_message() -> None:
    known = ("quarantine", "source", "error", "reason", "received_at", "message_id", "sender_id",
             "body_sha256", "body")  # fmt: skip
    document = json.loads(message(kind=QuarantineKind.REFUSED).to_bytes())
    old = json.dumps({name: document[name] for name in known}).encode()
    assert Quarantined.from_bytes(old, "x") == message(kind=QuarantineKind.REFUSED)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"{}", b"null", b"\xff", b"[" * 100_000, message().to_bytes().replace(b"dead_letter", b"x"),
     message().to_bytes().replace(b'\\u0000', b"y")],
    ids=["empty", "list", "no field", "null", "no text", "deep", "another kind", "a changed body"],
)  # fmt: skip
def test_anything_else_is_no_document(content: bytes) -> None:
    with pytest.raises(QuarantineDocumentError, match="here"):
        Quarantined.from_bytes(content, "here")


def test_what_a_body_is_about(make_records: Any) -> None:
    body = encode_message("seoul-1", "jetson-7", make_records("tracks") + make_records("events"))
    assert about(body) == ("jetson-7", ("events", "tracks"))


@pytest.mark.parametrize(
    "body",
    [
        "", "x", "[]", "[" * 100_000, '{"device": 7}', '{"device": "a b"}', '{"blocks": {}}',
        '{"blocks": [{"table": "\\ud800"}, {"table": 7}, 3]}', '{"Records": [{"s3": 1}, {}, 2]}',
        '{"Records": [{"s3": {"object": {"key": "other/x"}}}]}',
    ],
)  # fmt: skip
def test_a_strange_body_is_about_nothing(body: str) -> None:
    assert about(body) == (None, ())
