"""Temperatures and throttling on a Raspberry Pi, a Jetson and a PC, from their files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from edge_components.fleet_agent.commands import CommandError
from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.readers.heat import HeatReader
from edge_components.fleet_agent.readers.throttling import ThrottlingReader, firmware_reasons

MachineOf = Callable[..., Machine]
THERMAL, HWMON = "sys/class/thermal", "sys/class/hwmon"


def zone(number: int, kind: str, temperature: str) -> dict[str, str]:
    folder = f"{THERMAL}/thermal_zone{number}"
    return {f"{folder}/type": f"{kind}\n", f"{folder}/temp": f"{temperature}\n"}


@pytest.mark.parametrize(
    ("files", "cpu", "gpu"),
    [
        pytest.param(zone(0, "cpu-thermal", "48312"), 48.312, None, id="Raspberry Pi"),
        pytest.param(
            {**zone(0, "cpu-thermal", "51000"), **zone(1, "gpu-thermal", "49500")}, 51.0, 49.5, id="JetPack 6"
        ),
        pytest.param(
            {**zone(0, "AO-therm", "40000"), **zone(1, "CPU-therm", "41000")}
            | zone(2, "GPU-therm", "39000"),
            41.0,
            39.0,
            id="JetPack 4",
        ),
        pytest.param(
            {**zone(0, "cpu-thermal", "51000"), **zone(1, "gpu-thermal", "-256000")},
            51.0,
            None,
            id="GPU switched off",
        ),
        pytest.param(
            {**zone(0, "acpitz", "27800"), **zone(1, "x86_pkg_temp", "62000")}, 62.0, None, id="package first"
        ),
        pytest.param(zone(0, "cpu-thermal", "0"), 0.0, None, id="freezing is a temperature"),
        pytest.param(
            {f"{HWMON}/hwmon0/name": "nvme", f"{HWMON}/hwmon0/temp1_input": "30000",
             f"{HWMON}/hwmon1/name": "k10temp", f"{HWMON}/hwmon1/temp1_input": "55500"},
            55.5, None, id="a monitor only",
        ),
        pytest.param(zone(0, "cpu-thermal", "oops"), None, None, id="no number"),
        pytest.param({}, None, None, id="nothing"),
    ],
)  # fmt: skip
def test_temperatures(
    machine_of: MachineOf, files: Mapping[str, str], cpu: float | None, gpu: float | None
) -> None:
    reading = HeatReader(machine_of(files), with_gpu=True).read()
    assert reading.values.get("cpu_celsius") == cpu
    assert reading.values.get("gpu_celsius") == gpu
    assert {"cpu_celsius", "gpu_celsius"} == set(reading.values) | set(reading.cannot)


@pytest.mark.parametrize(
    ("bits", "words"),
    [
        pytest.param(0x0, "none", id="free"),
        pytest.param(0x50000, "none", id="only earlier"),
        pytest.param(0x50005, "voltage throttled", id="weak supply"),
        pytest.param(0xF, "voltage frequency throttled heat", id="everything fits its column"),
        pytest.param(0x8, "heat", id="soft limit"),
    ],
)
def test_firmware_bits(bits: int, words: str) -> None:
    assert firmware_reasons(bits) == words
    assert len(words) <= 32


def test_a_pi_is_asked_by_file_or_else_by_command(machine_of: MachineOf) -> None:
    machine = machine_of(commands={"vcgencmd get_throttled": "throttled=0x50005\n"})
    reader = ThrottlingReader(machine, with_gpu=False, is_raspberry_pi=True)
    assert reader.read().values == {"cpu_throttling": "voltage throttled"}
    machine_of({"sys/devices/platform/soc/soc:firmware/get_throttled": "8\n"})
    assert reader.read().values == {"cpu_throttling": "heat"}


def test_a_strange_answer_of_the_firmware_is_no_reading(machine_of: MachineOf) -> None:
    machine = machine_of(commands={"vcgencmd get_throttled": "VCHI initialization failed"})
    with pytest.raises(CommandError, match="expected throttled=0x"):
        ThrottlingReader(machine, with_gpu=False, is_raspberry_pi=True).read()


def cooling(number: int, kind: str, state: int) -> dict[str, str]:
    folder = f"{THERMAL}/cooling_device{number}"
    return {f"{folder}/type": kind, f"{folder}/cur_state": str(state)}


@pytest.mark.parametrize(
    ("files", "cpu", "gpu"),
    [
        pytest.param(
            {**cooling(0, "cpu-throttle-alert", 0), **cooling(1, "gpu-throttle-alert", 1)}
            | cooling(2, "pwm-fan", 3),
            "none", "heat", id="Jetson, hot GPU",
        ),
        pytest.param({**cooling(0, "cpufreq-cpu0", 2)}, "heat", None, id="slowed by the kernel"),
        pytest.param({**cooling(0, "Processor", 0)}, "none", None, id="PC"),
        pytest.param({**cooling(0, "pwm-fan", 3)}, None, None, id="a fan says nothing"),
        pytest.param({}, None, None, id="nothing"),
    ],
)  # fmt: skip
def test_cooling_devices(
    machine_of: MachineOf, files: Mapping[str, str], cpu: str | None, gpu: str | None
) -> None:
    reading = ThrottlingReader(machine_of(files), with_gpu=True, is_raspberry_pi=False).read()
    assert reading.values.get("cpu_throttling") == cpu
    assert reading.values.get("gpu_throttling") == gpu


def test_counters_tell_only_when_they_rise(machine_of: MachineOf) -> None:
    count = "sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count"
    over_current = f"{HWMON}/hwmon3/oc1_event_cnt"
    machine = machine_of({count: "7", over_current: "2"})
    reader = ThrottlingReader(machine, with_gpu=False, is_raspberry_pi=False)
    assert reader.read().values == {"cpu_throttling": "none"}
    machine_of({count: "9", over_current: "3"})
    assert reader.read().values == {"cpu_throttling": "heat power"}
    assert reader.read().values == {"cpu_throttling": "none"}
