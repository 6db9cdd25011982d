"""The private MariaDB: who gets in, and what a user's own server must look like."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pymysql
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from infra.local import mariadb
from infra.local.mariadb import MariaDb
from infra.local.mariadb_software import MariaDbUnavailableError, find_software
from infra.local.mysql_server import MySqlServer, MySqlServerError, server_from_url
from infra.local.run_directory import RunDirectory


def test_it_keeps_utc_and_milliseconds_and_any_script(empty_mysql: MySqlServer) -> None:
    with empty_mysql.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE places (name VARCHAR(20) PRIMARY KEY, seen DATETIME(3))")
        cursor.execute("INSERT INTO places VALUES (%s, %s)", ["광장 🎈", "2026-11-21 01:02:03.456"])
        cursor.execute("SELECT name, seen, @@time_zone FROM places")
        ((name, seen, zone),) = cursor.fetchall()
    assert (name, seen.microsecond, zone) == ("광장 🎈", 456_000, "+00:00")


@pytest.mark.parametrize("user", ["root", "", "mariadb.sys"])
def test_nobody_else_gets_in(mariadb_instance: MySqlServer, user: str) -> None:
    with pytest.raises(pymysql.err.OperationalError, match=r"1045|4151"):
        pymysql.connect(host=mariadb_instance.host, port=mariadb_instance.port, user=user, ssl_disabled=True)


def url(server: MySqlServer, *, password: str | None = None, port: int | None = None) -> str:
    place = f"{server.host}:{port or server.port}/{server.database}"
    return f"mysql://{server.user}:{password or server.password}@{place}"


def test_a_server_named_by_url_is_used(mariadb_instance: MySqlServer) -> None:
    assert server_from_url(url(mariadb_instance)) == mariadb_instance


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param({"password": "wrong-secret"}, "does not let crowdlens in: Access denied", id="password"),
        pytest.param({"port": 1}, "does not let crowdlens in: Can't connect", id="nobody-listens"),
    ],
)
def test_a_server_that_does_not_let_us_in(
    mariadb_instance: MySqlServer, change: dict[str, str | int], says: str
) -> None:
    with pytest.raises(MySqlServerError, match=says) as caught:
        server_from_url(url(mariadb_instance, **change))  # type: ignore[arg-type]  # table of either
    assert "secret" not in str(caught.value)


def write_certificate(certificate: Path, key: Path) -> None:
    """Make what a server signs for itself, for 127.0.0.1."""
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, secret.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .sign(secret, hashes.SHA256())
    )
    certificate.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        secret.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
    )


@pytest.fixture
def encrypted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[MySqlServer, Path]]:
    """A server with a certificate, and the certificate."""
    certificate, key = tmp_path / "server.pem", tmp_path / "server.key"
    write_certificate(certificate, key)
    options = mariadb._server_options
    monkeypatch.setattr(
        mariadb,
        "_server_options",
        lambda port: [*options(port), f"--ssl-cert={certificate}", f"--ssl-key={key}"],
    )
    try:
        software = find_software(may_get=False)
    except MariaDbUnavailableError as error:
        pytest.skip(str(error))
    with RunDirectory() as run:
        started = MariaDb.start(run, software)
        yield started.server, certificate
        started.process.stop()


def test_tls_is_spoken_with_a_server_whose_certificate_is_known(encrypted: tuple[MySqlServer, Path]) -> None:
    server, certificate = encrypted
    named = server_from_url(f"{url(server)}?tls=require&ca={certificate}")
    with named.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW STATUS LIKE 'Ssl_cipher'")
        ((_, cipher),) = cursor.fetchall()
    assert cipher
    with pytest.raises(MySqlServerError, match=r"certificate verify failed.*\?ca=FILE"):
        server_from_url(f"{url(server)}?tls=require")


def test_a_server_without_tls_is_not_told_the_password(mariadb_instance: MySqlServer) -> None:
    with pytest.raises(MySqlServerError, match=r"SSL is required.*\?tls=off$"):
        server_from_url(f"{url(mariadb_instance)}?tls=require")
