"""A server that greets as MySQL 8 does, and asks for the password's encryption where there is no TLS."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import suppress

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from infra.local.mysql_server import MySqlServerError, server_from_url

SALT = bytes(range(1, 21))
# Protocol 4.1, database in the handshake, transactions, secure connection, authentication plugins; no TLS.
CAPABILITIES = 0x1 | 0x8 | 0x200 | 0x2000 | 0x8000 | 0x80000
FULL_AUTHENTICATION, PUBLIC_KEY = b"\x01\x04", b"\x01"
REFUSED = b"\xff" + (1045).to_bytes(2, "little") + b"#28000Access denied by the test"


class Greeter:
    """Takes one login by caching_sha2_password, notes the password that it decrypts, and refuses it."""

    def __init__(self) -> None:
        self.password = b""
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        with suppress(OSError):
            connection, _ = self._listener.accept()
            with connection:
                self._log_in(connection)

    def _log_in(self, connection: socket.socket) -> None:
        low, high = CAPABILITIES & 0xFFFF, CAPABILITIES >> 16
        greeting = b"\x0a8.4.0\0" + bytes(4) + SALT[:8] + b"\0" + low.to_bytes(2, "little") + b"\x2d\x02\x00"
        greeting += high.to_bytes(2, "little") + bytes([21]) + bytes(10) + SALT[8:] + b"\0"
        send(connection, 0, greeting + b"caching_sha2_password\0")
        receive(connection)
        send(connection, 2, FULL_AUTHENTICATION)
        assert receive(connection) == b"\x02"
        encoded = self._key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        send(connection, 4, PUBLIC_KEY + encoded)
        sha1 = hashes.SHA1()  # noqa: S303 - the protocol's choice
        mixed = self._key.decrypt(receive(connection), padding.OAEP(padding.MGF1(sha1), sha1, None))
        repeated = SALT * (len(mixed) // len(SALT) + 1)
        self.password = bytes(one ^ two for one, two in zip(mixed, repeated, strict=False)).rstrip(b"\0")
        send(connection, 6, REFUSED)


def send(connection: socket.socket, number: int, payload: bytes) -> None:
    connection.sendall(len(payload).to_bytes(3, "little") + bytes([number]) + payload)


def receive(connection: socket.socket) -> bytes:
    with connection.makefile("rb") as stream:
        return stream.read(int.from_bytes(stream.read(4)[:3], "little"))


@pytest.fixture
def greeter() -> Iterator[Greeter]:
    running = Greeter()
    yield running
    running.close()


def test_a_password_reaches_mysql_8_encrypted(greeter: Greeter) -> None:
    with pytest.raises(MySqlServerError, match="does not let ann in: Access denied by the test"):
        server_from_url(f"mysql://ann:s%2Fcret@127.0.0.1:{greeter.port}/counts")
    assert greeter.password == b"s/cret"
