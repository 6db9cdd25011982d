"""``python -m quicksight lock``: take the ids that are new into the lock file."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from contract.errors import CrowdLensError
from quicksight.dashboards.catalog import DASHBOARDS
from quicksight.data_sets import DATA_SETS
from quicksight.lock import LOCK_FILE, check_lock, ids_of, lock_text, read_lock

USAGE = "usage: python -m quicksight lock\n"


def lock() -> None:
    """Add the ids that are new to the lock file; raises `LockError` when one of it would go."""
    current = ids_of(DATA_SETS, DASHBOARDS)
    locked = read_lock() if LOCK_FILE.exists() else set()
    check_lock(locked, locked & current)
    LOCK_FILE.write_text(lock_text(current), encoding="utf-8")
    sys.stdout.write(f"{LOCK_FILE.name}: {len(current)} ids, {len(current - locked)} of them new\n")


def main(arguments: Sequence[str]) -> int:
    """Run the command named by the arguments and return the exit status."""
    if list(arguments) != ["lock"]:
        sys.stderr.write(USAGE)
        return 2
    try:
        lock()
    except CrowdLensError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
