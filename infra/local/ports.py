"""Free TCP ports on the loopback address."""

from __future__ import annotations

import errno
import secrets
import socket

from contract.errors import CrowdLensError

LOOPBACK = "127.0.0.1"
_FIRST_PORT, _LAST_PORT = 20_000, 32_000
"""Below Linux's range for outgoing connections, which could take a port between our look and its use."""
_ATTEMPTS = 200
_LOOPBACK_SECONDS = 2.0


class PortError(CrowdLensError):
    """Raised when a port is busy, forbidden or no port at all."""


def check_port(port: int, purpose: str) -> int:
    """Return `port` when a server can listen there now; raises `PortError` naming `purpose` otherwise."""
    if not 1 <= port <= 65535:
        raise PortError(f"the port for {purpose} is {port}: expected 1 to 65535")
    problem = _problem(port)
    if problem == errno.EADDRINUSE:
        raise PortError(
            f"port {port} for {purpose} is busy: choose another or end the program that listens there"
        )
    if problem == errno.EACCES:
        raise PortError(f"port {port} for {purpose} needs root: expected one of 1024 or more")
    if problem:
        raise PortError(f"port {port} for {purpose} cannot be used: {errno.errorcode.get(problem, problem)}")
    return port


def free_port() -> int:
    """Return a port that nobody listens on now; raises `PortError` when none is found.

    Another program may take it before it is used, so whoever starts a server tries again with another.
    """
    for _ in range(_ATTEMPTS):
        port = _FIRST_PORT + secrets.randbelow(_LAST_PORT - _FIRST_PORT)
        if not _problem(port):
            return port
    raise PortError(f"no free port found on {LOOPBACK} between {_FIRST_PORT} and {_LAST_PORT}")


def check_loopback() -> None:
    """Raise `PortError` when this machine cannot talk to itself, as in a network namespace that is down."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as listener:
        try:
            listener.bind((LOOPBACK, 0))
            listener.listen(1)
            socket.create_connection(listener.getsockname(), timeout=_LOOPBACK_SECONDS).close()
        except OSError as error:
            raise PortError(
                f"{LOOPBACK} cannot be reached ({error.strerror or error}): expected a loopback interface "
                "that is up (ip link set lo up)"
            ) from error


def _problem(port: int) -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port in TIME_WAIT is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError as error:
            return error.errno or errno.EADDRINUSE
    return 0
