"""``python -m edge_components.vision``: one camera as a process of its own."""

from __future__ import annotations

import sys
import threading
from collections.abc import Sequence

from contract.errors import CrowdLensError
from edge_components.runtime.logs import configure_logging
from edge_components.vision.arguments import parse, read_arguments
from edge_components.vision.service import CameraService
from edge_components.vision.stopping import stop_on_signals


def main(argv: Sequence[str] | None = None) -> int:
    """Run until a signal or the end of the source; return 0, or 2 for what somebody has to mend."""
    parser, namespace = parse(argv)
    configure_logging(namespace.log_level)
    stop = threading.Event()
    try:
        arguments = read_arguments(namespace)
        with stop_on_signals(stop):
            CameraService(arguments, stop).run()
    except CrowdLensError as error:
        parser.exit(2, f"vision: {error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
