"""The two queues of a fleet in steady state and after an outage: simulated, the second fed by the first."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from contract.envelope import MAXIMUM_BODY_BYTES
from infra.cost.fleet import Fleet
from infra.cost.limits import (
    EVENT_SOURCE_CONCURRENCY,
    LAMBDA_EVENT_BYTES,
    LAMBDA_MIB_A_VCPU,
)
from infra.cost.measured import (
    LOADER_SECONDS_A_RECORD,
    LOADER_SECONDS_AN_OBJECT,
    MESSAGE_BYTES_A_RECORD,
    WRITER_SECONDS_A_BATCH,
    WRITER_SECONDS_A_RECORD,
    Assumptions,
)
from infra.cost.publisher import MAXIMUM_MESSAGES_A_SECOND
from infra.cost.queueing import EventSource, Flow, Integers, simulate
from infra.ingest_settings import LAKE_WRITER, RDS_LOADER, QueueFunction, ingest_profile

STEP_SECONDS = 0.1
DRAIN_STEP_SECONDS = 0.5
LONGEST_DRAIN_SECONDS = 3_600


@dataclass(frozen=True)
class Settings:
    """The event sources' settings; as `infra.ingest_settings` and the stacks have them, or told otherwise."""

    writer: QueueFunction = LAKE_WRITER
    loader: QueueFunction = RDS_LOADER
    writer_concurrency: int = 50
    assumptions: Assumptions = field(default_factory=Assumptions)

    @classmethod
    def of(cls, profile_name: str) -> Settings:
        """Return the settings that a stage of the profile is deployed with."""
        profile = ingest_profile(profile_name)
        return cls(profile.lake_writer, profile.rds_loader)


@dataclass(frozen=True)
class Steady:
    """Both queues on a usual day, and how many objects a call of the first makes."""

    writer: Flow
    loader: Flow
    objects_a_call: float


@dataclass(frozen=True)
class Drain:
    """What an outage leaves: messages and records that come back at once, and what becomes of them."""

    messages: int
    records: float
    writer: Flow
    loader_seconds: float

    @property
    def writer_seconds(self) -> float:
        """Time until everything is in the lake."""
        return len(self.writer.busy) * self.writer.step_seconds


def vcpus(function: QueueFunction) -> float:
    """Return the share of one core that a function of its memory has; our code uses one at most."""
    return min(1.0, function.memory_mib / LAMBDA_MIB_A_VCPU)


def writer_source(settings: Settings, records_a_message: float, body_bytes: float) -> EventSource:
    """Return the event source of `lake_writer` for messages of this size."""
    writer, assumed, cores = settings.writer, settings.assumptions, vcpus(settings.writer)
    return EventSource(
        batch_messages=max(1, min(writer.batch_size, int(LAMBDA_EVENT_BYTES / body_bytes))),
        window_seconds=writer.batch_window_seconds,
        pollers=assumed.pollers,
        maximum_concurrency=min(settings.writer_concurrency, EVENT_SOURCE_CONCURRENCY),
        seconds_a_call=assumed.writer_overhead_seconds + WRITER_SECONDS_A_BATCH / cores,
        seconds_a_message=records_a_message * WRITER_SECONDS_A_RECORD / cores,
        receive_seconds=assumed.receive_seconds,
    )


def loader_source(settings: Settings, records_an_object: float) -> EventSource:
    """Return the event source of `rds_loader` for objects of this size."""
    loader, assumed, cores = settings.loader, settings.assumptions, vcpus(settings.loader)
    processing = LOADER_SECONDS_AN_OBJECT + records_an_object * LOADER_SECONDS_A_RECORD
    return EventSource(
        batch_messages=loader.batch_size,
        window_seconds=loader.batch_window_seconds,
        pollers=assumed.pollers,
        maximum_concurrency=assumed.loader_concurrency,
        seconds_a_call=assumed.loader_overhead_seconds,
        seconds_a_message=assumed.loader_get_seconds + processing / cores,
        receive_seconds=assumed.receive_seconds,
    )


def arrivals(fleet: Fleet, seconds: float, seed: int) -> Integers:
    """Return the messages of each step: every device flushes at its own times, and sends at some."""
    chance = np.random.default_rng(seed)
    flush = fleet.profile.flush_seconds
    turns = math.ceil(seconds / flush) + 1
    phase = chance.uniform(-flush, 0, fleet.devices)
    times = (phase[:, None] + flush * np.arange(turns + 1)[None, :]).ravel()
    times += chance.normal(0, 0.3, times.size)  # the time a look at the spool and a call take
    sends = chance.random(times.size) < fleet.messages_a_device_day * flush / 86_400
    steps = round(seconds / STEP_SECONDS)
    places = np.floor(times[sends] / STEP_SECONDS).astype(np.int64)
    return np.bincount(places[(places >= 0) & (places < steps)], minlength=steps)


def objects_of(fleet: Fleet, messages: float) -> float:
    """Return how many tables a batch of so many messages has rows of: one object each."""
    each = fleet.records_a_device_day()
    shares = (records / fleet.messages_a_device_day for records in each.values())
    return sum(1.0 - math.exp(-messages * share) for share in shares)


def steady(fleet: Fleet, settings: Settings, *, seed: int = 1) -> Steady:
    """Simulate some minutes of a usual day."""
    seconds = max(60.0, 6.0 * settings.writer.batch_window_seconds)
    came = arrivals(fleet, seconds, seed)
    writer = simulate(
        writer_source(settings, fleet.records_a_message, fleet.body_bytes), came, STEP_SECONDS, seed=seed
    )
    objects = objects_of(fleet, writer.messages_a_call)
    delay = round(settings.assumptions.notification_seconds / STEP_SECONDS)
    ended = writer.calls_by_step(len(came))
    told = np.concatenate([np.zeros(delay, np.int64), np.round(ended * objects).astype(np.int64)])
    records = fleet.records_a_message * writer.messages_a_call / max(1.0, objects)
    loader = simulate(loader_source(settings, records), told, STEP_SECONDS, seed=seed)
    return Steady(writer, loader, objects)


def drain(fleet: Fleet, settings: Settings, *, hours: float, share: float, seed: int = 1) -> Drain:
    """Simulate the return of `share` of the devices after `hours` without a network, all at the same moment.

    They send full messages, as fast as a publisher may, above what the rest of the fleet goes on sending.
    """
    returning = max(1, round(fleet.devices * share))
    records = hours / 24 * sum(fleet.records_a_device_day().values())
    a_message = MAXIMUM_BODY_BYTES / MESSAGE_BYTES_A_RECORD
    messages = math.ceil(records / a_message)
    steps = math.ceil(messages / MAXIMUM_MESSAGES_A_SECOND / DRAIN_STEP_SECONDS)
    came = np.full(steps, round(returning * messages / steps), dtype=np.int64)
    came[-1] += returning * messages - int(came.sum())
    source = writer_source(settings, a_message, MAXIMUM_BODY_BYTES)
    last = round(LONGEST_DRAIN_SECONDS / DRAIN_STEP_SECONDS)
    flow = simulate(source, came, DRAIN_STEP_SECONDS, drain_steps=last, seed=seed)
    return Drain(
        returning * messages, returning * records, flow, _loading(fleet, settings, returning * records)
    )


def loader_rows_a_second(settings: Settings, records_an_object: float) -> float:
    """Return how many rows a second all connections put into MySQL, were MySQL itself no limit."""
    source = loader_source(settings, records_an_object)
    batch = source.batch_messages
    seconds = source.seconds_a_call + batch * source.seconds_a_message
    return source.maximum_concurrency * batch * records_an_object / seconds


def _loading(fleet: Fleet, settings: Settings, records: float) -> float:
    """Return the seconds `rds_loader` needs for the backlog beside the usual load; infinite if for ever."""
    spare = loader_rows_a_second(settings, 10_000.0) - fleet.records_a_second
    return records / spare if spare > 0 else math.inf
