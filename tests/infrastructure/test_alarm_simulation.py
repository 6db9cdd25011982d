"""A function of which every call fails raises its alarm within the hour, whenever it began to fail."""

from __future__ import annotations

import pytest

from infra.alarms import DEPLOYING_FUNCTIONS, LIVE_API, Alarm, alarms_of, functions_of
from infra.config import StageConfig, read_config
from infra.ingest_settings import DEAD_LETTERS, NOTIFIER, OPEN_DATA, SCHEDULED_FUNCTIONS, ingest_profile
from infra.mysql_classes import MEMORY_GIB, connections

HOUR = 3600
ASYNCHRONOUS_RETRY_SECONDS = 60
"""Lambda calls once more, a minute later, what it was asked to do asynchronously."""


def config(**context: object) -> StageConfig:
    return read_config({"stage": "prod", "region": "us-east-1", "account": "111122223333", **context}.get)


def failing(name: str, profile: str) -> list[int]:
    """Return the seconds at which a function ends with an error, when each of its calls does."""
    scheduled = {one.function_name: one for one in SCHEDULED_FUNCTIONS}
    if name in scheduled:
        starts = range(0, 2 * HOUR, int(scheduled[name].every_seconds))
        return [start + late for start in starts for late in (0, ASYNCHRONOUS_RETRY_SECONDS)]
    if name == "provisioning":
        return [0]
    if name == LIVE_API:
        # One page that is open asks every five seconds.
        return list(range(0, 2 * HOUR, 5))
    sources = ingest_profile(profile)
    read = (sources.lake_writer, sources.rds_loader, DEAD_LETTERS, OPEN_DATA, NOTIFIER)
    queues = {one.function_name: one for one in read}
    # One batch, which comes again when its visibility time-out is over.
    return list(range(0, 2 * HOUR, queues[name].visibility_timeout_seconds))


def seconds_to_alarm(alarm: Alarm, errors: list[int]) -> int | None:
    """Return when enough of the last periods hold an error, reckoned from the first error; None for never."""
    period, first = alarm.period_seconds, min(errors)
    holding = {at // period for at in errors}
    for at in sorted(errors):
        now = at // period
        if sum(now - back in holding for back in range(alarm.periods)) >= alarm.breaching:
            return at - first
    return None


def alarm_on_errors(found: StageConfig, name: str) -> Alarm:
    function = found.function_name(name)
    (alarm,) = (
        alarm
        for alarm in alarms_of(found)
        if any(m.name == "Errors" and ("FunctionName", function) in m.dimensions for m in alarm.metrics)
    )
    return alarm


@pytest.mark.parametrize("profile", ["live", "economy"])
@pytest.mark.parametrize("name", [name for name in functions_of(config()) if name not in DEPLOYING_FUNCTIONS])
def test_a_function_that_always_fails_is_told_of_within_the_hour(name: str, profile: str) -> None:
    alarm = alarm_on_errors(config(profile=profile), name)
    for phase in range(0, alarm.period_seconds, 20):
        took = seconds_to_alarm(alarm, [at + phase for at in failing(name, profile)])
        assert took is not None, f"{alarm.name} never fires when its first error is {phase} s into a period"
        assert took <= HOUR


def test_the_simulation_sees_an_alarm_that_cannot_fire() -> None:
    was = Alarm("reconciler-errors", (), 0, "as it was", period_seconds=300, periods=3, breaching=2)
    errors = failing("reconciler", "live")
    assert seconds_to_alarm(was, [at + 100 for at in errors]) is None


@pytest.mark.parametrize("instance_class", [pytest.param(name, id=name) for name in MEMORY_GIB])
def test_the_alarm_on_connections_is_below_what_mysql_takes(instance_class: str) -> None:
    (alarm,) = (
        one
        for one in alarms_of(config(mysql_instance_class=instance_class))
        if one.name == "mysql-connections"
    )
    allowed = connections(instance_class)
    assert 0.7 * allowed < alarm.threshold < allowed
    # RDS would take memory / 12,582,880 at most, of less memory than the class is sold with.
    assert allowed <= 0.7 * MEMORY_GIB[instance_class] * 1024**3 / 12_582_880


@pytest.mark.parametrize(
    ("context", "unknown_counts"),
    [
        pytest.param({"fleet": "off"}, False, id="observed, set up by hand"),
        pytest.param({"fleet": "off", "identity_mode": "enforce"}, True, id="enforced"),
        pytest.param({}, True, id="with the fleet stack"),
    ],
)
def test_a_device_nobody_registers_is_no_alarm_while_devices_are_only_observed(
    context: dict[str, str], unknown_counts: bool
) -> None:
    (alarm,) = (one for one in alarms_of(config(**context)) if one.name == "identity")
    names = {metric.name for metric in alarm.metrics}
    assert names >= {"identity_impostors", "identity_blocked_devices"}
    assert ("identity_unknown_devices" in names) is unknown_counts
