"""What a check is given: what the stacks want, whose account it is, and clients of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from cli.aws_checks.wanted import Wanted

Clients = Callable[[str, str | None], Any]
"""A boto3 client by service and region (None: the region of the deployment)."""


@dataclass(frozen=True)
class Situation:
    """An account before a deployment."""

    wanted: Wanted
    account: str
    clients: Clients

    def client(self, service: str, region: str | None = None) -> Any:
        """Return a client of the deployment's region, or of `region`."""
        return self.clients(service, region or self.wanted.region)

    @cached_property
    def stacks(self) -> dict[str, str]:
        """The state of each stack that is there, by name."""
        pages = self.client("cloudformation").get_paginator("list_stacks").paginate()
        return {
            one["StackName"]: one["StackStatus"]
            for page in pages
            for one in page["StackSummaries"]
            if one["StackStatus"] != "DELETE_COMPLETE"
        }
