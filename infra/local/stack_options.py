"""What may be different about a local stack."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from infra.ingest_settings import (
    DEAD_LETTERS,
    LAKE_WRITER,
    MIGRATIONS_HANDLER,
    RDS_LOADER,
    SCHEDULED_FUNCTIONS,
    DeadLetterFunction,
    QueueFunction,
    ScheduledFunction,
)
from infra.local.alerts import AlertOptions
from lambdas.shared.settings import IdentityMode


@dataclass(frozen=True)
class StackOptions:
    """How a local stack differs from the default.

    `visibility_timeout_seconds` is short, so that a failed message comes back soon; in AWS it is
    `QueueFunction.visibility_timeout_seconds`. `mysql_url` names an existing server; `with_mysql` False
    leaves MySQL out. `sender_id` replaces the SenderId of ingest messages, which is otherwise that of the
    device a message names (see `infra.local.senders`). `dead_letters` None leaves dead letters where they
    are. `scheduled` are called as often as they say. With `alerts` the notifier runs and its mail is
    written.
    """

    with_mysql: bool = True
    mysql_url: str | None = None
    may_get_mariadb: bool = True
    ministack_python: Path | None = None
    ministack_port: int | None = None
    run_base: Path | None = None
    lake_writer: QueueFunction = LAKE_WRITER
    rds_loader: QueueFunction = RDS_LOADER
    migrations_handler: str | None = MIGRATIONS_HANDLER
    visibility_timeout_seconds: int = 30
    sender_id: str | None = None
    identity_mode: IdentityMode = IdentityMode.OBSERVE
    dead_letters: DeadLetterFunction | None = DEAD_LETTERS
    scheduled: tuple[ScheduledFunction, ...] = SCHEDULED_FUNCTIONS
    alerts: AlertOptions | None = None
    report: Callable[[str], None] = field(default=lambda _: None, repr=False)
