"""What every component's process does alike: configuration, signals, state, updates, and an end in time."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from contract.errors import CrowdLensError
from edge_components.runtime.component_config import LOG_LEVELS, Fields
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.ipc import Ipc, IpcError
from edge_components.runtime.last_good import LastGood
from edge_components.runtime.logs import configure_logging
from edge_components.runtime.processes import exec_in_place, finish_within, stop_on_signals
from edge_components.runtime.status import StatusWriter

logger = logging.getLogger(__name__)

STOP_SECONDS = 3.5
"""For a component's own work: with the rest around it, a process ends within five seconds of SIGTERM."""
STOPPED, FAILED, COULD_NOT_START = 0, 1, 2
_IPC_CLOSE_SECONDS = 0.5
VERSION_VARIABLE = "CROWDLENS_VERSION"
"""Set by the recipe: the component's version, for its status."""

Settings = TypeVar("Settings")


@dataclass
class ComponentContext:
    """What a component works with; `ipc` is None outside Greengrass."""

    folders: DeviceFolders
    thing_name: str
    ipc: Ipc | None
    stop: threading.Event
    status: StatusWriter
    failure: str | None = None

    def fail(self, sentence: str) -> None:
        """End the process with exit status 1, so that the nucleus starts it again; say why in a sentence."""
        self.failure = self.failure or sentence
        self.stop.set()


class Component(Protocol[Settings]):
    """What a component's ``__main__`` hands over to `run_component`."""

    name: str

    def settings(self, configuration: Mapping[str, Any]) -> Settings:
        """Return typed settings; raises `CrowdLensError`. Changes nothing: it checks offered updates, too."""
        ...

    def start(self, settings: Settings, context: ComponentContext) -> None:
        """Begin the work on threads of its own and return; raises `CrowdLensError`."""
        ...

    def apply(self, settings: Settings) -> bool:
        """Work with new settings from now on; False when that takes a new process."""
        ...

    def stop(self) -> None:
        """End the work within three seconds."""
        ...


def run_component(
    component: Component[Settings],
    *,
    configuration: Mapping[str, Any] | None = None,
    folders: DeviceFolders | None = None,
    thing_name: str = "device",
    restart: Callable[[], None] = exec_in_place,
    end_now: Callable[[int], object] = os._exit,
) -> int:
    """Run `component` until a signal, a failure or its own end; return the exit status.

    0: stopped, 1: failed while running, 2: could not start. A `configuration` given means a run without
    Greengrass, as `thing_name`. `restart` replaces this process by a fresh one, for settings that cannot
    change live, whether or not the work has stopped; `end_now` ends one whose work does not stop in time, and
    returns never.
    """
    configure_logging()
    stop = threading.Event()
    ipc: Ipc | None = None
    with stop_on_signals(stop) as signals:
        try:
            if configuration is None:
                ipc = Ipc.connect()
                configuration, thing_name = ipc.configuration(), ipc.thing_name
            run = _Run(component, configuration, folders, ipc, thing_name=thing_name, stop=stop)
            status = run.whole()
        except CrowdLensError as error:
            sys.stderr.write(f"{component.name}: {error}\n")
            status = COULD_NOT_START
            if ipc is not None:
                finish_within(_IPC_CLOSE_SECONDS, ipc.close)
            return status
        if run.wants_restart and not signals and status == STOPPED:
            # Also with work that hangs: its threads end with the program that they belong to, whereas a
            # process that ends with status 0 is not started again by the nucleus.
            status = _restarted(restart)
        if not run.has_stopped:
            end_now(status)
    return status


def _restarted(restart: Callable[[], None]) -> int:
    """Replace this process; where that fails, return the exit status that gets it started again."""
    try:
        restart()
    except OSError as error:
        logger.warning("no new process in place of this one", extra={"error": str(error)})
    return FAILED


class _Run(Generic[Settings]):
    """One process's life from its configuration on."""

    def __init__(
        self,
        component: Component[Settings],
        configuration: Mapping[str, Any],
        folders: DeviceFolders | None,
        ipc: Ipc | None,
        *,
        thing_name: str,
        stop: threading.Event,
    ) -> None:
        configure_logging(log_level(configuration))
        self._component, self._ipc = component, ipc
        self._named_folders = DeviceFolders.of(configuration)
        folders = folders or self._named_folders
        folders.make()
        version = os.environ.get(VERSION_VARIABLE, "0.0.0")
        self._last_good = LastGood(folders.configurations, component.name, version)
        status = StatusWriter(folders.status, component.name, version)
        self._context = ComponentContext(folders, thing_name, ipc, stop, status)
        self._offered = configuration
        self._works_with_last_good = False
        self._settings = self._first_settings(configuration)
        self.wants_restart = False
        self.has_stopped = False

    def _first_settings(self, configuration: Mapping[str, Any]) -> Settings:
        """Return the settings to start with; raises `CrowdLensError` for a configuration that is refused."""
        refused = None if self._ipc is None else self._last_good.refused(configuration)
        if refused is not None:
            return self._settings_before(refused.good, refused.reason)
        try:
            return self._component.settings(configuration)
        except CrowdLensError as error:
            # What a person typed is never replaced by what was typed before.
            good = None if self._ipc is None else self._last_good.refused_start(configuration)
            if good is None:
                self._context.failure = str(error)
                self._tell_failure()
                raise
            return self._settings_before(good, str(error))

    def _settings_before(self, good: Mapping[str, Any], reason: str) -> Settings:
        """Return the settings of the last good configuration, and tell why those offered are not in force."""
        settings = self._component.settings(good)
        self._works_with_last_good = True
        self._tell_refusal(reason)
        return settings

    def whole(self) -> int:
        """Start, work, stop; return the exit status. Raises `CrowdLensError` for a bad start."""
        context = self._context
        context.status.start()
        try:
            self._component.start(self._settings, context)
        except CrowdLensError as error:
            return self._could_not_start(error)
        if self._ipc is not None and not self._works_with_last_good:
            self._last_good.keep(self._offered)
        try:
            if self._ipc is not None:
                self._listen(self._ipc)
        except CrowdLensError as error:
            context.failure = str(error)
            self._end()
            raise
        logger.info("started", extra={"component": self._component.name, "thing": context.thing_name})
        context.stop.wait()
        self._end()
        return FAILED if context.failure else STOPPED

    def _could_not_start(self, error: CrowdLensError) -> int:
        """Ask for a new process with the last good configuration; raises `error` where there is none."""
        if self._ipc is not None and not self._works_with_last_good:
            good = self._last_good.refused_start(self._offered)
            if good is not None and self._last_good.refuse(self._offered, str(error), at_start=True):
                logger.error("start failed, the configuration before is tried", extra={"reason": str(error)})
                self.wants_restart = True
                self._end()
                return STOPPED
        self._context.failure = str(error)
        self._end()
        raise error

    def _listen(self, ipc: Ipc) -> None:
        """Take updates from now on, and tell the nucleus that the component runs."""
        ipc.on_refused(self._context.fail)
        ipc.validate_updates(self._objection)
        ipc.on_configuration_change(lambda: self._take_change(ipc))
        ipc.report_state("RUNNING")

    def _objection(self, configuration: dict[str, Any]) -> str | None:
        try:
            DeviceFolders.of(configuration)
            log_level(configuration)
            self._component.settings(configuration)
        except CrowdLensError as error:
            return str(error)
        return None

    def _take_change(self, ipc: Ipc) -> None:
        """Work with the configuration as it is now; a bad one leaves everything as it was, and is told."""
        try:
            configuration = ipc.configuration()
        except IpcError as error:
            logger.warning("configuration not read", extra={"error": str(error)})
            return
        try:
            in_force = self._take(configuration)
        except CrowdLensError as error:
            self._last_good.refuse(configuration, str(error))
            self._tell_refusal(str(error))
            return
        if in_force:
            self._last_good.keep(configuration)
            self._context.status.set_details(configuration_problem=None)

    def _take(self, configuration: Mapping[str, Any]) -> bool:
        """Return whether the configuration is in force now; raises `CrowdLensError` when it cannot be."""
        settings, folders = self._component.settings(configuration), DeviceFolders.of(configuration)
        logging.getLogger().setLevel(log_level(configuration))
        if settings == self._settings and folders == self._named_folders:
            return True
        if folders == self._named_folders and self._component.apply(settings):
            self._settings = settings
            logger.info("configuration applied", extra={"component": self._component.name})
            return True
        refused = self._last_good.refused(configuration)
        if refused is not None and refused.at_start:
            self._tell_refusal(refused.reason)
            return False
        # Nobody rolls this one back when the new process cannot start with it.
        self._last_good.offer(configuration)
        logger.info("configuration needs a new process", extra={"component": self._component.name})
        self.wants_restart = True
        self._context.stop.set()
        return False

    def _tell_refusal(self, reason: str) -> None:
        """Tell of a configuration that is not worked with: the one before stays in force."""
        logger.error("configuration refused", extra={"reason": reason})
        self._context.status.set_details(configuration_problem=f"refused, the one before stays: {reason}")

    def _end(self) -> None:
        """Stop the work, then tell of a failure, then let go of the nucleus."""
        self.has_stopped = finish_within(STOP_SECONDS, self._component.stop)
        if not self.has_stopped:
            logger.warning("the work did not stop in time", extra={"seconds": STOP_SECONDS})
        if self._context.failure:
            self._tell_failure()
        self._context.status.close()
        if self._ipc is not None:
            finish_within(_IPC_CLOSE_SECONDS, self._ipc.close)

    def _tell_failure(self) -> None:
        logger.error("failed", extra={"component": self._component.name, "reason": self._context.failure})
        self._context.status.report("failed", self._context.failure)
        self._context.status.write()
        if self._ipc is None:
            return
        try:
            self._ipc.report_state("ERRORED")
        except IpcError as error:
            logger.info("state not reported", extra={"error": str(error)})


def log_level(configuration: Mapping[str, Any]) -> str:
    """Return the configuration's `logLevel`; raises `ComponentConfigError`."""
    return Fields(configuration).one_of("logLevel", LOG_LEVELS, "INFO")
