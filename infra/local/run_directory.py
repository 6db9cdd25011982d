"""One private temporary folder for each run, removed at its end or, after a crash, by the next run.

A run holds a lock on its folder for as long as it lives. Whoever starts next to it finds the lock taken and
leaves the folder alone; a folder whose lock is free belongs to the dead and goes, with any process that
still names it in its environment.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO

from contract.errors import CrowdLensError
from infra.local.disk import clear_disk_errors

RUN_VARIABLE = "CROWDLENS_RUN_DIRECTORY"
"""Set in the environment of every process of a run."""
_LOCK_NAME = "owner.lock"
_PREFIX = "run-"


class RunDirectoryError(CrowdLensError):
    """Raised when the folder for runs belongs to somebody else."""


class RunDirectory:
    """A private folder that lives as long as this run; use it as a context manager."""

    def __init__(self, base: Path | None = None) -> None:
        """Sweep what dead runs left under `base`, then make and lock a new folder there.

        `base` is ``crowdlens-<user id>`` in the system's temporary folder unless given. Raises
        `RunDirectoryError` and `DiskFullError`.
        """
        self.base = _private_folder(base or Path(tempfile.gettempdir()) / f"crowdlens-{os.getuid()}")
        with clear_disk_errors(self.base), _base_lock(self.base):
            self.swept = _sweep(self.base)
            self.path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self.base))
            self._lock = (self.path / _LOCK_NAME).open("w")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            (self.path / "tmp").mkdir()

    def log_path(self, name: str) -> Path:
        """Return where the process `name` of this run logs."""
        return self.path / f"{name}.log"

    @property
    def temporary(self) -> Path:
        """The run's own folder for temporary files of its processes."""
        return self.path / "tmp"

    def close(self) -> None:
        """Remove the folder and give up the lock."""
        with _base_lock(self.base):
            shutil.rmtree(self.path, ignore_errors=True)
            self._lock.close()

    def __enter__(self) -> RunDirectory:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _private_folder(path: Path) -> Path:
    try:
        with clear_disk_errors(path):
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
        status = path.lstat()
    except (FileExistsError, NotADirectoryError, PermissionError) as error:
        raise RunDirectoryError(
            f"{path} cannot hold this run: {error.strerror}; name another with TMPDIR"
        ) from error
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid():
        raise RunDirectoryError(
            f"{path} is not a folder of this user: remove it or name another place with TMPDIR"
        )
    path.chmod(0o700)
    return path


@contextmanager
def _base_lock(base: Path) -> Iterator[None]:
    # Held between making a folder and locking it, so that a sweep never meets a folder without its lock.
    with (base / "sweep.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _sweep(base: Path) -> list[Path]:
    dead = [path for path in sorted(base.glob(f"{_PREFIX}*")) if not _is_owned(path)]
    if dead:
        _kill_processes_of(dead)
    for path in dead:
        shutil.rmtree(path, ignore_errors=True)
    return dead


def _is_owned(path: Path) -> bool:
    lock: IO[str]
    try:
        lock = (path / _LOCK_NAME).open("r")
    except OSError:
        return False
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def _kill_processes_of(folders: list[Path]) -> None:
    marks = [f"{RUN_VARIABLE}={path}".encode() for path in folders]
    for environment in Path("/proc").glob("[0-9]*/environ"):
        with contextlib.suppress(OSError):  # processes of others, or gone meanwhile
            if any(mark in environment.read_bytes().split(b"\0") for mark in marks):
                os.kill(int(environment.parent.name), signal.SIGKILL)
