"""A private MariaDB for one run, or an existing server named by a URL."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pymysql

from infra.local.aws_environment import base_environment
from infra.local.disk import clear_disk_errors
from infra.local.mariadb_software import MariaDbSoftware, MariaDbUnavailableError, find_software
from infra.local.mysql_server import MySqlServer, server_from_url
from infra.local.ports import LOOPBACK, free_port
from infra.local.processes import (
    ManagedProcess,
    ProcessError,
    start_process,
    wait_until_done,
    wait_until_ready,
)
from infra.local.run_directory import RUN_VARIABLE, RunDirectory

__all__ = ["MariaDb", "MySqlServer", "find_mysql", "restart_mariadb"]

USER = "crowdlens"
_BOOTSTRAP_SECONDS = 60.0
_READY_SECONDS = 30.0
_ATTEMPTS = 3


@dataclass(frozen=True)
class MariaDb:
    """A private MariaDB process and how to reach it."""

    process: ManagedProcess
    server: MySqlServer

    @classmethod
    def start(cls, run: RunDirectory, software: MariaDbSoftware) -> MariaDb:
        """Make a database in the run's folder, start its server and wait until it lets us in.

        It listens on the loopback address only, with one user and a random password; its data die with the
        run, so it does not wait for the disk. Raises `ProcessError` and `DiskFullError`.
        """
        data = run.path / "mariadb"
        _bootstrap(run, software, data)
        for attempt in range(_ATTEMPTS):
            try:
                return cls._start_at(run, software, data, free_port())
            except ProcessError:
                # Another program took the port first; whatever else it was shows again.
                if attempt == _ATTEMPTS - 1 or "address already in use" not in _log(run).lower():
                    raise
        raise AssertionError("the last attempt returns or raises")

    @classmethod
    def _start_at(cls, run: RunDirectory, software: MariaDbSoftware, data: Path, port: int) -> MariaDb:
        server = MySqlServer(LOOPBACK, port, USER, secrets.token_urlsafe(18))
        first_statements = run.path / "mariadb-first.sql"
        with clear_disk_errors(first_statements):
            first_statements.write_text(_first_statements(server), encoding="utf-8")
            first_statements.chmod(0o600)
        process = _serve(run, software, server, data, f"--init-file={first_statements}")
        first_statements.unlink()
        return cls(process, server)


def restart_mariadb(run: RunDirectory, server: MySqlServer) -> ManagedProcess:
    """Start the run's private MariaDB again, on its data and at its port, after it was stopped or killed.

    Returns the new process once it lets us in. Raises `ProcessError` and `MariaDbUnavailableError`.
    """
    return _serve(run, find_software(may_get=False), server, run.path / "mariadb")


def _serve(
    run: RunDirectory, software: MariaDbSoftware, server: MySqlServer, data: Path, *options: str
) -> ManagedProcess:
    """Start a server on `data` and wait until it lets us in."""
    process = start_process(
        "MariaDB",
        [*_command(software, data), *_server_options(server.port), *options],
        log_path=run.log_path("mariadb"),
        environment=_environment(run, software),
        directory=run.path,
        grace_seconds=10.0,
    )
    try:
        wait_until_ready(process, lambda: _lets_in(server), deadline_seconds=_READY_SECONDS)
    except BaseException:
        process.stop()
        raise
    return process


def _log(run: RunDirectory) -> str:
    return run.log_path("mariadb").read_text(encoding="utf-8", errors="replace")


def _command(software: MariaDbSoftware, data: Path) -> list[str]:
    options = [
        "--no-defaults",
        f"--datadir={data}",
        f"--basedir={software.share.parent.parent}",
        f"--lc-messages-dir={software.share}",
        f"--character-sets-dir={software.share / 'charsets'}",
        "--innodb-log-file-size=16M",
        "--innodb-buffer-pool-size=64M",
        # Nothing here outlives the run: skipping the waits halves the start.
        "--innodb-flush-method=nosync",
        "--skip-innodb-doublewrite",
        "--sync-frm=OFF",
    ]
    if os.geteuid() == 0:
        options.append("--user=root")
    return [str(software.server), *options]


def _server_options(port: int) -> list[str]:
    return [
        # Relative to the data folder: a socket's path may have 107 characters, a folder's more.
        "--socket=mysql.sock",
        "--pid-file=mysql.pid",
        f"--bind-address={LOOPBACK}",
        f"--port={port}",
        "--skip-name-resolve",
        "--innodb-flush-log-at-trx-commit=2",
        "--default-time-zone=+00:00",
        "--character-set-server=utf8mb4",
        "--collation-server=utf8mb4_bin",
        "--max-allowed-packet=64M",
        "--performance-schema=OFF",
    ]


def _environment(run: RunDirectory, software: MariaDbSoftware) -> dict[str, str]:
    environment = base_environment(run.temporary, {RUN_VARIABLE: str(run.path)})
    if software.library_folders:
        environment["LD_LIBRARY_PATH"] = ":".join(map(str, software.library_folders))
    return environment


def _bootstrap(run: RunDirectory, software: MariaDbSoftware, data: Path) -> None:
    """Make the system tables, as mariadb-install-db does, which is not in every package."""
    script = run.path / "mariadb-bootstrap.sql"
    with clear_disk_errors(data):
        data.mkdir(mode=0o700)
        script.write_bytes(_bootstrap_statements(software))
    process = start_process(
        "MariaDB's bootstrap",
        [*_command(software, data), "--bootstrap"],
        log_path=run.log_path("mariadb"),
        environment=_environment(run, software),
        directory=run.path,
        input_path=script,
        grace_seconds=1.0,
    )
    wait_until_done(process, deadline_seconds=_BOOTSTRAP_SECONDS)
    script.unlink()


def _bootstrap_statements(software: MariaDbSoftware) -> bytes:
    # The server's bootstrap mode reads one statement a line.
    head = b"create database mysql;\nuse mysql;\nset @auth_root_socket=null;\nset @skip_auth_anonymous=1;\n"
    return head + b"\n".join(path.read_bytes() for path in software.bootstrap_scripts())


def _first_statements(server: MySqlServer) -> str:
    """Return what the server runs before it lets anybody in: one user, and nobody else.

    Each statement stands on one line, as ``--init-file`` wants it.
    """
    account = f"'{server.user}'@'{LOOPBACK}'"
    return "\n".join(
        [
            "DELETE FROM mysql.global_priv WHERE User NOT IN ('mariadb.sys');",
            "FLUSH PRIVILEGES;",
            f"CREATE DATABASE {server.database} CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;",
            f"CREATE USER {account} IDENTIFIED BY '{server.password}';",
            f"GRANT ALL ON {server.database}.* TO {account};",
            "",
        ]
    )


def _lets_in(server: MySqlServer) -> bool:
    try:
        server.connect().close()
    except pymysql.MySQLError:
        return False
    return True


def find_mysql(
    run: RunDirectory,
    *,
    url: str | None = None,
    may_get: bool = True,
    report: Callable[[str], None] = lambda _: None,
) -> MariaDb | MySqlServer | str:
    """Return a MySQL to load into: the server at `url`, a private MariaDB, or the reason why there is none.

    A server that the user named must work: `MySqlServerError` otherwise. Raises `DiskFullError`, too.
    """
    if url:
        return server_from_url(url)
    try:
        return MariaDb.start(run, find_software(may_get=may_get, report=report))
    except (MariaDbUnavailableError, ProcessError) as error:
        return str(error)
