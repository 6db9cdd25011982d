"""The agent as a component: its configuration, its thread, its link test and its status."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError
from edge_components.fleet_agent.agent import FleetAgent
from edge_components.fleet_agent.commands import stop_commands
from edge_components.fleet_agent.gathering import Gathering, readers_of
from edge_components.fleet_agent.last_hour import LastHour
from edge_components.fleet_agent.link_test import run_apart, speeds_text
from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.settings import FleetAgentSettings
from edge_components.runtime.component import VERSION_VARIABLE, ComponentContext
from edge_components.runtime.spool import Spool

logger = logging.getLogger(__name__)

LINK_TEST_FILE = "link_test_run"
LAST_HOUR_FILE = "fleet_agent/last_hour.json"
_JOIN_SECONDS = 2.5


def own_version() -> str:
    """Return this component's version, as the recipe set it."""
    return os.environ.get(VERSION_VARIABLE, "0.0.0")


class FleetAgentComponent:
    """Reports the device's health; everything in its configuration changes live."""

    name = "fleet_agent"

    def __init__(self, machine: Machine | None = None) -> None:
        self._machine = machine or Machine()
        self._thread: threading.Thread | None = None
        self._testing: threading.Thread | None = None

    def settings(self, configuration: Mapping[str, Any]) -> FleetAgentSettings:
        """Return the settings of `configuration`; raises `CrowdLensError`."""
        return FleetAgentSettings.read(configuration)

    def start(self, settings: FleetAgentSettings, context: ComponentContext) -> None:
        """Open the spool and report on a thread; raises `CrowdLensError`."""
        self._context = context
        folders = context.folders
        self._spool = Spool(folders.spool, device=context.thing_name)
        readers = readers_of(self._machine, folders, own_version=own_version(), waiting=self._spool.waiting)
        self._gathering = Gathering(readers)
        last_hour = LastHour(folders.run / LAST_HOUR_FILE)
        self._agent = FleetAgent(
            self._gathering,
            self._spool,
            self._spool.clock,
            last_hour,
            report_seconds=settings.report_seconds,
        )
        context.status.details_from(self._agent.details)
        context.status.report("running")
        self._thread = threading.Thread(target=self._run, name="fleet_agent", daemon=True)
        self._thread.start()
        self._begin_link_test(settings)

    def apply(self, settings: FleetAgentSettings) -> bool:
        """Take another rhythm, and start a link test that is asked for anew."""
        self._agent.report_seconds = settings.report_seconds
        self._begin_link_test(settings)
        return True

    def stop(self) -> None:
        """End the thread and whatever was started for it."""
        stop_commands()
        if self._thread is None:
            return
        self._context.stop.set()
        self._gathering.stop()
        self._thread.join(_JOIN_SECONDS)
        if not self._thread.is_alive():
            self._spool.close()

    def _run(self) -> None:
        try:
            self._agent.run(self._context.stop)
        except CrowdLensError as error:
            self._context.fail(str(error))
        except Exception as error:  # a mistake of ours must not leave a process that does nothing
            self._context.fail(f"the fleet agent failed: {type(error).__name__}: {error}")
            raise

    def _begin_link_test(self, settings: FleetAgentSettings) -> None:
        """Start a test unless it was done before or another runs; one that is cut off is not repeated."""
        path = self._context.folders.state / "fleet_agent" / LINK_TEST_FILE
        is_running = self._testing is not None and self._testing.is_alive()
        if settings.link_test is None or is_running or _read(path) == settings.link_test_run:
            return
        _write(path, settings.link_test_run)
        self._testing = threading.Thread(
            target=self._test_link, args=(settings,), name="link test", daemon=True
        )
        self._testing.start()

    def _test_link(self, settings: FleetAgentSettings) -> None:
        if settings.link_test is None:
            return
        try:
            found = run_apart(settings.link_test)
        except (CrowdLensError, ValueError) as error:
            self._tell_link_test(settings, problem=str(error))
            return
        self._agent.add_to_next_report(found)
        self._tell_link_test(settings, result=speeds_text(found))

    def _tell_link_test(self, settings: FleetAgentSettings, **outcome: str) -> None:
        logger.info("link tested", extra=outcome)
        self._context.status.set_details(link_test={"run": settings.link_test_run, **outcome})


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        path.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        logger.warning("link test not remembered", extra={"path": str(path), "error": str(error)})
