"""Loopback ports."""

from __future__ import annotations

import socket

import pytest

from infra.local.ports import LOOPBACK, PortError, check_port, free_port


def test_a_free_port_can_be_used() -> None:
    port = free_port()
    assert check_port(port, "the page") == port
    with socket.create_server((LOOPBACK, port)) as server:
        assert server.getsockname() == (LOOPBACK, port)


def test_a_busy_port_is_one_sentence() -> None:
    with socket.create_server((LOOPBACK, 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(PortError) as caught:
            check_port(port, "the page")
    assert str(caught.value) == (
        f"port {port} for the page is busy: choose another or end the program that listens there"
    )


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_what_is_no_port(port: int) -> None:
    with pytest.raises(PortError, match=f"the port for the page is {port}: expected 1 to 65535"):
        check_port(port, "the page")
