"""Job templates: the operations that may be asked of a group of devices, and nothing but these.

A device does what `operation` names, from a list of its own; a job never carries a command.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from infra.fleet.rollout import abort_criteria, job_rollout

DOCUMENT_VERSION = "1.0"
_DIGEST_CHARACTERS = 8


@dataclass(frozen=True)
class Operation:
    """One operation on a device; `minutes` is how long it may take, `retries` how often it is tried again."""

    name: str
    description: str
    minutes: int
    retries: int = 0
    arguments: dict[str, Any] = field(default_factory=dict)

    @property
    def document(self) -> str:
        """The job document, JSON."""
        return json.dumps(
            {"version": DOCUMENT_VERSION, "operation": self.name, "arguments": self.arguments}, sort_keys=True
        )

    def template_id(self, prefix: str, tags: Mapping[str, str]) -> str:
        """Return the id of the job template, which ends in a digest of all that it says.

        AWS IoT changes no template, its tags neither: whatever changes needs an id of its own, or
        CloudFormation could not make the new one beside the old.
        """
        content = json.dumps([self.properties(), dict(tags)], sort_keys=True)
        digest = hashlib.sha256(content.encode()).hexdigest()[:_DIGEST_CHARACTERS]
        return f"{prefix}-{self.name.replace('_', '-')}-{digest}"

    def properties(self) -> dict[str, Any]:
        """Return the properties of the job template but its id, in CloudFormation's spelling."""
        retry = {"FailureType": "ALL", "NumberOfRetries": self.retries}
        return {
            "Description": self.description,
            "Document": self.document,
            "JobExecutionsRolloutConfig": job_rollout(),
            "AbortConfig": {"CriteriaList": abort_criteria()},
            "TimeoutConfig": {"InProgressTimeoutInMinutes": self.minutes},
            **({"JobExecutionsRetryConfig": {"RetryCriteriaList": [retry]}} if self.retries else {}),
        }


OPERATIONS = (
    Operation("report", "Report system, packages, time source and component versions", minutes=10, retries=2),
    Operation(
        "synchronise_time", "Set up time synchronisation and measure the offset", minutes=15, retries=2
    ),
    Operation(
        "update_packages",
        "Look which packages would be upgraded, and say so without changing any",
        minutes=30,
        retries=1,
        arguments={"dry_run": True},
    ),
    Operation(
        "upgrade_packages",
        "Upgrade packages and say whether a restart is needed; never tried twice",
        minutes=120,
        arguments={"dry_run": False, "restart": False},
    ),
)
