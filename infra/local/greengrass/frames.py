"""Messages of the AWS event-stream encoding: prelude, typed headers, payload, two checksums.

Source: https://docs.aws.amazon.com/transcribe/latest/dg/event-stream.html describes the same encoding; the
headers ``:message-type``, ``:message-flags`` and ``:stream-id`` are those of the SDK's event-stream RPC.
"""

from __future__ import annotations

import json
import struct
import uuid
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import Any

from contract.errors import CrowdLensError

PRELUDE_BYTES = 12
CHECKSUM_BYTES = 4
LARGEST_MESSAGE_BYTES = 16 * 1024 * 1024
"""What event-stream messages may have at most."""

HeaderValue = bool | int | str | bytes


class FrameError(CrowdLensError):
    """Bytes that are no event-stream message."""


class MessageType(IntEnum):
    """What a message is for."""

    APPLICATION_MESSAGE = 0
    APPLICATION_ERROR = 1
    PING = 2
    PING_RESPONSE = 3
    CONNECT = 4
    CONNECT_ACK = 5
    PROTOCOL_ERROR = 6
    INTERNAL_ERROR = 7


class MessageFlag(IntFlag):
    """What a message does to its connection or stream."""

    NONE = 0
    CONNECTION_ACCEPTED = 1
    TERMINATE_STREAM = 2


@dataclass(frozen=True)
class Message:
    """One message of a connection; stream 0 is the connection itself."""

    type: MessageType
    flags: MessageFlag = MessageFlag.NONE
    stream: int = 0
    headers: Mapping[str, HeaderValue] = field(default_factory=dict)
    payload: bytes = b""

    def document(self) -> dict[str, Any]:
        """Return the payload as a JSON object; raises `FrameError` when it is none."""
        try:
            document = json.loads(self.payload or b"{}")
        except ValueError as error:
            raise FrameError(f"payload {self.payload[:40]!r} is no JSON: expected an object") from error
        if not isinstance(document, dict):
            raise FrameError(f"payload {self.payload[:40]!r}: expected a JSON object")
        return document


def encode(message: Message) -> bytes:
    """Return the bytes of `message`."""
    headers = {
        ":message-type": int(message.type),
        ":message-flags": int(message.flags),
        ":stream-id": message.stream,
        **message.headers,
    }
    packed = b"".join(_header(name, value) for name, value in headers.items())
    total = PRELUDE_BYTES + len(packed) + len(message.payload) + CHECKSUM_BYTES
    prelude = struct.pack("!II", total, len(packed))
    prelude += struct.pack("!I", zlib.crc32(prelude))
    body = prelude + packed + message.payload
    return body + struct.pack("!I", zlib.crc32(body))


def remaining_bytes(prelude: bytes) -> int:
    """Return how many bytes follow the prelude of 12; raises `FrameError` for a damaged one."""
    total, header_bytes, checksum = struct.unpack("!III", prelude)
    if zlib.crc32(prelude[:8]) != checksum:
        raise FrameError("the prelude of a message is damaged: its checksum differs")
    if not PRELUDE_BYTES + header_bytes + CHECKSUM_BYTES <= total <= LARGEST_MESSAGE_BYTES:
        raise FrameError(f"a message claims {total} bytes: expected at most {LARGEST_MESSAGE_BYTES}")
    return int(total - PRELUDE_BYTES)


def decode(data: bytes) -> Message:
    """Return the message of `data`, a whole one; raises `FrameError`."""
    if len(data) < PRELUDE_BYTES + CHECKSUM_BYTES:
        raise FrameError(f"a message of {len(data)} bytes: expected 16 or more")
    if remaining_bytes(data[:PRELUDE_BYTES]) != len(data) - PRELUDE_BYTES:
        raise FrameError("a message is cut off")
    if zlib.crc32(data[:-CHECKSUM_BYTES]) != struct.unpack("!I", data[-CHECKSUM_BYTES:])[0]:
        raise FrameError("a message is damaged: its checksum differs")
    header_bytes = struct.unpack("!I", data[4:8])[0]
    end = PRELUDE_BYTES + header_bytes
    try:
        headers = _headers(data[PRELUDE_BYTES:end])
        kind = MessageType(int(headers.pop(":message-type")))
        flags = MessageFlag(int(headers.pop(":message-flags", 0)))
        stream = int(headers.pop(":stream-id", 0))
    except (KeyError, ValueError, IndexError, struct.error) as error:
        raise FrameError(f"the headers of a message cannot be read: {error}") from error
    return Message(kind, flags, stream, headers, data[end:-CHECKSUM_BYTES])


def _header(name: str, value: HeaderValue) -> bytes:
    label = name.encode()
    start = struct.pack("!B", len(label)) + label
    if isinstance(value, bool):
        return start + (b"\x00" if value else b"\x01")
    if isinstance(value, int):
        return start + b"\x04" + struct.pack("!i", value)
    if isinstance(value, str):
        text = value.encode()
        return start + b"\x07" + struct.pack("!H", len(text)) + text
    return start + b"\x06" + struct.pack("!H", len(value)) + value


_FIXED = {2: "!b", 3: "!h", 4: "!i", 5: "!q", 8: "!q"}


def _headers(data: bytes) -> dict[str, HeaderValue]:
    found: dict[str, HeaderValue] = {}
    at = 0
    while at < len(data):
        end = at + 1 + data[at]
        name, kind = data[at + 1 : end].decode(), data[end]
        value, at = _value(kind, data, end + 1)
        found[name] = value
    return found


def _value(kind: int, data: bytes, at: int) -> tuple[HeaderValue, int]:
    if kind in (0, 1):
        return kind == 0, at
    if kind in _FIXED:
        form = _FIXED[kind]
        return int(struct.unpack_from(form, data, at)[0]), at + struct.calcsize(form)
    if kind in (6, 7):
        length = struct.unpack_from("!H", data, at)[0]
        raw = data[at + 2 : at + 2 + length]
        if len(raw) != length:
            raise FrameError("a header is cut off")
        return (raw if kind == 6 else raw.decode()), at + 2 + length
    if kind == 9:
        return str(uuid.UUID(bytes=data[at : at + 16])), at + 16
    raise FrameError(f"a header of type {kind}: expected 0 to 9")
