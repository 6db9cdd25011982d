"""Stands for `golden_run` with a runtime that crashes, hangs or babbles: the package's name says which."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

kind = Path(sys.argv[1]).name
if kind == "crash":
    os.kill(os.getpid(), signal.SIGSEGV)
if kind == "hang":
    time.sleep(600)
sys.stdout.write("Segmentation of the picture\nTraceback: something\n")
