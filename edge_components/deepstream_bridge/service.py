"""The bridge as a component of a device."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from typing import Any

from edge_components.deepstream_bridge.bridge import Bridge
from edge_components.deepstream_bridge.settings import BridgeSettings, read_settings
from edge_components.runtime.component import ComponentContext
from edge_components.runtime.spool import Spool

logger = logging.getLogger(__name__)

STATE_FOLDER = "deepstream"
STATUS_SECONDS = 2.0


class BridgeComponent:
    """Runs a `Bridge` on a thread; settings change by a new process, which goes on where this one stood."""

    name = "deepstream_bridge"

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._spool: Spool | None = None

    def settings(self, configuration: Mapping[str, Any]) -> BridgeSettings:
        """Return the settings in `configuration`; raises `CrowdLensError` for the first mistake."""
        return read_settings(configuration)

    def start(self, settings: BridgeSettings, context: ComponentContext) -> None:
        """Open the spool and follow the folder from now on."""
        self._spool = Spool(context.folders.spool, device=context.thing_name)
        bridge = Bridge(settings, self._spool, context.folders.state / STATE_FOLDER, self._stop)
        self._threads = [
            threading.Thread(target=self._follow, args=(bridge, context), name="bridge"),
            threading.Thread(target=self._report, args=(bridge, context), name="report", daemon=True),
        ]
        for thread in self._threads:
            thread.start()

    def apply(self, settings: BridgeSettings) -> bool:  # noqa: ARG002 - none can change live
        """Ask for a new process: it closes the windows of the old scene and opens those of the new."""
        return False

    def stop(self) -> None:
        """Keep what is known and close the spool."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        if self._spool is not None:
            self._spool.close()

    def _follow(self, bridge: Bridge, context: ComponentContext) -> None:
        try:
            bridge.run()
        except Exception as error:
            logger.exception("the bridge failed")
            context.fail(f"the bridge failed: {error}")

    def _report(self, bridge: Bridge, context: ComponentContext) -> None:
        while not self._stop.wait(STATUS_SECONDS):
            state = "running" if bridge.problem is None else "waiting"
            context.status.report(state, bridge.problem, bridge.figures())  # type: ignore[arg-type]
