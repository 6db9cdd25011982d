"""Kills an activation, by SIGKILL, before each of its file operations in turn; says what state that left.

``python -m tests.functional.model_store.kill_at_every_step SCENARIO FOLDER``: one JSON line a kill, on
standard output. The children are forked from one process, so that a kill costs milliseconds. Scenarios: a new
version; the active one damaged on its disk and replaced; the middle of a download, whose bytes are then as
they were written, or zeroes as after a cut of power.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from contract.model_manifest import ModelReference
from edge_components.model_store.engine_builder import is_intact
from edge_components.model_store.packages import package_problem
from edge_components.model_store.pointers import read_active
from tests.functional.model_store.store_kit import Rig, onnx_bytes, package_files

ONE, TWO = ModelReference("people", "1"), ModelReference("people", "2")
OPERATIONS = ("fsync", "rename", "replace", "unlink", "rmdir", "mkdir", "truncate", "ftruncate")


RESUMED_EVERY = 3
"""A next try after each kill would cost the suite twice the time."""
TRTEXEC = """#!/bin/sh
[ "$1" = --help ] && echo "&&&& RUNNING TensorRT.trtexec [TensorRT v100300] # $0" && exit 0
for word in "$@"; do
  case "$word" in --saveEngine=*|--timingCacheFile=*) echo "$0" > "${word#*=}" ;; esac
done
"""
"""Quicker to start than the fake that knows the options."""


def main(scenario: str, folder: Path) -> None:
    if scenario == "download":
        for is_damaged in (False, True):
            sys.stdout.write(json.dumps(killed_in_download(folder / str(is_damaged), is_damaged)) + "\n")
        return
    before = rig_at(folder / "before")
    before.store().ensure(ONE)
    if scenario == "damaged":
        before.store().ensure(TWO)
        (before.folder / "packages/people/2/model.onnx").write_bytes(b"rot")
    was_killed, number = True, 0
    while was_killed:
        number += 1
        kill = killed(folder, number)
        was_killed = bool(kill["killed"])
        sys.stdout.write(json.dumps(kill) + "\n")


def killed(folder: Path, number: int) -> dict[str, object]:
    """Return what a kill before operation `number` left, and what the next try made of it."""
    here = folder / f"kill-{number}"
    shutil.copytree(folder / "before", here)
    was_killed = in_child(lambda: killed_before(number, lambda: rig_at(here).store().ensure(TWO)))
    state = state_of(here)
    result: dict[str, object] = {"number": number, "killed": was_killed, "state": state, "after": None}
    if number % RESUMED_EVERY == 0:
        in_child(lambda: rig_at(here).store().ensure(TWO))
        result["after"] = state_of(here)
    shutil.rmtree(here)
    return result


def killed_in_download(folder: Path, is_damaged: bool) -> dict[str, object]:
    """Return what a kill in the middle of a file left, and how the next try went on from it."""

    def rig() -> Rig:
        rig = rig_at(folder)
        rig.bucket.push("people", "2", package_files(onnx=onnx_bytes(weights=2_000_000)))
        return rig

    def die(sentence: str) -> None:
        if sentence == "fetching model.onnx: 50 %":
            os.kill(os.getpid(), signal.SIGKILL)

    rig().store().ensure(ONE)
    was_killed = in_child(lambda: rig().store(say=die).ensure(TWO))
    state, partial = state_of(folder), folder / "models/incoming/people@2/model.onnx.partial"
    there = partial.stat().st_size
    if is_damaged:
        partial.write_bytes(bytes(there))
    after = rig()
    after.store().ensure(TWO)
    asked = [wanted for key, wanted in after.bucket.asked if key == TWO.key("model.onnx")]
    resumed = [f"bytes={there}-", None] if is_damaged else [f"bytes={there}-"]
    return {
        "killed": was_killed,
        "state": state,
        "there": there,
        "resumed": asked == resumed,
        "after": state_of(folder),
    }


def rig_at(folder: Path) -> Rig:
    folder.mkdir(parents=True, exist_ok=True)
    trtexec = folder / "trtexec"
    if not trtexec.is_file():
        trtexec.write_text(TRTEXEC)
        trtexec.chmod(0o755)
    rig = Rig.at(folder, trtexec)
    for version in ("1", "2"):
        rig.bucket.push("people", version, package_files(onnx=onnx_bytes(weights=200 + int(version))))
    return rig


def killed_before(number: int, work: Callable[[], object]) -> None:
    """Do `work` and end by SIGKILL before its file operation `number`."""
    count = 0

    def counted(operation: Any) -> Any:
        def call(*arguments: Any, **more: Any) -> Any:
            nonlocal count
            count += 1
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            return operation(*arguments, **more)

        return call

    for name in OPERATIONS:
        setattr(os, name, counted(getattr(os, name)))
    work()


def in_child(work: Callable[[], object]) -> bool:
    """Run `work` in a forked child and return whether it was killed."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            work()
            status = 0
        finally:
            os._exit(status)
    _, ended = os.waitpid(child, 0)
    if os.WIFEXITED(ended) and os.WEXITSTATUS(ended) != 0:
        raise RuntimeError("the child failed by itself")
    return os.WIFSIGNALED(ended)


def state_of(folder: Path) -> str:
    """Return the active version, or what is wrong with it."""
    models = folder / "models"
    active = read_active(rig_at(folder).store().folder)
    if active is None:
        return "no active model"
    problem = package_problem(models / active.package, active.reference)
    if problem is not None:
        return f"{active.reference}: {problem}"
    if active.engine is None or not is_intact(models / active.engine):
        return f"{active.reference}: engine {active.engine} is damaged"
    return str(active.reference)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
