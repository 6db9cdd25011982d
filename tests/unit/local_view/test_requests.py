"""What a browser may ask, and what is answered to what nobody can read."""

from __future__ import annotations

import pytest

from edge_components.local_view.requests import BadRequestError, parse_request


@pytest.mark.parametrize(
    ("head", "status"),
    [
        pytest.param(b"GET //[ HTTP/1.1\r\n\r\n", 400, id="half a bracket"),
        pytest.param(b"GET / HTTP/2\r\n\r\n", 400, id="another protocol"),
        pytest.param(b"POST / HTTP/1.1\r\n\r\n", 405, id="a change"),
        pytest.param(b"GET http://a/ HTTP/1.1\r\n\r\n", 400, id="a proxy's request"),
    ],
)
def test_what_cannot_be_read_is_refused(head: bytes, status: int) -> None:
    with pytest.raises(BadRequestError) as refused:
        parse_request(head)
    assert refused.value.status == status


def test_a_request_is_read() -> None:
    request = parse_request(b"GET /live/plaza%201?token=a%2Bb HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert (request.path, request.query, request.headers) == (
        "/live/plaza 1",
        {"token": "a+b"},
        {"host": "127.0.0.1"},
    )
