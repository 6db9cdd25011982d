"""Lambda entry: bring the MySQL projection to the newest schema."""

from __future__ import annotations

from typing import Any

from lambdas.migrations.runner import apply_migrations
from lambdas.shared.mysql import Connector
from lambdas.shared.observability import bind_request, make_logger
from lambdas.shared.settings import migration_settings

logger = make_logger("migrations")
STATEMENT_SECONDS = 840
"""A key added to a big table takes minutes; a function may take 15."""


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Apply what is pending and return the names of the files; an error fails the deployment."""
    del event
    bind_request(logger, context)
    connection = Connector(migration_settings().mysql, statement_seconds=STATEMENT_SECONDS).connect()
    try:
        result = apply_migrations(connection)
    finally:
        connection.close()
    answer = {"applied": result.applied, "present": result.present}
    logger.info("migrations applied", extra=answer)
    return answer
