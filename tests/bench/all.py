"""Runs every benchmark in its own process and prints their tables one after another.

`make bench` calls it; `make bench ARGS="pipeline spool"` runs only those.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parent


def main(names: list[str]) -> int:
    """Run the benchmarks named (all without names) and return 1 when one of them failed."""
    scripts = {path.stem.removeprefix("bench_"): path for path in sorted(FOLDER.glob("bench_*.py"))}
    unknown = [name for name in names if name not in scripts]
    if unknown:
        sys.stderr.write(f"benchmark is {unknown[0]!r}: expected one of {', '.join(scripts)}\n")
        return 2
    failed = 0
    for name in names or scripts:
        sys.stdout.write(f"\n## {name}\n\n")
        sys.stdout.flush()
        failed |= subprocess.run([sys.executable, scripts[name]], check=False).returncode != 0
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
