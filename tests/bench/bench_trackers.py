"""Our tracker beside public ones: scores on generated crowds and on TUD-Stadtmitte, and time a frame.

Run: ``make bench-trackers``, or ``python tests/bench/bench_trackers.py`` after ``sh infra/local/setup.sh
trackers``. Arguments go to tracker_compare.py, which runs in the others' environment, ``.tools/trackers``.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".tools" / "trackers" / "bin" / "python"
_ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


def main() -> int:
    if not PYTHON.exists():
        sys.stdout.write(
            "left out: the other trackers are not installed (sh infra/local/setup.sh trackers)\n"
        )
        return 0
    environment = {**os.environ, **_ONE_THREAD, "PYTHONPATH": str(ROOT)}
    script = Path(__file__).with_name("tracker_compare.py")
    return subprocess.run([PYTHON, script, *sys.argv[1:]], env=environment, cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
