"""The functions of a local stack: each in a process of its own, behind a poller or a schedule."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from infra.ingest_settings import DeadLetterFunction, QueueFunction, ScheduledFunction
from infra.local.aws_environment import LOCAL_REGION
from infra.local.disk import clear_disk_errors
from infra.local.event_source import QueueSource
from infra.local.poller import PollerSettings, PollerStatistics
from infra.local.processes import ManagedProcess, start_process, stop_all, wait_until_ready
from infra.local.run_directory import RunDirectory
from infra.local.scheduler import SchedulerSettings, SchedulerStatistics

_READY_SECONDS = 60.0
_GRACE_SECONDS = 10.0


class FunctionProcesses:
    """Starts and stops the functions of the run `run`.

    `environment` returns the whole environment of a function by its name and its own variables.
    """

    def __init__(
        self, run: RunDirectory, environment: Callable[[str, Mapping[str, str]], dict[str, str]]
    ) -> None:
        self._run = run
        self._environment = environment
        self._started: dict[str, tuple[str, dict[str, str]]] = {}
        self._processes: dict[str, ManagedProcess] = {}
        self._scheduled: set[str] = set()

    @property
    def processes(self) -> list[ManagedProcess]:
        """The process of each function, in the order in which they were started."""
        return list(self._processes.values())

    def feed(
        self,
        function: QueueFunction | DeadLetterFunction,
        sources: Sequence[QueueSource],
        environment: Mapping[str, str],
        *,
        lazy: bool = False,
    ) -> None:
        """Start a poller that feeds `function` from `sources`; a lazy one imports it with the first batch."""
        name = function.function_name
        settings = PollerSettings(
            name,
            function.handler,
            sources[0],
            function.function_timeout_seconds,
            function.memory_mib,
            str(self._statistics_path(name)),
            tuple(sources[1:]),
            lazy,
        )
        self._start(name, "infra.local.poller", settings.write, environment)

    def schedule(self, function: ScheduledFunction, environment: Mapping[str, str]) -> None:
        """Start a scheduler that calls `function` every so often."""
        name = function.function_name
        settings = SchedulerSettings(
            name,
            function.handler,
            function.every_seconds,
            dict(function.event),
            LOCAL_REGION,
            function.function_timeout_seconds,
            function.memory_mib,
            str(self._statistics_path(name)),
        )
        self._scheduled.add(name)
        self._start(name, "infra.local.scheduler", settings.write, environment)

    def _start(
        self, name: str, module: str, write: Callable[[Path], None], environment: Mapping[str, str]
    ) -> None:
        path = self._run.path / f"{name}.settings.json"
        with clear_disk_errors(path):
            write(path)
        self._started[name] = module, self._environment(name, environment)
        self.restart(name)

    def restart(self, name: str) -> None:
        """Start the process of the function `name` anew with the same settings; ends the one that runs."""
        if running := self._processes.get(name):
            running.stop()
        module, environment = self._started[name]
        self._processes[name] = start_process(
            name,
            [sys.executable, "-m", module, str(self._run.path / f"{name}.settings.json")],
            log_path=self._run.log_path(name),
            environment=environment,
            grace_seconds=_GRACE_SECONDS,
        )

    def wait_until_ready(self, *names: str) -> None:
        """Return once the functions `names` listen; raises `ProcessError`."""
        for name in names:
            path = self._statistics_path(name)
            wait_until_ready(self._processes[name], path.exists, deadline_seconds=_READY_SECONDS)

    def stop(self) -> None:
        """Stop all."""
        stop_all(self._processes.values())

    def statistics(self) -> dict[str, PollerStatistics]:
        """Return what each poller has done so far, by the name of its function."""
        fed = (name for name in self._processes if name not in self._scheduled)
        return {name: PollerStatistics.read(self._statistics_path(name)) for name in fed}

    def schedule_statistics(self) -> dict[str, SchedulerStatistics]:
        """Return what each scheduler has done so far, by the name of its function."""
        return {name: SchedulerStatistics.read(self._statistics_path(name)) for name in self._scheduled}

    def _statistics_path(self, name: str) -> Path:
        return self._run.path / f"{name}.statistics.json"
