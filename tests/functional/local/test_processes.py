"""Guarded child processes, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contract.errors import CrowdLensError
from infra.local.processes import (
    ManagedProcess,
    ProcessError,
    start_process,
    wait_until_done,
    wait_until_ready,
)

ROOT = Path(__file__).parents[3]
# A shell with a child of its own: both must go.
FAMILY = "sleep 300 & echo started; wait"


def start(tmp_path: Path, script: str, *, grace_seconds: float = 5.0) -> ManagedProcess:
    return start_process(
        "the child",
        ["sh", "-c", script],
        log_path=tmp_path / "child.log",
        environment={**os.environ, "FAMILY_MARK": str(tmp_path)},
        grace_seconds=grace_seconds,
    )


def family(tmp_path: Path) -> set[int]:
    """The processes that carry this test's mark in their environment."""
    mark = f"FAMILY_MARK={tmp_path}".encode()
    found = set()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in environment.read_bytes().split(b"\0"):
                found.add(int(environment.parent.name))
        except OSError:
            continue
    return found


def wait_for(tmp_path: Path, *, count: int, seconds: float = 30.0) -> set[int]:
    deadline = time.monotonic() + seconds
    while len(family(tmp_path)) != count and time.monotonic() < deadline:
        time.sleep(0.02)
    return family(tmp_path)


OWNER = """
import os, sys, threading, time
from pathlib import Path
from infra.local.processes import start_process
folder = Path(sys.argv[1])
def start():
    start_process("child", ["sh", "-c", sys.argv[2]], log_path=folder / "child.log",
                  environment={**os.environ, "FAMILY_MARK": str(folder)})
if sys.argv[3] == "thread":
    thread = threading.Thread(target=start); thread.start(); thread.join()
else:
    start()
time.sleep(300)
"""


@pytest.mark.parametrize("where", ["main", "thread"])
def test_a_killed_owner_takes_the_whole_family_along(tmp_path: Path, where: str) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path), FAMILY, where],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    # Guard, shell and sleep; the end of the thread that started them must not end them.
    assert len(wait_for(tmp_path, count=3)) == 3
    time.sleep(0.2)
    assert len(family(tmp_path)) == 3
    owner.kill()
    owner.wait()
    assert wait_for(tmp_path, count=0) == set()


def test_a_killed_guard_takes_the_command_along(tmp_path: Path) -> None:
    process = start(tmp_path, "exec sleep 300")
    assert len(wait_for(tmp_path, count=2)) == 2
    process.guard.kill()
    process.guard.wait()
    assert wait_for(tmp_path, count=0) == set()


def test_an_owner_that_is_gone_before_the_guard_looks_starts_nothing(tmp_path: Path) -> None:
    guard = ROOT / "infra" / "local" / "guard.py"
    somebody_else = os.getppid()
    ended = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            str(guard),
            str(somebody_else),
            "1",
            "--",
            "touch",
            str(tmp_path / "ran"),
        ],
        check=False,
        timeout=20,
    )
    assert ended.returncode == 127
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("script", "status"),
    [
        pytest.param(
            "trap 'echo bye; exit 3' TERM; echo started; while :; do sleep 0.05; done", 3, id="obeys"
        ),
        pytest.param("trap '' TERM; echo started; while :; do sleep 0.05; done", 137, id="is-deaf"),
        pytest.param(FAMILY, 143, id="has-a-child"),
    ],
)
def test_stopping(tmp_path: Path, script: str, status: int) -> None:
    process = start(tmp_path, script, grace_seconds=0.5)
    wait_until_ready(process, lambda: "started" in process.log_path.read_text(), deadline_seconds=10)
    process.stop()
    assert process.exit_code == status
    assert wait_for(tmp_path, count=0) == set()
    process.stop()  # once more does no harm


def test_what_a_command_leaves_behind_goes_with_it(tmp_path: Path) -> None:
    process = start(tmp_path, "sleep 300 & exit 0")
    process.guard.wait(10)
    assert wait_for(tmp_path, count=0) == set()


def test_ctrl_c_in_the_terminal_reaches_only_the_owner(tmp_path: Path) -> None:
    process = start(tmp_path, "exec sleep 300")
    wait_for(tmp_path, count=2)
    assert os.getpgid(0) not in {os.getpgid(member) for member in family(tmp_path)}
    process.stop()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        pytest.param(
            "echo one; echo 'ERROR: no such thing'; echo three; exit 4",
            "the child ended with status 4 before it was ready; its last words: ERROR: no such thing",
            id="ends-with-an-error-in-its-log",
        ),
        pytest.param(
            "exit 4",
            "the child ended with status 4 before it was ready; its last words: none",
            id="ends-mute",
        ),
        pytest.param(
            "echo waiting; exec sleep 60",
            "the child was not ready after 0.3 s; its last words: waiting",
            id="is-never-ready",
        ),
    ],
)
def test_a_child_that_does_not_become_ready(tmp_path: Path, script: str, message: str) -> None:
    process = start(tmp_path, script)
    with pytest.raises(ProcessError) as caught:
        wait_until_ready(process, lambda: False, deadline_seconds=0.3 if "sleep" in script else 10)
    process.stop()
    assert str(caught.value) == message


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    process = start_process("it", ["/no/such/program"], log_path=tmp_path / "log", environment={})
    with pytest.raises(
        ProcessError, match=r"status 127; its last words: cannot start /no/such/program: No such file"
    ):
        wait_until_done(process, deadline_seconds=10)


def test_a_child_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    process = start(tmp_path, FAMILY)
    with pytest.raises(CrowdLensError, match=r"the child took more than 0.2 s"):
        wait_until_done(process, deadline_seconds=0.2)
    assert wait_for(tmp_path, count=0) == set()


def test_input_comes_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "input").write_text("hello")
    process = start_process(
        "cat", ["cat"], log_path=tmp_path / "log", environment={}, input_path=tmp_path / "input"
    )
    wait_until_done(process, deadline_seconds=10)
    assert (tmp_path / "log").read_text() == "hello"


def test_a_signal_in_the_owner_ends_its_blocks(tmp_path: Path) -> None:
    script = (
        "import time\nfrom infra.local.processes import ending_on_signals\n"
        "with ending_on_signals():\n  try:\n    print('in', flush=True); time.sleep(60)\n"
        "  finally:\n    print('cleaned', flush=True)\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    with owner:
        assert owner.stdout
        assert owner.stdout.readline() == "in\n"
        owner.send_signal(signal.SIGTERM)
        assert owner.stdout.read() == "cleaned\n"
    assert owner.returncode == 143
