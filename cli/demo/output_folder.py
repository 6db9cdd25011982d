"""The folder a demo writes to: everything appears complete at the end, or not at all."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from contract.errors import CrowdLensError

_STAGING_PREFIX = ".staging-"
_LOCK_NAME = ".lock"
SUMMARY = "summary.json"


class OutputFolderError(CrowdLensError):
    """Raised when the folder cannot be written to, or another demo is writing to it."""


class OutputFolder:
    """Holds `path` for one run; results are made in `staging` and moved into place by `publish`.

    What a killed run left in its staging folder is removed by the next run.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / _LOCK_NAME).open("w")
        except OSError as error:
            raise OutputFolderError(
                f"output folder {path}: {error.strerror}; expected a folder that can be written to"
            ) from error
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            self._lock.close()
            raise OutputFolderError(
                f"output folder {path} is in use by another run: expected another folder (OUT=…)"
            ) from error
        for left in path.glob(f"{_STAGING_PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)
        self.staging = Path(tempfile.mkdtemp(prefix=_STAGING_PREFIX, dir=path))

    def publish(self) -> None:
        """Move everything staged into place; the summary goes first and comes last, so it is never stale."""
        (self.path / SUMMARY).unlink(missing_ok=True)
        staged = sorted(self.staging.iterdir(), key=lambda path: path.name == SUMMARY)
        for source in staged:
            target = self.path / source.name
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            source.replace(target)

    def __enter__(self) -> OutputFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.staging, ignore_errors=True)
        self._lock.close()
