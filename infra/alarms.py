"""What wakes somebody up, as data: the monitoring stack makes alarms of it, and the bill counts it.

Every alarm says what is wrong and where to look. "No data" is no alarm where a quiet system sends nothing;
it is one where a schedule must have run.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass

from infra.config import MySqlConfig, StageConfig
from infra.ingest_settings import (
    DEAD_LETTERS,
    LAKE_WRITER,
    NOTIFIER,
    OPEN_DATA,
    RDS_LOADER,
    SCHEDULED_FUNCTIONS,
    ScheduledFunction,
    alert_rule_queue_name,
    ingest_profile,
)
from infra.metrics import (
    LIVE_API_FAULTS,
    Metric,
    metrics_namespace,
    of_all_functions,
    of_database,
    of_function,
    of_queue,
    of_topic,
    own,
)

MINUTE = 60
GIB = 1024**3
_RUNBOOK = "docs/runbooks/dead_letters_and_senders.md"
PROVISIONING = "provisioning"
CLOCK_OFFSET_MILLISECONDS = 1_000
"""A camera's shortest window is a second: with more, counts lie in the wrong one."""


class Missing(enum.Enum):
    """What a period without data means."""

    QUIET = "notBreaching"
    NO_NEWS = "ignore"
    TOLD = "missing"
    """The alarm has too little data, and that is told: but not before there ever was any."""


@dataclass(frozen=True)
class Alarm:
    """The sum of `metrics` compared with `threshold`: above it, or below it when `is_low`, alarms.

    It must be so in `breaching` of the last `periods` of `period_seconds`.
    """

    name: str
    metrics: tuple[Metric, ...]
    threshold: float
    says: str
    period_seconds: int = 5 * MINUTE
    periods: int = 1
    breaching: int = 1
    missing: Missing = Missing.QUIET
    is_low: bool = False


LIVE_API, PAGE_SETUP = "live_api", "page_setup"
SLOW_MILLISECONDS = 1_000
"""Of one answer in twenty: the page asks every five seconds, and a person waits for the first one."""
_DATABASE_FUNCTIONS = ("migrations", "database_setup")
DEPLOYING_FUNCTIONS = (*_DATABASE_FUNCTIONS, PAGE_SETUP)
"""Called by a deployment, which fails when they do: CloudFormation says so, an alarm would only repeat it."""


def functions_of(config: StageConfig) -> tuple[str, ...]:
    """Return every function of the stage by its folder's name."""
    names = [LAKE_WRITER.function_name, DEAD_LETTERS.function_name]
    names += [function.function_name for function in SCHEDULED_FUNCTIONS]
    if config.mysql:
        names += [RDS_LOADER.function_name, *_DATABASE_FUNCTIONS]
    if config.fleet:
        names.append(PROVISIONING)
    if config.open_data:
        names.append(OPEN_DATA.function_name)
    if config.alerts:
        names.append(NOTIFIER.function_name)
    if config.live_map:
        names += [LIVE_API, PAGE_SETUP]
    return tuple(names)


def alarms_of(config: StageConfig) -> tuple[Alarm, ...]:
    """Return every alarm of the stage, the ones on lost records first."""
    found = [*_ingest(config), *_account(config), *_devices(config), *_functions(config)]
    if config.mysql:
        found += _mysql(config, config.mysql)
    if config.open_data:
        found += _open_data(config)
    if config.alerts:
        found += _alerts(config)
    if config.live_map:
        found += _live_map(config)
    return tuple(found)


def alarm_metrics(config: StageConfig) -> int:
    """Return how many metrics the stage's alarms evaluate: each is paid for."""
    return sum(len(alarm.metrics) for alarm in alarms_of(config))


def _ingest(config: StageConfig) -> Iterator[Alarm]:
    for queue in (LAKE_WRITER, RDS_LOADER) if config.mysql else (LAKE_WRITER,):
        named = queue.named(config.prefix)
        yield Alarm(
            f"{queue.queue_name}-dead-letters",
            (of_queue(named.dead_letter_queue_name, "ApproximateNumberOfMessagesVisible"),),
            0,
            f"Messages stay in the dead-letter queue of {queue.function_name}: dead_letters does not copy "
            f"them to quarantine. They are kept 14 days. {_RUNBOOK}",
            periods=3,
            breaching=3,
        )
        window = ingest_profile(config.profile).lake_writer.batch_window_seconds
        yield Alarm(
            f"{queue.queue_name}-age",
            (of_queue(named.queue_name, "ApproximateAgeOfOldestMessage"),),
            window + 10 * MINUTE,
            f"The oldest message waits too long: {queue.function_name} fails, is throttled, or cannot keep "
            "up. Nothing is lost before 14 days.",
            periods=2,
            breaching=2,
        )
    yield Alarm(
        "dead-letters",
        (own(config, "dead_letters", "dead_letters"),),
        0,
        f"A message was given up and lies in quarantine. {_RUNBOOK}",
    )
    yield Alarm(
        "dead-letters-failed",
        (own(config, "dead_letters", "dead_letters_failed"),),
        0,
        "A dead letter could not be copied to quarantine; it stays in its queue for the rest of 14 days.",
    )
    yield Alarm(
        "messages-quarantined",
        (own(config, "lake_writer", "messages_quarantined"),),
        0,
        "lake_writer could not read a message, or refused its sender: it lies in quarantine. "
        "`crowdlens quarantine list`",
    )
    yield Alarm(
        "identity",
        tuple(own(config, "lake_writer", f"identity_{fault}") for fault in _identity_faults(config)),
        0,
        f"A message's sender is not the device it names, or no registered one. {_RUNBOOK}",
    )


def _identity_faults(config: StageConfig) -> tuple[str, ...]:
    # Without the fleet stack nobody registers devices: while they are only observed, each is unknown.
    registered = config.fleet or config.identity_mode == "enforce"
    return ("impostors", "blocked_devices", *(("unknown_devices",) if registered else ()))


def _account(config: StageConfig) -> Iterator[Alarm]:
    names = ("records_missing", "records_not_in_mysql") if config.mysql else ("records_missing",)
    yield Alarm(
        "reconciliation",
        tuple(own(config, "reconciler", name, "Maximum") for name in names),
        0,
        "Records that devices made are neither in the lake nor declared dropped, or MySQL lacks them. "
        "`crowdlens reconcile`",
        period_seconds=30 * MINUTE,
        # An object may be announced late once; what is missing at two accounts in a row is missing.
        periods=2,
        breaching=2,
    )
    yield Alarm(
        "reconciler-days-failed",
        (own(config, "reconciler", "days_failed"),),
        0,
        "A day could not be reconciled: whether it is whole is not known. The log of reconciler says why.",
        period_seconds=30 * MINUTE,
        periods=2,
        breaching=2,
    )
    yield Alarm(
        "reconciler-idle",
        (of_function(config.function_name("reconciler"), "Invocations"),),
        1,
        "The reconciler has not run for an hour: a difference would go unseen. Look at its schedule.",
        period_seconds=30 * MINUTE,
        periods=2,
        breaching=2,
        # Its first run comes a quarter of an hour after the deployment: no data is told when there was some.
        missing=Missing.TOLD,
        is_low=True,
    )
    yield Alarm(
        "compactor",
        (own(config, "compactor", "faults"),),
        0,
        "A piece of the lake could not be compacted or an object not read (nothing is lost, but reads cost "
        "more), or a compacted object was removed by another hand. The log of compactor names it.",
        period_seconds=30 * MINUTE,
        periods=2,
        breaching=2,
    )


def _devices(config: StageConfig) -> Iterator[Alarm]:
    yield Alarm(
        "devices-silent",
        (own(config, "reconciler", "devices_silent", "Maximum"),),
        0,
        "A device that reported within nine days has sent nothing for an hour. Which one: the view "
        "device_state. One that was taken away is forgotten after nine days.",
        period_seconds=60 * MINUTE,
        missing=Missing.NO_NEWS,
    )
    yield Alarm(
        "clock-offset",
        (own(config, "lake_writer", "clock_offset_milliseconds", "Maximum"),),
        CLOCK_OFFSET_MILLISECONDS,
        "A device's clock is more than a second off: its counts may lie in the wrong window. Which one: the "
        "view device_state, column clock_offset_milliseconds.",
        periods=3,
        breaching=3,
    )


def _functions(config: StageConfig) -> Iterator[Alarm]:
    scheduled = {one.function_name: one for one in SCHEDULED_FUNCTIONS}
    apart = (*DEPLOYING_FUNCTIONS, PROVISIONING, OPEN_DATA.function_name)
    called = [name for name in functions_of(config) if name not in apart]
    for name in called:
        yield _errors(config, name, scheduled.get(name))
    if config.fleet:
        yield Alarm(
            "provisioning",
            (
                own(config, PROVISIONING, "provisioning_failed"),
                of_function(config.function_name(PROVISIONING), "Errors"),
            ),
            0,
            "Whether a new device may come in was not said: provisioning did not reach its table, or took "
            "too long. The device asks again; the log of provisioning says why.",
        )
    yield Alarm(
        "throttles",
        (of_all_functions("Throttles"),),
        0,
        "Lambda throttles functions in this region: a function's reserve, or the account's concurrency, "
        "which all of them share, is used up.",
        periods=3,
        breaching=2,
    )


def _errors(config: StageConfig, name: str, scheduled: ScheduledFunction | None) -> Alarm:
    """Return the alarm on a function that fails again and again, at the pace at which it is called."""
    return Alarm(
        f"{name.replace('_', '-')}-errors",
        (of_function(config.function_name(name), "Errors"),),
        0,
        f"{name} ended with an error; what it worked on comes again. Its log has the error.",
        # A cold database or a throttled call fails once; what fails again needs somebody. A queue brings a
        # failed batch again within seven minutes; a schedule may bring no second call for fifteen.
        period_seconds=5 * MINUTE if scheduled is None else round(2 * scheduled.every_seconds),
        periods=3 if scheduled is None else 2,
        breaching=2,
    )


def _alerts(config: StageConfig) -> Iterator[Alarm]:
    named = NOTIFIER.named(config.prefix)
    yield Alarm(
        "alerts-dead-letters",
        tuple(
            of_queue(name, "ApproximateNumberOfMessagesVisible")
            for name in (named.dead_letter_queue_name, alert_rule_queue_name(config.prefix))
        ),
        0,
        "An alert was given up, or never reached its queue, and dead_letters does not copy it to quarantine. "
        f"{_RUNBOOK}",
        periods=3,
        breaching=3,
    )
    yield Alarm(
        "alerts-age",
        (of_queue(named.queue_name, "ApproximateAgeOfOldestMessage"),),
        10 * MINUTE,
        "An alert has waited ten minutes to be told: notifier fails or is throttled. Its log says why.",
        periods=2,
        breaching=2,
    )
    yield Alarm(
        "alerts-refused",
        (own(config, "notifier", "alerts_failed"),),
        0,
        "An alert could not be read, or not written down: it comes again until it is a dead letter. The log "
        "of notifier says why.",
        periods=3,
        breaching=2,
    )
    yield Alarm(
        "alerts-unsent",
        (own(config, "notifier", "messages_failed"),),
        0,
        "SNS does not take a message. It is tried each minute for a day. The log of notifier says why.",
        periods=3,
        breaching=2,
    )
    yield Alarm(
        "alerts-undelivered",
        (of_topic(config.alert_topic_name, "NumberOfNotificationsFailed"),),
        0,
        "SNS could not deliver to a subscriber: a mailbox that is gone, or the month's limit on SMS. "
        "`crowdlens alerts subscribers`",
        period_seconds=60 * MINUTE,
    )


def _live_map(config: StageConfig) -> Iterator[Alarm]:
    yield Alarm(
        "live-map-faults",
        (Metric(metrics_namespace(config), LIVE_API_FAULTS, (), "Sum"),),
        5,
        "The live map's API answers with 5xx: MySQL is away or live_api fails. Who looks is told that counts "
        "cannot be read. The log of live_api says why.",
        periods=3,
        breaching=2,
    )
    yield Alarm(
        "live-map-slow",
        (of_function(config.function_name(LIVE_API), "Duration", "p95"),),
        SLOW_MILLISECONDS,
        "One answer in twenty of the live map takes more than a second: MySQL's load and its log of slow "
        "queries say why.",
        periods=3,
        breaching=3,
    )


def _open_data(config: StageConfig) -> Iterator[Alarm]:
    named = OPEN_DATA.named(config.prefix)
    yield Alarm(
        "open-data-dead-letters",
        (of_queue(named.dead_letter_queue_name, "ApproximateNumberOfMessagesVisible"),),
        0,
        "A file of public data was given up and dead_letters does not copy its message to quarantine. The "
        f"file lies in the inbox bucket. {_RUNBOOK}",
        periods=3,
        breaching=3,
    )
    yield Alarm(
        "open-data-errors",
        (of_function(config.function_name(OPEN_DATA.function_name), "Errors"),),
        0,
        "open_data ended with an error: the file comes again in an hour and a half. Its log has the error.",
    )
    yield Alarm(
        "open-data-age",
        (of_queue(named.queue_name, "ApproximateAgeOfOldestMessage"),),
        # A file that failed once comes back after the visibility time-out.
        2 * named.visibility_timeout_seconds,
        "A file of public data waits for hours: open_data fails or is throttled. Its log says why.",
        periods=2,
        breaching=2,
    )
    yield Alarm(
        "open-data-files",
        (own(config, "open_data", "files_refused"), own(config, "open_data", "files_unknown")),
        0,
        "A file dropped into the inbox was not loaded: refused (open_data_reports/refused/ of the lake says "
        "why), or of no known data set (a profile is proposed below open_data_proposals/). docs/opendata.md",
    )


def _mysql(config: StageConfig, mysql: MySqlConfig) -> Iterator[Alarm]:
    identifier = config.mysql_identifier
    yield Alarm(
        "loader",
        tuple(own(config, "rds_loader", name) for name in ("messages_failed", "totals_failed")),
        0,
        "rds_loader fails to load objects into MySQL, or to make hour totals of them, again and again. The "
        "lake has the records; the log says why.",
        periods=3,
        breaching=3,
    )
    yield Alarm(
        "mysql-storage",
        (of_database(identifier, "FreeStorageSpace", "Minimum"),),
        0.1 * mysql.storage_gib * GIB,
        "Less than a tenth of MySQL's storage is free and it did not grow by itself: its maximum is reached, "
        "or it grew within the last six hours.",
        period_seconds=10 * MINUTE,
        periods=3,
        breaching=3,
        is_low=True,
    )
    yield Alarm(
        "mysql-connections",
        (of_database(identifier, "DatabaseConnections", "Maximum"),),
        round(0.8 * mysql.connections),
        "Four fifths of the connections that MySQL allows are in use: rds_loader is capped, so somebody else "
        "is in.",
        periods=3,
        breaching=3,
    )
