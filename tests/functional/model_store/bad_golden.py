"""Stands for `golden_run` with a runtime that crashes, hangs or babbles: the package's name says which."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path

kind = Path(sys.argv[1]).name
if kind == "crash":
    os.kill(os.getpid(), signal.SIGSEGV)
if kind == "killed":
    os.kill(os.getpid(), signal.SIGKILL)
if kind == "no-memory":
    raise MemoryError
if kind == "bad-alloc":
    sys.stdout.write("terminate called after throwing an instance of 'std::bad_alloc'\n")
    sys.stdout.flush()
    os.abort()
if kind == "out-of-memory":
    answer = {"passed": False, "reason": "CUDA: out of memory", "provider": "cuda", "milliseconds": 0.0}
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.exit(0)
if kind == "hang":
    time.sleep(600)
sys.stdout.write("Segmentation of the picture\nTraceback: something\n")
