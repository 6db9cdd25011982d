"""What the fleet agent costs: processor time and memory, plain and under Greengrass IPC with the real SDK.

Both run at once for `--minutes`, with other components' status files beside them as on a device. Processor
time is the process's own, with that of programs it started and waited for, without its start.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.readers.system import PackagesReader
from edge_components.runtime.spool import Spool
from edge_components.runtime.status import StatusWriter
from infra.local.greengrass import IpcEndpoint, Nucleus

ROOT = Path(__file__).parents[2]
COMPONENT = "com.crowdlens.fleet_agent"
DEVICE = "jetson-7"
START_SECONDS = 10.0
SAMPLE_SECONDS = 5.0
_TIME_FIELDS = slice(13, 17)


@dataclass
class Watched:
    """A process, its device's folder, and what was seen of it."""

    name: str
    process: subprocess.Popen[bytes]
    folder: Path
    resident_kibibytes: list[int]
    seconds_at_start: float = 0.0
    began: float = 0.0

    def seconds(self) -> float:
        """Return its processor time so far."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text(encoding="ascii").split()
        return sum(int(field) for field in fields[_TIME_FIELDS]) / os.sysconf("SC_CLK_TCK")

    def memory(self, name: str) -> int:
        """Return a line of its status file or of its summed mappings, in KiB."""
        for file in ("status", "smaps_rollup"):
            for line in Path(f"/proc/{self.process.pid}/{file}").read_text(encoding="ascii").splitlines():
                if line.startswith(f"{name}:"):
                    return int(line.split()[1])
        raise KeyError(name)


def main() -> int:
    """Run both for `--minutes` and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5.0)
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        watched = [plain(folder / "plain", stack), under_greengrass(folder / "greengrass", stack)]
        watch(watched, arguments.minutes * 60)
        sys.stdout.write(
            "| agent | % of one core | resident MiB, at the end | highest | shared fairly (PSS) | reports |\n"
            "| --- | --- | --- | --- | --- | --- |\n"
        )
        for one in watched:
            sys.stdout.write(row(one))
        sys.stdout.write(
            f"\nThe package list, read again when it changes: {package_seconds() * 1000:.0f} ms.\n"
        )
    return 0


def plain(folder: Path, stack: ExitStack) -> Watched:
    """Start an agent as an operator would."""
    words = [
        "--device",
        DEVICE,
        "--folder",
        str(folder / "state"),
        "--run",
        str(folder / "run"),
        "--log-level",
        "WARNING",
    ]
    return Watched("plain", start(words, dict(os.environ), stack), folder, [])


def under_greengrass(folder: Path, stack: ExitStack) -> Watched:
    """Start an agent as a nucleus does."""
    folder.mkdir()
    nucleus = Nucleus(DEVICE)
    places = {"folder": "state", "run": "run", "settings": "settings"}
    configuration = {key: str(folder / name) for key, name in places.items()}
    nucleus.install(COMPONENT, {**configuration, "logLevel": "WARNING"})
    endpoint = stack.enter_context(IpcEndpoint(nucleus, folder / "ipc"))
    process = start([], {**os.environ, **endpoint.environment(COMPONENT)}, stack)
    if not nucleus.wait_for(lambda: nucleus.states[COMPONENT] == ["RUNNING"]):
        raise SystemExit("the agent did not start")
    return Watched("under Greengrass", process, folder, [])


def start(words: list[str], environment: dict[str, str], stack: ExitStack) -> subprocess.Popen[bytes]:
    """Start the agent with the code of this checkout; it ends with `stack`."""
    command = [sys.executable, "-m", "edge_components.fleet_agent", *words]
    process = subprocess.Popen(command, env={**environment, "PYTHONPATH": str(ROOT)})
    stack.callback(process.wait, 30)
    stack.callback(process.terminate)
    return process


def watch(watched: list[Watched], seconds: float) -> None:
    """Note memory every five seconds, and keep the other components' statuses fresh."""
    writers = [writer for one in watched for writer in components(one.folder / "run" / "status")]
    tell(writers)
    time.sleep(START_SECONDS)
    for one in watched:
        one.seconds_at_start, one.began = one.seconds(), time.monotonic()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        tell(writers)
        for one in watched:
            one.resident_kibibytes.append(one.memory("VmRSS"))
        time.sleep(SAMPLE_SECONDS)


def components(folder: Path) -> list[StatusWriter]:
    """Return what writes the statuses of the components beside the agent."""
    return [
        StatusWriter(folder, name, "1.0.0") for name in ("vision", "publisher", "local_view", "model_store")
    ]


def tell(writers: list[StatusWriter]) -> None:
    """Write each status anew, vision's with four cameras."""
    figures = {
        "frames_per_second": 14.9,
        "inference_milliseconds_p50": 9.1,
        "inference_milliseconds_p95": 12.4,
    }
    camera = {"state": "running", "provider": "TensorrtExecutionProvider", "problem": None, **figures}
    for writer in writers:
        writer.report("running", details={"cameras": {f"camera-{number}": camera for number in range(4)}})
        writer.write()


def row(one: Watched) -> str:
    """Return the line of one agent."""
    share = 100 * (one.seconds() - one.seconds_at_start) / (time.monotonic() - one.began)
    figures = [one.resident_kibibytes[-1], one.memory("VmHWM"), one.memory("Pss")]
    memory = " | ".join(f"{kibibytes / 1024:.1f}" for kibibytes in figures)
    with Spool(one.folder / "state" / "spool.db", device=DEVICE) as spool:
        reports = spool.waiting()[0]
    return f"| {one.name} | {share:.2f} | {memory} | {reports} |\n"


def package_seconds() -> float:
    """Return how long this machine's package list takes to be read."""
    began = time.process_time()
    PackagesReader(Machine()).read()
    return time.process_time() - began


if __name__ == "__main__":
    sys.exit(main())
