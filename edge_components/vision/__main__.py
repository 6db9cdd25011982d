"""``python -m edge_components.vision``: cameras as a process of their own.

Without arguments, started by Greengrass, it is a component that reads its configuration there. With
``--run`` or ``--configuration`` it is that component without Greengrass.
"""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Sequence

from contract.errors import CrowdLensError
from edge_components.runtime.component import run_component
from edge_components.runtime.ipc import in_greengrass
from edge_components.runtime.logs import configure_logging
from edge_components.runtime.processes import stop_on_signals
from edge_components.vision.arguments import parse, read_arguments
from edge_components.vision.by_flags import serve_flags
from edge_components.vision.component import VisionComponent
from edge_components.vision.service import CameraService

logger = logging.getLogger(__name__)

STOP_SECONDS = 4.0
_POLL_SECONDS = 0.5


class _Worker(threading.Thread):
    """Runs the camera beside the main thread, which must stay free to obey a signal while a driver hangs."""

    def __init__(self, service: CameraService) -> None:
        super().__init__(name="service", daemon=True)
        self._service = service
        self.error: BaseException | None = None

    def run(self) -> None:
        try:
            self._service.run()
        except BaseException as error:  # noqa: BLE001 - the main thread raises it
            self.error = error


def main(argv: Sequence[str] | None = None) -> int:
    """Run until a signal or the end of the source; return 0, or 2 for what somebody has to mend."""
    if argv is None and len(sys.argv) == 1 and in_greengrass():
        return run_component(VisionComponent())
    parser, namespace = parse(argv)
    configure_logging(namespace.log_level)
    stop = threading.Event()
    try:
        if namespace.run is not None or namespace.configuration is not None:
            return serve_flags(namespace)
        arguments = read_arguments(namespace)
        with stop_on_signals(stop):
            _run_until(stop, _Worker(CameraService(arguments, stop)))
    except CrowdLensError as error:
        parser.exit(2, f"vision: {error}\n")
    return 0


def _run_until(stop: threading.Event, worker: _Worker) -> None:
    """Run `worker` to its end, or for `STOP_SECONDS` more once `stop` is set; raises what it raised."""
    worker.start()
    while worker.is_alive() and not stop.is_set():
        worker.join(_POLL_SECONDS)
    worker.join(STOP_SECONDS)
    if worker.is_alive():
        logger.warning("a driver hangs: ended without it")
        # Its thread sits in native code, and an orderly end would wait for it.
        os._exit(0)
    if worker.error is not None:
        raise worker.error


if __name__ == "__main__":
    sys.exit(main())
