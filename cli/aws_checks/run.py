"""Runs every check, each against the same clients; one that AWS refuses is a finding, not an end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cli.aws_checks.account import bootstrap, caller, region_enabled, same_account, stack_states
from cli.aws_checks.names import names_free
from cli.aws_checks.quotas import lambda_concurrency, vpcs
from cli.aws_checks.services import dashboards_readers, dashboards_subscription, iot_endpoint, layers
from cli.aws_checks.situation import Clients, Situation
from cli.aws_checks.wanted import Wanted
from cli.checks import Finding

CHECKS: tuple[Callable[[Situation], Finding | None], ...] = (
    same_account,
    region_enabled,
    bootstrap,
    stack_states,
    names_free,
    lambda_concurrency,
    vpcs,
    layers,
    iot_endpoint,
    dashboards_subscription,
    dashboards_readers,
)
"""A check answers None where the stacks do not need what it looks at."""


def run_aws_checks(wanted: Wanted, clients: Clients) -> list[Finding]:
    """Return what every check found; without credentials there is only the one finding."""
    first, account = caller(clients)
    if account is None:
        return [first]
    situation = Situation(wanted, account, clients)
    found = [_look(check, situation) for check in CHECKS]
    return [first, *(finding for finding in found if finding is not None)]


def _look(check: Callable[[Situation], Finding | None], situation: Situation) -> Finding | None:
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        return check(situation)
    except (ClientError, BotoCoreError) as error:
        name = check.__name__.replace("_", " ")
        return Finding(name, _reason(error), "allow this call, or look yourself", optional=True)


def _reason(error: Any) -> str:
    said = getattr(error, "response", {}).get("Error", {})
    operation = getattr(error, "operation_name", "")
    return f"could not be looked at: {operation} {said.get('Code', error)}".replace("  ", " ")
