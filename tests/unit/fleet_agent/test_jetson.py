"""Jetsons of several releases, from files and lines in the forms that NVIDIA documents."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from contract.records import Value
from edge_components.fleet_agent.commands import CommandError, start_command
from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.readers.jetson import (
    FACTS_FILE,
    SHARED_MEMORY,
    JetsonGpuReader,
    PowerModeReader,
    linux_for_tegra,
    parse_power_mode,
)
from edge_components.fleet_agent.readers.tegrastats import TegrastatsReader, parse_line
from edge_components.root_helper.__main__ import write_facts

MachineOf = Callable[..., Machine]
ORIN = {"proc/device-tree/compatible": "nvidia,p3768-0000+p3767-0003\0nvidia,p3767-0003\0nvidia,tegra234\0"}


@pytest.mark.parametrize(
    ("text", "release"),
    [
        pytest.param(
            "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64\n",
            "36.4.3",
            id="JetPack 6.2",
        ),
        pytest.param(
            "# R32 (release), REVISION: 7.1, GCID: 1, BOARD: t210ref\n", "32.7.1", id="JetPack 4.6.1"
        ),
        pytest.param(
            "# R35 (release), REVISION: 4.1, GCID: 2, BOARD: t186ref\n", "35.4.1", id="JetPack 5.1.2"
        ),
        pytest.param("something else", None, id="another form"),
        pytest.param("", None, id="empty"),
    ],
)
def test_release_of_jetson_linux(text: str, release: str | None) -> None:
    assert linux_for_tegra(text) == release


@pytest.mark.parametrize(
    ("line", "values"),
    [
        pytest.param(
            "RAM 1903/3964MB (lfb 2x1MB) SWAP 0/1982MB (cached 0MB) IRAM 0/252kB(lfb 252kB) "
            "CPU [10%@102,9%@102,off,off] EMC_FREQ 4%@204 GR3D_FREQ 12%@76 APE 25 PLL@22C CPU@25.5C "
            "GPU@24.5C AO@31C thermal@24.75C POM_5V_IN 1022/1022 POM_5V_GPU 0/0",
            {"gpu_percent": 12.0, "cpu_celsius": 25.5, "gpu_celsius": 24.5},
            id="Nano, release 32",
        ),
        pytest.param(
            "RAM 2578/7772MB (lfb 3x4MB) SWAP 0/3886MB (cached 0MB) CPU [8%@1190,7%@1190,off,off,off,off] "
            "EMC_FREQ 0% GR3D_FREQ 0% VIC_FREQ 115 APE 150 AUX@31C CPU@32.5C thermal@31.1C AO@31C GPU@-256C",
            {"gpu_percent": 0.0, "cpu_celsius": 32.5},
            id="Xavier NX, release 35, GPU switched off",
        ),
        pytest.param(
            "11-21-2026 10:00:00 RAM 3145/7620MB (lfb 2x4MB) SWAP 0/3810MB (cached 0MB) CPU [1%@729,0%@729] "
            "EMC_FREQ 0%@2133 GR3D_FREQ 37%@[305,0] NVDEC off APE 174 cpu@47.531C soc2@46.9C gpu@48C tj@48C "
            "VDD_IN 4720mW/4720mW VDD_CPU_GPU_CV 521mW/521mW",
            {"gpu_percent": 37.0, "cpu_celsius": 47.531, "gpu_celsius": 48.0},
            id="Orin, release 36",
        ),
        pytest.param("", {}, id="empty"),
        pytest.param("RAM 31", {}, id="cut off"),
    ],
)
def test_lines_of_tegrastats(line: str, values: dict[str, Value]) -> None:
    assert parse_line(line) == values


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        pytest.param("NV Power Mode: 15W\n0\n", "15W", id="release 36"),
        pytest.param("NV Fan Mode:quiet\nNV Power Mode: MAXN\n0\n", "MAXN", id="release 32"),
        pytest.param("NVPM WARN: fan mode is not set!\nNV Power Mode: 10W\n4\n", "10W", id="warned"),
        pytest.param("NVPM ERROR: Error opening /var/lib/nvpmodel/status\n", None, id="not allowed"),
    ],
)  # fmt: skip
def test_power_modes(text: str, mode: str | None) -> None:
    assert parse_power_mode(text) == mode


@pytest.mark.parametrize(
    "command",
    [
        pytest.param({}, id="no nvpmodel"),
        pytest.param({"nvpmodel -q": CommandError("nvpmodel ended with status 1")}, id="needs root"),
        pytest.param({"nvpmodel -q": "NVPM ERROR: …"}, id="another answer"),
    ],
)
def test_the_power_mode_of_files(machine_of: MachineOf, command: dict[str, str | Exception]) -> None:
    files = {
        "var/lib/nvpmodel/status": "pmode:0002 fmode:quiet",
        "etc/nvpmodel.conf": "< POWER_MODEL ID=0 NAME=MAXN >\n< POWER_MODEL ID=2 NAME=15W >\n",
    }
    reader = PowerModeReader(machine_of(files, command), is_jetson=True)
    assert reader.read().values == {"power_mode": "15W"}


@pytest.mark.parametrize(
    ("facts", "mode"),
    [
        pytest.param({"monotonic_seconds": 940.0, "power_mode": "NV Power Mode: 25W\n1"}, "25W", id="fresh"),
        pytest.param({"monotonic_seconds": 800.0, "power_mode": "NV Power Mode: 25W\n1"}, "MAXN", id="old"),
        pytest.param(
            {"monotonic_seconds": 5e6, "power_mode": "NV Power Mode: 25W\n1"}, "MAXN", id="other boot"
        ),
        pytest.param({"monotonic_seconds": 940.0, "power_mode": None}, "MAXN", id="root was told nothing"),
        pytest.param({"power_mode": "NV Power Mode: 25W"}, "MAXN", id="without a time"),
        pytest.param(["?"], "MAXN", id="nonsense"),
        pytest.param(None, "MAXN", id="no file"),
    ],
)
def test_the_word_of_the_root_component_counts_while_it_is_fresh(
    machine_of: MachineOf, facts: object, mode: str
) -> None:
    files = {} if facts is None else {FACTS_FILE: json.dumps(facts)}
    machine = machine_of(files, {"nvpmodel -q": "NV Power Mode: MAXN\n0\n"})
    reader = PowerModeReader(machine, is_jetson=True, monotonic_seconds=lambda: 1000.0)
    assert reader.read().values == {"power_mode": mode}


def test_what_the_root_component_writes_is_what_is_read(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    write_facts(tmp_path / "run/crowdlens-root", {"power_mode": "NV Power Mode: 15W\n2"}, group=os.getgid())
    assert PowerModeReader(Machine(tmp_path), is_jetson=True).read().values == {"power_mode": "15W"}


def test_elsewhere_the_governor_is_the_mode(machine_of: MachineOf) -> None:
    machine = machine_of({"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor": "ondemand\n"})
    assert PowerModeReader(machine, is_jetson=False).read().values == {"power_mode": "ondemand"}


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("sys/devices/gpu.0/load", id="release 32"),
        pytest.param("sys/class/devfreq/17000000.gv11b/device/load", id="Xavier, release 35"),
        pytest.param("sys/class/devfreq/17000000.ga10b/device/load", id="Orin, release 35"),
        pytest.param("sys/class/devfreq/17000000.gpu/device/load", id="Orin, release 36"),
        pytest.param("sys/devices/platform/gpu.0/load", id="Orin, another path"),
    ],
)
def test_load_of_the_gpu(machine_of: MachineOf, path: str) -> None:
    reading = JetsonGpuReader(machine_of({**ORIN, path: "372\n"})).read()
    assert dict(reading.values) == {"gpu_name": "Orin GPU (ga10b)", "gpu_percent": 37.2}
    assert set(reading.cannot.values()) == {SHARED_MEMORY}


def running(script: str) -> Callable[[Sequence[str]], subprocess.Popen[str]]:
    """Start a program of ours where tegrastats would be."""
    return lambda _: start_command([sys.executable, "-c", script])


def test_tegrastats_is_kept_running_and_ended() -> None:
    started: list[subprocess.Popen[str]] = []

    def start(words: Sequence[str]) -> subprocess.Popen[str]:
        started.append(
            running("import time\nwhile True:\n print('GR3D_FREQ 9%@76', flush=True)\n time.sleep(.05)")(
                words
            )
        )
        return started[-1]

    reader = TegrastatsReader(start)
    deadline = time.monotonic() + 60
    while not reader.read().values and time.monotonic() < deadline:
        time.sleep(0.02)
    assert reader.read().values == {"gpu_percent": 9.0}
    assert len(started) == 1
    reader.close()
    assert started[0].returncode == -9


def test_a_tegrastats_that_hangs_is_killed_and_started_again() -> None:
    now = [100.0]
    started: list[subprocess.Popen[str]] = []

    def start(words: Sequence[str]) -> subprocess.Popen[str]:
        started.append(running("import time; time.sleep(600)")(words))
        return started[-1]

    reader = TegrastatsReader(start, monotonic_seconds=lambda: now[0])
    assert not reader.read().values
    now[0] += 31
    assert "fell silent" in reader.read().cannot["gpu_percent"]
    assert started[0].returncode == -9
    assert "waits" in reader.read().cannot["gpu_percent"]
    assert len(started) == 1
    now[0] += 61
    reader.read()
    assert len(started) == 2
    reader.close()
