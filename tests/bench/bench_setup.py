"""How long a new machine takes: set-up in a fresh clone and a fresh home folder, then the demo.

Package downloads come from whatever index this machine uses; with an empty cache each run downloads all.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Clone, set up and run the demo `--runs` times; print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    arguments = parser.parse_args()
    rows = [measure() for _ in range(arguments.runs)]
    sys.stdout.write("| step | median s | lowest | highest |\n| --- | --- | --- | --- |\n")
    for position, step in enumerate(
        ("make setup (downloads included)", "make demo HEADLESS=1", "make demo again")
    ):
        times = sorted(row[position] for row in rows)
        sys.stdout.write(f"| {step} | {times[len(times) // 2]:.1f} | {times[0]:.1f} | {times[-1]:.1f} |\n")
    return 0


def measure() -> list[float]:
    """Return the seconds of set-up, of the first demo and of a second one."""
    with tempfile.TemporaryDirectory() as folder:
        clone, home = Path(folder) / "clone", Path(folder) / "home"
        home.mkdir()
        subprocess.run(["git", "clone", "--quiet", ROOT, clone], check=True)
        kept = {
            name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "LANG"))
        }
        environment = {**kept, "PATH": os.environ["PATH"], "HOME": str(home)}
        times = []
        for target in (["setup"], ["demo", "HEADLESS=1"], ["demo", "HEADLESS=1"]):
            started = time.monotonic()
            subprocess.run(
                ["make", "--silent", *target], cwd=clone, env=environment, check=True, capture_output=True
            )
            times.append(time.monotonic() - started)
        return times


if __name__ == "__main__":
    sys.exit(main())
