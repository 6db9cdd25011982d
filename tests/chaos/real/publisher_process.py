"""The product's publisher process, on a machine whose clock and boot the run decides.

``python -m tests.chaos.real.publisher_process STATE_FILE [the publisher's own arguments]``.
"""

from __future__ import annotations

import sys
from pathlib import Path

from edge_components.publisher.__main__ import main
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.spool import spool
from tests.chaos.real.machine_state import Machine

SMALLEST_SPOOL_BYTES = 4_000


def install(machine: Machine) -> None:
    """Put `machine` in the place of the wall clock, the time sync probe and the kernel's boot id."""
    defaults = DeviceClock.__init__.__kwdefaults__ or {}
    if not {"wall_seconds", "probe"} <= set(defaults):
        raise AssertionError("DeviceClock has other defaults than this launcher knows")
    DeviceClock.__init__.__kwdefaults__ = {
        **defaults,
        "wall_seconds": machine.wall_seconds,
        "probe": machine.probe,
    }
    spool.read_boot_id = machine.boot_id  # type: ignore[attr-defined,assignment]
    # A spool that is full within seconds, not after hours.
    spool.MINIMUM_MAXIMUM_BYTES = SMALLEST_SPOOL_BYTES


if __name__ == "__main__":
    install(Machine(Path(sys.argv[1])))
    sys.exit(main(sys.argv[2:]))
