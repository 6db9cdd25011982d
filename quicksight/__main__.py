"""``python -m quicksight lint`` finds faults of the dashboards; ``lock`` takes new ids into the lock file.

A program, which nothing imports: it alone here may ask the local Athena endpoint, over an empty lake.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence

from contract.errors import CrowdLensError
from infra.local.athena import LocalAthena, LocalFolderLake
from quicksight.dashboards.catalog import DASHBOARDS
from quicksight.data_sets import DATA_SETS
from quicksight.linter import Finding, lint, lint_sql
from quicksight.lock import LOCK_FILE, check_lock, ids_of, lock_text, read_lock

USAGE = "usage: python -m quicksight lint | lock\n"


def findings() -> list[Finding]:
    """Return what is wrong with the definitions, and with the SQL of the data sets; raises `LockError`."""
    check_lock(read_lock(), ids_of(DATA_SETS, DASHBOARDS))
    with tempfile.TemporaryDirectory() as folder:
        athena = LocalAthena(LocalFolderLake(folder))
        return [*lint(DASHBOARDS, DATA_SETS), *lint_sql(DATA_SETS, athena.query, athena.database)]


def check() -> int:
    """Write each finding in a line, or that there is none, and return the exit status."""
    found = findings()
    for finding in found:
        sys.stderr.write(f"{finding}\n")
    if not found:
        sys.stdout.write(f"{len(DASHBOARDS)} dashboards and {len(DATA_SETS)} data sets: nothing found\n")
    return 1 if found else 0


def lock() -> int:
    """Add the ids that are new to the lock file; raises `LockError` when one of it would go."""
    current = ids_of(DATA_SETS, DASHBOARDS)
    locked = read_lock() if LOCK_FILE.exists() else set()
    check_lock(locked, locked & current)
    LOCK_FILE.write_text(lock_text(current), encoding="utf-8")
    sys.stdout.write(f"{LOCK_FILE.name}: {len(current)} ids, {len(current - locked)} of them new\n")
    return 0


COMMANDS = {"lint": check, "lock": lock}


def main(arguments: Sequence[str]) -> int:
    """Run the command named by the arguments and return the exit status."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        sys.stderr.write(USAGE)
        return 2
    try:
        return COMMANDS[arguments[0]]()
    except CrowdLensError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
