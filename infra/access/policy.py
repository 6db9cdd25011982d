"""What policies say of a request: denied explicitly, allowed, or not allowed.

The order of IAM within one account: any matching Deny denies; else any matching Allow, of the caller's own
policies or of the resource's, allows; else nothing does. Not modelled, because the stacks have none:
organisations, permission boundaries, session policies (IAM user guide, Policy evaluation logic).
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.errors import CrowdLensError
from infra.access.conditions import as_texts, fulfilled
from infra.access.patterns import Context, context_of, matches

_KNOWN = frozenset(
    (
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
        "Principal",
        "NotPrincipal",
    )
)


class PolicyError(CrowdLensError):
    """Raised for a policy statement that cannot be read."""


class Decision(enum.Enum):
    """What becomes of a request."""

    ALLOWED = "allowed"
    NOT_ALLOWED = "not allowed by any statement"
    DENIED = "denied by a statement"

    @property
    def is_allowed(self) -> bool:
        """Whether the request goes through."""
        return self is Decision.ALLOWED


@dataclass(frozen=True)
class Request:
    """One call: `action` like ``s3:GetObject``, the ARN it is about, and its condition keys.

    `principal` is who calls: an ARN, or a service like ``s3.amazonaws.com``. Every call is made by TLS
    unless `context` says otherwise.
    """

    action: str
    resource: str
    principal: str = ""
    context: Mapping[str, str | list[str]] = field(default_factory=dict)

    def keys(self) -> Context:
        """Return the condition keys by lower-case name."""
        return context_of({"aws:SecureTransport": "true", **self.context})


@dataclass(frozen=True)
class Statement:
    """One statement of a policy; a resource's policy has `principals`, a caller's own has None."""

    effect: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: Mapping[str, Mapping[str, Any]]
    is_all_but_actions: bool = False
    is_all_but_resources: bool = False
    principals: tuple[str, ...] | None = None
    is_all_but_principals: bool = False

    def applies_to(self, request: Request) -> bool:
        """Return whether the statement speaks of `request`."""
        context = request.keys()
        action = any(matches(one, request.action, context, ignore_case=True) for one in self.actions)
        resource = any(matches(one, request.resource, context) for one in self.resources)
        return (
            action is not self.is_all_but_actions
            and resource is not self.is_all_but_resources
            and self._is_about(request.principal)
            and fulfilled(self.conditions, context)
        )

    def _is_about(self, principal: str) -> bool:
        if self.principals is None:
            return True
        account = principal.split(":")[4] if principal.startswith("arn:") else ""
        names = {"*", principal, account, f"arn:aws:iam::{account}:root"} - {""}
        return (not names.isdisjoint(self.principals)) is not self.is_all_but_principals


def read_statements(document: Mapping[str, Any]) -> list[Statement]:
    """Return the statements of a policy document whose values are plain; raises `PolicyError`."""
    found = document["Statement"]
    return [read_statement(one) for one in (found if isinstance(found, list) else [found])]


def read_statement(entry: Mapping[str, Any]) -> Statement:
    """Return one statement; raises `PolicyError` for members that would be overlooked."""
    if unknown := set(entry) - _KNOWN:
        raise PolicyError(f"a policy statement has {', '.join(sorted(unknown))}: expected none such")
    if entry.get("Effect") not in ("Allow", "Deny"):
        raise PolicyError(
            f"a policy statement has the effect {entry.get('Effect')!r}: expected Allow or Deny"
        )
    principals = entry.get("Principal", entry.get("NotPrincipal"))
    return Statement(
        entry["Effect"],
        tuple(as_texts(entry.get("Action", entry.get("NotAction")))),
        # The policy of a role about who may take it has no resource: it is the role's own.
        tuple(as_texts(entry.get("Resource", entry.get("NotResource", "*")))),
        entry.get("Condition", {}),
        is_all_but_actions="NotAction" in entry,
        is_all_but_resources="NotResource" in entry,
        principals=None if principals is None else _principals(principals),
        is_all_but_principals="NotPrincipal" in entry,
    )


def _principals(entry: Any) -> tuple[str, ...]:
    if isinstance(entry, str):
        return (entry,)
    return tuple(text for values in entry.values() for text in as_texts(values))


def decide(statements: Iterable[Statement], request: Request) -> Decision:
    """Return what `statements`, the caller's and the resource's together, say of `request`."""
    effects = {statement.effect for statement in statements if statement.applies_to(request)}
    if "Deny" in effects:
        return Decision.DENIED
    return Decision.ALLOWED if "Allow" in effects else Decision.NOT_ALLOWED
