"""Steps that take a stage away, and what stays after them, each with the command that removes it for good."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from cli.teardown.remains import (
    BESIDE_THE_STACKS,
    BUCKET,
    INSTANCE,
    Stays,
    delete_stack,
    empty,
    kept,
    snapshot,
)
from cli.teardown.stacks import Resource, Stack

DELETION_ORDER = (
    "monitoring",
    "dashboards",
    "live-map",
    "open-data",
    "components",
    "fleet",
    "database",
    "network",
    "analytics",
    "ingest",
    "alerts",
    "storage",
)
"""Last names of the stacks, each before those that it needs; no template tells, as they share only names."""
_RDS = "AWS::RDS::"


@dataclass(frozen=True)
class Step:
    """One thing to do, in order."""

    why: str
    commands: tuple[str, ...]


@dataclass(frozen=True)
class Plan:
    """What to do, what stays, and whether the records are among what stays."""

    steps: tuple[Step, ...]
    stays: tuple[Stays, ...]
    keeps_records: bool

    def as_dict(self) -> dict[str, Any]:
        """Return the plan for a program."""
        return asdict(self)


def make_plan(stacks: Sequence[Stack], *, region: str | None = None) -> Plan:
    """Return the plan for the `stacks` of one stage; `region` is told where it was not the usual one."""
    in_order = sorted(stacks, key=_turn)
    held = [stack for stack in in_order if _is_held(stack, in_order)]
    going = [stack for stack in in_order if stack not in held]
    where = (Step("every command is of this region", (f"export {_regions(region)}",)),) if region else ()
    return Plan(
        (*where, *_steps(going)),
        (*_stays(in_order, held), *_beside(in_order)),
        any(one.stays and "-lake-" in one.name for one in _all(stacks)),
    )


def _turn(stack: Stack) -> int:
    # One that this list does not know yet needs others, and none needs it.
    places = (place for place, name in enumerate(DELETION_ORDER) if stack.name.endswith(f"-{name}"))
    return next(places, -1)


def _regions(region: str) -> str:
    return f"AWS_REGION={region} AWS_DEFAULT_REGION={region}"


def _is_held(stack: Stack, stacks: Iterable[Stack]) -> bool:
    """Whether an instance that stays lies in the subnets of this stack."""
    instance_stays = any(one.type == INSTANCE and one.stays for one in _all(stacks))
    return instance_stays and any(one.type == "AWS::EC2::VPC" for one in stack.resources)


def _all(stacks: Iterable[Stack]) -> list[Resource]:
    return [resource for stack in stacks for resource in stack.resources]


def _steps(stacks: Sequence[Stack]) -> Iterator[Step]:
    protected = [one for one in _all(stacks) if not one.stays and one.properties.get("DeletionProtection")]
    yield from _step("RDS deletes no protected instance", (_unprotect(one) for one in protected))
    policies = [one for one in _all(stacks) if one.type == "AWS::IoT::Policy" and not one.stays]
    yield from _step(
        "IoT deletes no policy that a certificate holds; devices can connect no longer",
        (_detach(one) for one in policies),
    )
    going = [one for one in _all(stacks) if one.type == BUCKET and not one.stays]
    holding = {one.stack for one in going}
    yield from _step(
        "stop what writes", (delete_stack(one.name) for one in stacks if one.name not in holding)
    )
    yield from _step(
        "S3 deletes no bucket that holds anything; THIS DELETES EVERY RECORD OF THE STAGE",
        (empty(one.name) for one in _logs_last(going)),
    )
    yield from _step(
        "remove what is empty now", (delete_stack(one.name) for one in stacks if one.name in holding)
    )


def _step(why: str, commands: Iterable[str]) -> Iterator[Step]:
    step = Step(why, tuple(commands))
    if step.commands:
        yield step


def _unprotect(instance: Resource) -> str:
    return f"aws rds modify-db-instance --db-instance-identifier {instance.name} --no-deletion-protection"


def _detach(policy: Resource) -> str:
    name = policy.name
    return (
        f"for target in $(aws iot list-targets-for-policy --policy-name {name}"
        " --query 'targets[]' --output text);"
        f' do aws iot detach-policy --policy-name {name} --target "$target"; done'
    )


def _logs_last(buckets: Iterable[Resource]) -> list[Resource]:
    """Return `buckets` so that none is emptied before one that writes access logs into it."""
    ones = list(buckets)
    logs = {(one.stack, _log_bucket(one)) for one in ones}
    return sorted(ones, key=lambda one: (one.stack, one.logical_id) in logs)


def _log_bucket(bucket: Resource) -> Any:
    destination = bucket.properties.get("LoggingConfiguration", {}).get("DestinationBucketName")
    return destination.get("Ref") if isinstance(destination, dict) else None


def _stays(stacks: Sequence[Stack], held: Sequence[Stack]) -> Iterator[Stays]:
    """Yield what stays in the order of its removal: the database, its network, and the lake last."""
    staying = [one for one in _all(stacks) if one.stays]
    database = [one for one in staying if one.type.startswith(_RDS)]
    yield from map(kept, sorted(database, key=lambda one: one.type != INSTANCE))
    for stack in held:
        commands = (delete_stack(stack.name),)
        yield Stays(
            "stack", stack.name, "the database that stays lies in its subnets: remove that first", commands
        )
    yield from (snapshot(one) for one in _all(stacks) if one.policy == "Snapshot")
    buckets = [one for one in staying if one.type == BUCKET]
    yield from (kept(one) for one in staying if one not in database and one not in buckets)
    yield from map(kept, _logs_last(buckets))


def _beside(stacks: Sequence[Stack]) -> Iterator[Stays]:
    types = {resource.type for resource in _all(stacks)}
    for found, stays in BESIDE_THE_STACKS:
        if any(kind.startswith(found) for kind in types):
            yield stays
