"""A MySQL server that answers to a password: the private one, or a user's own named by a URL."""

from __future__ import annotations

import ipaddress
import re
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pymysql

from contract.errors import CrowdLensError
from lambdas.shared.mysql import tls_context

DATABASE = "crowdlens"
_CONNECT_SECONDS = 5
_DATABASE_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_EXPECTED_URL = "expected mysql://user:password@host:port/database"


class MySqlServerError(CrowdLensError):
    """Raised when the server that the user named cannot be used."""


@dataclass(frozen=True)
class MySqlServer:
    """Where MySQL answers and how to get in with a password.

    With `tls` nothing is said before the server's certificate is verified, against `ca_file` when there is
    one and the system's authorities otherwise.
    """

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str = DATABASE
    tls: bool = False
    ca_file: str | None = None

    def environment(self) -> dict[str, str]:
        """Return the variables from which the functions read where MySQL is."""
        variables = {
            "MYSQL_HOST": self.host,
            "MYSQL_PORT": str(self.port),
            "MYSQL_USER": self.user,
            "MYSQL_DATABASE": self.database,
            "MYSQL_AUTHENTICATION": "password",
            "MYSQL_PASSWORD": self.password,
            "MYSQL_TLS": "require" if self.tls else "off",
        }
        return variables if self.ca_file is None else {**variables, "MYSQL_CA_FILE": self.ca_file}

    def connect(self) -> pymysql.Connection[pymysql.cursors.Cursor]:
        """Return a new connection; raises pymysql's errors, and OSError when `ca_file` cannot be read."""
        context = tls_context(self.ca_file) if self.tls else None
        return pymysql.connect(
            host=self.host,
            port=self.port,
            user=self.user,
            # As bytes: the driver would write text as Latin-1, which has no Korean letters.
            password=self.password.encode(),
            database=self.database,
            ssl=context,
            ssl_disabled=context is None,
            connect_timeout=_CONNECT_SECONDS,
        )


def server_from_url(url: str) -> MySqlServer:
    """Return the server named by ``mysql://user:password@host:port/database`` after a try to connect.

    TLS is required unless the host is this machine or the URL ends in ``?tls=off``; ``?ca=FILE`` names the
    authority that signed the server's certificate. Raises `MySqlServerError`, whose text never holds the
    password.
    """
    server = parse_url(url)
    with _refusal_in_one_sentence(server):
        server.connect().close()
    return server


@contextmanager
def _refusal_in_one_sentence(server: MySqlServer) -> Iterator[None]:
    """Turn what the driver raises into `MySqlServerError`; beside its own errors it raises plain ones."""
    try:
        yield
    except (pymysql.MySQLError, RuntimeError, ValueError, OSError) as error:
        reason = error.args[-1] if error.args else error
        raise MySqlServerError(
            f"MySQL at {server.host}:{server.port}/{server.database} does not let {server.user} in: "
            f"{' '.join(str(reason).split())}{_tls_advice(server, error)}"
        ) from error


def _tls_advice(server: MySqlServer, error: Exception) -> str:
    if not server.tls or not ({"SSL", "certificate"} & set(re.findall(r"\w+", str(error)))):
        return ""
    return "; name the authority of its certificate with ?ca=FILE, or go without encryption with ?tls=off"


def parse_url(url: str) -> MySqlServer:
    """Return the server that `url` names; raises `MySqlServerError` when it does not have the form."""
    try:
        parts = urllib.parse.urlsplit(url)
        port = parts.port or 3306
    except ValueError as error:
        raise MySqlServerError(f"the MySQL URL cannot be read ({error}): {_EXPECTED_URL}") from error
    database = parts.path.removeprefix("/")
    if parts.scheme != "mysql" or not parts.hostname or not parts.username:
        raise MySqlServerError(f"the MySQL URL lacks its scheme, user or host: {_EXPECTED_URL}")
    if not _DATABASE_NAME.fullmatch(database):
        raise MySqlServerError(f"the MySQL URL names the database {database!r}: {_EXPECTED_URL}")
    options = _url_options(parts.query)
    return MySqlServer(
        host=parts.hostname,
        port=port,
        user=urllib.parse.unquote(parts.username),
        password=urllib.parse.unquote(parts.password or ""),
        database=database,
        tls=options.get("tls", "off" if _is_loopback(parts.hostname) else "require") == "require",
        ca_file=options.get("ca"),
    )


def _url_options(query: str) -> dict[str, str]:
    """Return what follows the question mark; raises `MySqlServerError` for anything but `tls` and `ca`."""
    options = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
    unknown = sorted(set(options) - {"tls", "ca"})
    if unknown:
        raise MySqlServerError(f"the MySQL URL has the option {unknown[0]!r}: expected tls or ca")
    if options.get("tls", "require") not in ("require", "off"):
        raise MySqlServerError(f"the MySQL URL has tls={options['tls']!r}: expected 'require' or 'off'")
    if options.get("ca") == "":
        raise MySqlServerError("the MySQL URL has an empty ca: expected the path of a certificate file")
    return options


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
