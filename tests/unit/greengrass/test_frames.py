"""The event-stream encoding, and what is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.local.greengrass.configuration import changed_paths, merged
from infra.local.greengrass.frames import FrameError, Message, MessageFlag, MessageType, decode, encode
from infra.local.greengrass.shadows import Shadow, VersionConflictError
from infra.local.greengrass.topics import matches

VALUES = st.one_of(
    st.booleans(), st.integers(-(2**31), 2**31 - 1), st.text(max_size=20), st.binary(max_size=20)
)
NAMES = st.text(min_size=1, max_size=20).filter(lambda name: not name.startswith(":"))


@given(
    kind=st.sampled_from(MessageType),
    stream=st.integers(0, 2**31 - 1),
    headers=st.dictionaries(NAMES, VALUES, max_size=4),
    payload=st.binary(max_size=200),
)
def test_what_is_encoded_is_what_is_read(kind, stream, headers, payload):
    message = Message(kind, MessageFlag.TERMINATE_STREAM, stream, headers, payload)
    assert decode(encode(message)) == message


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_flipped_bit_is_noticed(at, bit):
    data = bytearray(encode(Message(MessageType.CONNECT, headers={":version": "0.1.0"}, payload=b"{}")))
    data[at % len(data)] ^= 1 << bit
    with pytest.raises(FrameError):
        decode(bytes(data))


@pytest.mark.parametrize("length", [0, 11, 15, 30])
def test_what_is_cut_off_is_refused(length):
    with pytest.raises(FrameError):
        decode(encode(Message(MessageType.PING, payload=b"x" * 40))[:length])


@pytest.mark.parametrize(
    ("topic_filter", "topic", "expected"),
    [
        pytest.param("a/b", "a/b", True, id="itself"),
        pytest.param("a/+/c", "a/b/c", True, id="one level"),
        pytest.param("a/+/c", "a/b/b/c", False, id="two levels for one"),
        pytest.param("a/#", "a/b/c", True, id="the rest"),
        pytest.param("a/#", "a", True, id="the parent of the rest"),
        pytest.param("#", "$aws/things", False, id="wildcards leave out reserved topics"),
        pytest.param("a/b", "a/b/c", False, id="a deeper topic"),
    ],
)
def test_filters(topic_filter, topic, expected):
    assert matches(topic_filter, topic) is expected


def test_lists_are_replaced_and_objects_merged():
    old = {"zones": [1, 2], "model": {"name": "a", "threshold": 0.5}}
    new = merged(old, {"zones": [3], "model": {"threshold": 0.7}})
    assert new == {"zones": [3], "model": {"name": "a", "threshold": 0.7}}
    assert changed_paths(old, new) == [("model", "threshold"), ("zones",)]
    assert old["zones"] == [1, 2]


def test_a_shadow_tells_what_is_desired_and_not_reported():
    shadow = Shadow()
    shadow.update({"desired": {"scene": {"key": "a", "version": 2}, "muted": None}})
    shadow.update({"reported": {"scene": {"key": "a", "version": 1}}})
    assert shadow.delta() == {"scene": {"version": 2}}
    with pytest.raises(VersionConflictError, match="version 1: expected 2"):
        shadow.update({"desired": {}}, version=1)
    shadow.update({"desired": {"scene": None}}, version=2)
    assert shadow.document() == {"state": {"reported": {"scene": {"key": "a", "version": 1}}}, "version": 3}
