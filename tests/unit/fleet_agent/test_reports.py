"""From readings to records: rates, means, and values cut to what the contract takes."""

from __future__ import annotations

from typing import Any

import pytest

from contract.records import Value, check_record
from contract.tables import DEVICE_HEALTH
from edge_components.fleet_agent.readers.network import RECEIVED, SENT
from edge_components.fleet_agent.reports import Means, NetworkRates, fitting, health_record


def test_rates_are_means_between_two_readings() -> None:
    rates = NetworkRates()
    assert rates.since_before({RECEIVED: 1000, SENT: 0}, 10.0) == {}
    assert rates.since_before({RECEIVED: 4000, SENT: 600}, 70.0) == {
        "network_received_bytes_per_second": 50.0,
        "network_sent_bytes_per_second": 10.0,
    }


@pytest.mark.parametrize(
    "second",
    [
        pytest.param(({RECEIVED: 10, SENT: 10}, 70.0), id="counters began anew"),
        pytest.param(({}, 70.0), id="not known any more"),
        pytest.param(({RECEIVED: 2000, SENT: 2000}, 10.0), id="no time passed"),
    ],
)
def test_no_rate_is_guessed(second: tuple[dict[str, Value], float]) -> None:
    rates = NetworkRates()
    rates.since_before({RECEIVED: 1000, SENT: 1000}, 10.0)
    assert rates.since_before(*second) == {}


def test_means_begin_anew_with_each_report() -> None:
    means = Means()
    for percent in (10.0, 20.0, 60.0):
        means.add({"cpu_percent": percent})
    assert means.take() == {"cpu_percent": 30.0}
    assert means.take() == {}


@pytest.mark.parametrize(
    ("column", "value", "fitted"),
    [
        pytest.param("kernel", "5.15.148-tegra", "5.15.148-tegra", id="fits"),
        pytest.param("kernel", "6" * 40, "6" * 19 + "…", id="cut"),
        pytest.param("kernel", "5.15\n\x1b[31m", "5.15[31m", id="control characters"),
        pytest.param("kernel", "  ", None, id="empty"),
        pytest.param("cpu_celsius", float("nan"), None, id="no number"),
        pytest.param("cpu_celsius", 47.5312, 47.5, id="rounded"),
        pytest.param("packages", 863.0, 863, id="whole"),
        pytest.param("reboot_required", False, False, id="a truth value"),
        pytest.param("packages", "many", None, id="text for a number"),
        pytest.param("packages", None, None, id="null"),
    ],
)
def test_values_are_cut_to_their_columns(column: str, value: Any, fitted: Value) -> None:
    assert fitting(DEVICE_HEALTH.column(column), value) == fitted


def test_a_record_of_everything_is_taken_by_the_contract() -> None:
    samples: dict[str, Value] = {"text": "x" * 300, "integer": 7, "real": 1.23456, "boolean": True}
    values: dict[str, Value] = {
        column.name: samples[column.type.value] for column in DEVICE_HEALTH.own_columns
    }
    record = health_record({**values, RECEIVED: 5}, event_time_ms=1_795_000_000_000, clock_quality="synced")
    check_record(record)
    assert set(record.values) == {column.name for column in DEVICE_HEALTH.own_columns}
    assert (record.camera, record.time_zone) == (None, None)
