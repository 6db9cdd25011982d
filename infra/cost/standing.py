"""What a stage costs though nothing is counted: quantities of a month, from its configuration alone.

Held equal to the synthesised templates by `tests/infrastructure`: alarms, keys, secrets, instances.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from contract.errors import CrowdLensError
from contract.tables import TABLES
from infra.alarms import alarm_metrics
from infra.config import MySqlConfig, StageConfig
from infra.cost.bill import MONTH_SECONDS, POLLS_AN_HOUR
from infra.cost.fleet import MONTH_DAYS
from infra.cost.measured import Assumptions
from infra.cost.prices import PriceList, UnknownRegionError
from infra.ingest_settings import MAINTENANCE, NOTIFIER_SCHEDULE, SCHEDULED_FUNCTIONS
from infra.metrics import SENT_WITHOUT_CAMERAS

HOURS = MONTH_DAYS * 24
LISTS_A_RUN = {"compactor": 3 * len(TABLES), "reconciler": 2 * len(TABLES)}
"""Prefixes that a scheduled run lists though the lake is empty: raw, compacted, covers of each table."""
LEASE_WRITES_A_RUN = 2
MAINTAIN_SECONDS = 3600


class PriceMissingError(CrowdLensError):
    """Raised when the price file lacks what a stage is configured with."""


@dataclass(frozen=True)
class Standing:
    """Dollars a month by service at list prices, and in all when AWS's monthly allowances are taken off."""

    by_service: Mapping[str, float]
    less_always_free: float

    @property
    def total(self) -> float:
        """Dollars a month at list prices."""
        return sum(self.by_service.values())


def standing(config: StageConfig, prices: PriceList, assumed: Assumptions | None = None) -> Standing:
    """Return what the stage costs idle; raises `UnknownRegionError` and `PriceMissingError`."""
    if config.region not in prices.regions:
        raise UnknownRegionError(f"region is {config.region!r}: expected one of {', '.join(prices.regions)}")
    by_service: dict[str, float] = {}
    less_free = 0.0
    for name, quantity in quantities(config, assumed or Assumptions()).items():
        if name not in prices.prices:
            raise PriceMissingError(
                f"there is no price of {name}: expected it in prices.yaml, or -c monthly_budget_usd"
            )
        price = prices.prices[name]
        usd = price.regions[config.region].usd
        by_service[price.service] = by_service.get(price.service, 0.0) + quantity * usd
        less_free += max(0.0, quantity - prices.always_free.get(name, 0.0)) * usd
    return Standing(dict(sorted(by_service.items(), key=lambda item: -item[1])), less_free)


def quantities(config: StageConfig, assumed: Assumptions) -> dict[str, float]:
    """Return how many units of each price an idle month takes."""
    found: dict[str, float] = {}
    for name, quantity in (*_always(config, assumed), *_scheduled(config, assumed), *_by_choice(config)):
        found[name] = found.get(name, 0.0) + quantity
    return found


def _always(config: StageConfig, assumed: Assumptions) -> Iterator[tuple[str, float]]:
    # Devices' own queue, and the dead letters of both; the load queue and its are there for MySQL only,
    # the alerts' three when they are switched on.
    quiet_sources = (3 if config.mysql else 1) + (3 if config.alerts else 0)
    pollers = assumed.pollers + quiet_sources * assumed.quiet_pollers
    yield "sqs_request", pollers * POLLS_AN_HOUR * HOURS
    yield "alarm_month", alarm_metrics(config)
    yield "metric_month", idle_metrics(config)
    if config.alarm_email:
        yield "kms_key_month", 1


def idle_metrics(config: StageConfig) -> int:
    """Return how many metrics of ours are sent, and paid for, though no camera is there."""
    return sum(
        len(names)
        for function, names in SENT_WITHOUT_CAMERAS.items()
        if config.mysql or function != "rds_loader"
    )


def _scheduled(config: StageConfig, assumed: Assumptions) -> Iterator[tuple[str, float]]:
    runs = [
        (one.function_name, MONTH_SECONDS / one.every_seconds, one.memory_mib) for one in SCHEDULED_FUNCTIONS
    ]
    if config.mysql:
        runs.append(
            (MAINTENANCE.function_name, MONTH_SECONDS / MAINTENANCE.every_seconds, MAINTENANCE.memory_mib)
        )
    if config.alerts:
        times = MONTH_SECONDS / NOTIFIER_SCHEDULE.every_seconds
        runs.append((NOTIFIER_SCHEDULE.function_name, times, NOTIFIER_SCHEDULE.memory_mib))
        # Idle, a run is one consistent read of the list of what waits.
        yield "dynamodb_read", times
    for function, times, memory_mib in runs:
        # EventBridge calls by a schedule for nothing.
        yield "lambda_request", times
        yield "lambda_gb_second", times * assumed.idle_run_seconds * memory_mib / 1024
        yield "logs_gb", times * assumed.log_bytes_an_invocation / 1e9
        yield "s3_put", times * LISTS_A_RUN.get(function, 0)
        if function in LISTS_A_RUN:
            yield "dynamodb_write", times * LEASE_WRITES_A_RUN


def _by_choice(config: StageConfig) -> Iterator[tuple[str, float]]:
    if config.mysql:
        yield from _database(config.mysql)
    if config.dashboards:
        yield "quicksight_author_month", len(config.dashboards.principal_arns)


def _database(mysql: MySqlConfig) -> Iterator[tuple[str, float]]:
    copies = 2 if mysql.multi_az else 1
    yield f"db.{mysql.instance_class}", copies * HOURS
    yield "rds_gb_month", copies * mysql.storage_gib
    yield "secret_month", 1
    if mysql.proxy:
        yield "rds_proxy_vcpu_hour", 2 * HOURS
