"""Lines of tegrastats, for Jetsons whose kernel does not tell the GPU's load in a file.

Forms, from the Jetson Linux Developer Guides (tegrastats Utility) of releases 32 to 36::

    RAM 1903/3964MB (lfb 2x1MB) SWAP 0/1982MB (cached 0MB) CPU [10%@102,off,…] GR3D_FREQ 0%@76 … GPU@24.5C
    11-21-2026 10:00:00 RAM 3145/7620MB (lfb 2x4MB) SWAP … CPU [1%@729,…] GR3D_FREQ 37%@[305,0] … gpu@48.0C
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from contract.records import Value
from edge_components.fleet_agent.commands import kill_command, start_command
from edge_components.fleet_agent.reading import Reading

_GPU_LOAD = re.compile(r"\bGR3D(?:_FREQ)? (\d+)%")
_CELSIUS = re.compile(r"\b(\w+)@(-?[\d.]+)C\b")
COMMAND = ("tegrastats", "--interval", "5000")
SILENT_SECONDS = 30.0
RESTART_SECONDS = 60.0

Start = Callable[[Sequence[str]], "subprocess.Popen[str]"]


def parse_line(line: str) -> dict[str, Value]:
    """Return what of the columns a line of tegrastats tells."""
    values: dict[str, Value] = {}
    load = _GPU_LOAD.search(line)
    if load:
        values["gpu_percent"] = float(load[1])
    heat = {name.lower(): float(celsius) for name, celsius in _CELSIUS.findall(line)}
    for column, sensor in (("cpu_celsius", "cpu"), ("gpu_celsius", "gpu")):
        # A part that is switched off reads -256 °C.
        if heat.get(sensor, -256.0) > -256.0:
            values[column] = heat[sensor]
    return values


class TegrastatsReader:
    """Keeps one tegrastats running and has its last line; a silent one is killed and started anew."""

    name = "tegrastats"
    columns = ("gpu_percent", "cpu_celsius", "gpu_celsius")
    every_seconds = 5.0

    def __init__(
        self,
        start: Start = start_command,
        monotonic_seconds: Callable[[], float] = time.monotonic,
        silent_seconds: float = SILENT_SECONDS,
    ) -> None:
        self._start = start
        self._monotonic_seconds = monotonic_seconds
        self._silent_seconds = silent_seconds
        self._lock = threading.Lock()
        self._process: subprocess.Popen[str] | None = None
        self._line, self._heard_seconds = "", monotonic_seconds()
        self._next_start_seconds = monotonic_seconds()

    def read(self) -> Reading:
        """Return what the last line tells; raises OSError when tegrastats cannot be started."""
        now_seconds = self._monotonic_seconds()
        with self._lock:
            line, silent_seconds = self._line, now_seconds - self._heard_seconds
        is_over = self._process is not None and self._process.poll() is not None
        if self._process is not None and (is_over or silent_seconds > self._silent_seconds):
            self.close()
            return self._cannot("tegrastats fell silent and was ended")
        if self._process is None:
            if now_seconds < self._next_start_seconds:
                return self._cannot("tegrastats fell silent and waits to be started again")
            self._begin(now_seconds)
            return Reading()
        values = parse_line(line)
        return Reading(values) if values or not line else self._cannot("tegrastats does not tell it")

    def close(self) -> None:
        """Kill tegrastats with all that it started."""
        process, self._process = self._process, None
        self._next_start_seconds = self._monotonic_seconds() + RESTART_SECONDS
        if process is not None:
            kill_command(process)
            process.wait()

    def _cannot(self, reason: str) -> Reading:
        return Reading({}, dict.fromkeys(self.columns, reason))

    def _begin(self, now_seconds: float) -> None:
        process = self._start(COMMAND)
        with self._lock:
            self._line, self._heard_seconds = "", now_seconds
        self._process = process
        threading.Thread(target=self._follow, args=(process,), name="tegrastats", daemon=True).start()

    def _follow(self, process: subprocess.Popen[str]) -> None:
        if process.stdout is None:
            return
        with process.stdout as lines:
            for line in lines:
                with self._lock:
                    self._line, self._heard_seconds = line, self._monotonic_seconds()
