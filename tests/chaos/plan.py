"""From a seed to what may go wrong: which faults, how often, how large everything is.

Each schedule leaves most kinds of faults out (swarm testing, Groce et al., ISSTA 2012): a fault that is
always there hides what only its absence shows.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, replace

from tests.chaos.world import START_SECONDS, Faults

KINDS: dict[str, tuple[float, float]] = {
    "kill_vision": (0.001, 0.02),
    "kill_publisher": (0.001, 0.02),
    "kill_lake_writer": (0.01, 0.1),
    "kill_rds_loader": (0.005, 0.05),
    "kill_dead_letters": (0.01, 0.1),
    "kill_operator": (0.01, 0.1),
    "kill_compactor": (0.005, 0.1),
    "kill_reconciler": (0.005, 0.1),
    "dynamodb_answer_lost": (0.05, 0.3),
    "dynamodb_refuses": (0.05, 0.4),
    "dynamodb_is_busy": (0.05, 0.5),
    "dynamodb_is_stale": (0.2, 1.0),
    "power_loss": (0.005, 0.05),
    "log_torn": (0.5, 1.0),
    "mark_lost": (0.2, 1.0),
    "sqs_partial": (0.05, 0.5),
    "sqs_duplicate": (0.05, 0.5),
    "sqs_refused": (0.02, 0.3),
    "sqs_throttles": (0.02, 0.3),
    "sqs_answer_lost": (0.02, 0.3),
    "sqs_redelivers": (0.05, 0.3),
    "s3_refuses": (0.02, 0.3),
    "s3_answer_lost": (0.02, 0.3),
    "s3_is_slow": (0.01, 0.1),
    "s3_forgets": (0.05, 0.4),
    "s3_repeats": (0.05, 0.5),
    "s3_is_late": (0.05, 0.5),
    "mysql_refuses": (0.02, 0.2),
    "mysql_deadlock": (0.01, 0.1),
    "mysql_lost_in_query": (0.01, 0.05),
    "mysql_lost_before_commit": (0.02, 0.2),
    "mysql_lost_after_commit": (0.02, 0.2),
    "dead_letters_refused": (0.3, 0.7),
    "operator_refused": (0.3, 0.7),
}
"""Each kind of fault and the lowest and highest rate, per opportunity, it is tried with."""
OUTAGES = ("sqs", "network", "s3", "mysql", "dynamodb")
_UNDER_PRESSURE = ("dead_letters_refused", "operator_refused")
"""Kinds that only schedules with many dead letters have."""
_SHARE_OF_KINDS = 0.35
_SHARE_UNDER_PRESSURE = 0.25
_SHARE_WITHOUT_TIME = 0.2
_SHARE_OF_LOST_ANSWERS = 0.5
_LATE_SYNC_SECONDS = 6.0
_SHARE_OF_OUTAGES = 0.25
TABLES = ("line_crossings", "camera_status", "zone_counts", "classifications")


@dataclass(frozen=True)
class DevicePlan:
    """How one device lives."""

    tables: tuple[str, ...]
    cameras: tuple[str, ...]
    maximum_bytes: int
    rows_a_turn: int
    turn_seconds: float
    flush_seconds: float
    rows_a_batch: int
    body_bytes: int
    syncs_after_seconds: float
    unsynced_wall_offset_seconds: float
    wall_error_seconds: float
    hold_unsynced_seconds: float = 600.0


@dataclass(frozen=True)
class IdentityPlan:
    """When a device is enrolled, when it changes its certificate, and when the registry knows the new one.

    Seconds after the begin; a device may send before it is enrolled, under a certificate nobody knows yet.
    """

    enrolled_after_seconds: float
    rotates_after_seconds: float | None
    successor_known_after_seconds: float


@dataclass(frozen=True)
class Plan:
    """One schedule, before it is played."""

    seed: int
    storm_seconds: float
    devices: tuple[DevicePlan, ...]
    faults: Faults
    pollers: int
    visibility_seconds: float
    batch_size: int
    compactors: int
    maximum_receives: int
    reconcilers: int
    identities: tuple[IdentityPlan, ...]
    impostor: str
    """Nobody (empty), a stranger, or a device that is enrolled under another name."""


def make_plan(seed: int, limits: Mapping[str, int] | None = None) -> Plan:
    """Return the plan of `seed`; `limits` bounds how often each kind of fault strikes (0: not at all)."""
    dice = random.Random(f"plan {seed}")
    storm_seconds = dice.uniform(6.0, 24.0)
    devices = tuple(_device(dice) for _ in range(1 if dice.random() < 0.7 else 2))
    rates = {
        kind: low * (high / low) ** dice.random()
        for kind, (low, high) in KINDS.items()
        if kind not in _UNDER_PRESSURE and dice.random() < _SHARE_OF_KINDS
    }
    outages = {
        what: [_outage(dice, storm_seconds)]
        for what in (*OUTAGES, *(f"disk_device-{n + 1}" for n in range(len(devices))))
        if dice.random() < _SHARE_OF_OUTAGES
    }
    more = random.Random(f"identity {seed}")
    plan = Plan(
        seed=seed,
        storm_seconds=storm_seconds,
        devices=devices,
        faults=Faults(rates, dict(limits or {}), outages),
        pollers=dice.choice((1, 1, 2)),
        visibility_seconds=dice.choice((4.0, 12.0)),
        batch_size=dice.choice((2, 10)),
        compactors=dice.choice((0, 0, 1, 2)),
        maximum_receives=dice.choice((2, 5)),
        reconcilers=more.choice((0, 1, 1, 2)),
        identities=tuple(_identity(more, storm_seconds) for _ in devices),
        impostor=more.choice(("", "stranger", "insider")),
    )
    return _under_pressure(_without_time(_with_holds(plan)))


def _with_holds(plan: Plan) -> Plan:
    """Return the plan with how long each device keeps back what it made before it knew the time."""
    dice = random.Random(f"hold {plan.seed}")
    holds = [dice.choice((0.0, 0.0, 3.0, 10.0, 600.0)) for _ in plan.devices]
    devices = zip(plan.devices, holds, strict=True)
    return replace(plan, devices=tuple(replace(one, hold_unsynced_seconds=hold) for one, hold in devices))


def _without_time(plan: Plan) -> Plan:
    """Return the plan, now and then with devices that send before they know the time, or try to in vain."""
    dice = random.Random(f"time {plan.seed}")
    if dice.random() >= _SHARE_WITHOUT_TIME:
        return plan
    devices = tuple(
        replace(one, syncs_after_seconds=_LATE_SYNC_SECONDS, hold_unsynced_seconds=0.0)
        for one in plan.devices
    )
    rates, outages = dict(plan.faults.rates), dict(plan.faults.outages)
    if dice.random() < _SHARE_OF_LOST_ANSWERS:
        rates["sqs_answer_lost"] = max(rates.get("sqs_answer_lost", 0.0), 0.4)
    else:
        outages["network"] = [(START_SECONDS + 1.0, START_SECONDS + _LATE_SYNC_SECONDS + 12.0)]
    faults = replace(plan.faults, rates=rates, outages=outages)
    storm_seconds = max(plan.storm_seconds, _LATE_SYNC_SECONDS + 16.0)
    return replace(plan, devices=devices, faults=faults, storm_seconds=storm_seconds)


def _under_pressure(plan: Plan) -> Plan:
    """Return the plan, now and then with messages that are given up soon and refused wherever they go."""
    dice = random.Random(f"pressure {plan.seed}")
    if dice.random() >= _SHARE_UNDER_PRESSURE:
        return plan
    rates = {kind: dice.uniform(*KINDS[kind]) for kind in _UNDER_PRESSURE}
    s3_refuses = max(plan.faults.rates.get("s3_refuses", 0.0), 0.3)
    faults = replace(plan.faults, rates={**plan.faults.rates, **rates, "s3_refuses": s3_refuses})
    # A dead letter takes its time: long enough for a person to be refused, too.
    storm_seconds = plan.storm_seconds + 20.0
    receives = dice.choice((1, 2))
    return replace(
        plan,
        faults=faults,
        storm_seconds=storm_seconds,
        maximum_receives=receives,
        visibility_seconds=4.0,
    )


def _identity(dice: random.Random, storm_seconds: float) -> IdentityPlan:
    return IdentityPlan(
        enrolled_after_seconds=dice.choice((-1.0, -1.0, 4.0, storm_seconds * 0.7, storm_seconds + 3.0)),
        rotates_after_seconds=dice.uniform(0.0, storm_seconds) if dice.random() < 0.3 else None,
        successor_known_after_seconds=dice.choice((-3.0, 3.0)),
    )


def _device(dice: random.Random) -> DevicePlan:
    return DevicePlan(
        tables=tuple(dice.sample(TABLES, dice.choice((1, 2, 2, 4)))),
        cameras=("plaza-1",) if dice.random() < 0.6 else ("plaza-1", "plaza-2"),
        maximum_bytes=dice.choice((2_500, 5_000, 1_000_000)),
        rows_a_turn=dice.choice((2, 5, 12)),
        turn_seconds=dice.choice((1.0, 2.0)),
        flush_seconds=dice.choice((1.0, 3.0, 6.0)),
        rows_a_batch=dice.choice((7, 40, 8_000)),
        body_bytes=dice.choice((1_500, 5_000, 60 * 1024)),
        syncs_after_seconds=dice.choice((-1.0, -1.0, 4.0, 12.0)),
        unsynced_wall_offset_seconds=dice.choice((-START_SECONDS, -90_000.0, -3_600.0, 50_000.0)),
        wall_error_seconds=dice.choice((0.0, 0.0, -0.4, 0.4)),
    )


def _outage(dice: random.Random, storm_seconds: float) -> tuple[float, float]:
    start = START_SECONDS + dice.uniform(0.0, storm_seconds * 0.8)
    return start, start + dice.uniform(2.0, storm_seconds * 0.7)
