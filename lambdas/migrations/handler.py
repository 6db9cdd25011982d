"""Lambda entry: bring the MySQL projection to the newest schema.

On AWS it runs inside the VPC, where no secret can be read: `database_setup` hands it the master's password in
its event, and asks for the accounts of the other functions. Locally the environment has all it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from contract.errors import CrowdLensError
from lambdas.migrations.accounts import make_accounts
from lambdas.migrations.runner import apply_migrations
from lambdas.shared.mysql import Connector
from lambdas.shared.observability import bind_request, make_logger
from lambdas.shared.settings import MySQLAuthentication, MySQLSettings, migration_settings

logger = make_logger("migrations")
STATEMENT_SECONDS = 840
"""A key added to a big table takes minutes; a function may take 15."""


class EventError(CrowdLensError):
    """Raised when an event names a master without both its name and its password."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Apply what is pending and return the names of the files; an error fails the deployment."""
    bind_request(logger, context)
    master = event.get("master")
    settings = migration_settings().mysql if master is None else as_master(migration_settings().mysql, master)
    connection = Connector(settings, statement_seconds=STATEMENT_SECONDS).connect()
    try:
        result = apply_migrations(connection)
        accounts = [] if master is None else make_accounts(connection, settings.database)
    finally:
        connection.close()
    answer = {"applied": result.applied, "present": result.present, "accounts": accounts}
    logger.info("migrations applied", extra=answer)
    return answer


def as_master(settings: MySQLSettings, master: object) -> MySQLSettings:
    """Return `settings` with the user and password of `master` (``{"username": …, "password": …}``).

    Raises `EventError`, which names no value of it.
    """
    if not isinstance(master, Mapping):
        raise EventError("master is no object: expected one with username and password")
    username, password = master.get("username"), master.get("password")
    if not (isinstance(username, str) and username and isinstance(password, str) and password):
        raise EventError("master has no username or no password: expected both")
    return replace(settings, user=username, password=password, authentication=MySQLAuthentication.PASSWORD)
