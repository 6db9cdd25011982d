"""Appends to a spool until killed, printing each sequence once its commit returned.

Arguments: spool path, camera, rows an append. Run by the kill tests in a process of its own.
"""

from __future__ import annotations

import sys

from contract.records import Record
from edge_components.runtime.spool import Spool


def main() -> None:
    path, camera, rows = sys.argv[1], sys.argv[2], int(sys.argv[3])
    spool = Spool(path, device="jetson-7", maximum_bytes=1 << 30)
    values = {"state": "ok", "previous_state": None, "frames_per_second": None}
    while True:
        records = [
            Record(
                "camera_status", camera, None, None, 1_795_176_000_000, "synced", {**values, "detail": str(n)}
            )
            for n in range(rows)
        ]
        stored = spool.append(records)
        sys.stdout.write(f"{stored[0].epoch} {stored[0].sequence} {stored[-1].sequence}\n")
        sys.stdout.flush()


main()
