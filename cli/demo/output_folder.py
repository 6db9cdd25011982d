"""The folder a demo writes to: `summary.json` is there only when all that lies beside it belongs to it."""

from __future__ import annotations

import fcntl
import shutil
import tempfile
from pathlib import Path
from types import TracebackType

from contract.errors import CrowdLensError

SUMMARY = "summary.json"
REPORT = "report.html"
KEY_FRAME = "key_frame.jpg"
LAKE = "lake"
ALERTS = "alerts"
RESULTS = (SUMMARY, REPORT, KEY_FRAME, LAKE, ALERTS)
"""What a run leaves; nothing else in the folder is ever touched."""
MARK = ".crowdlens"
"""A folder that holds it is one of ours; it is also the lock of the run that writes there."""
_STAGING_PREFIX = ".staging-"
_BEFORE_PREFIX = ".before-"


class OutputFolderError(CrowdLensError):
    """Raised when the folder cannot be written to, is in use, or holds what no run of ours made."""


class OutputFolder:
    """Holds `path` for one run; results are made in `staging` and moved into place by `publish`.

    A run that is killed while it publishes is undone by the next one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        _check_ours(path)
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = (path / MARK).open("w")
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
        self._undo_half_published()
        for left in path.glob(f"{_STAGING_PREFIX}*"):
            shutil.rmtree(left, ignore_errors=True)
        self.staging = Path(tempfile.mkdtemp(prefix=_STAGING_PREFIX, dir=path))

    def publish(self) -> None:
        """Put everything staged in the place of the results before; the summary goes first and comes last."""
        before = Path(tempfile.mkdtemp(prefix=_BEFORE_PREFIX, dir=self.path))
        for name in RESULTS:
            _move(self.path / name, before / name)
        for name in reversed(RESULTS):
            _move(self.staging / name, self.path / name)
        shutil.rmtree(before, ignore_errors=True)

    def _undo_half_published(self) -> None:
        for before in self.path.glob(f"{_BEFORE_PREFIX}*"):
            # With its summary in place the newer run was whole, and only cleaning up was left.
            if not (self.path / SUMMARY).exists():
                for name in reversed(RESULTS):
                    if (before / name).exists():
                        _remove(self.path / name)
                        _move(before / name, self.path / name)
            shutil.rmtree(before, ignore_errors=True)

    def __enter__(self) -> OutputFolder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.staging, ignore_errors=True)
        self._lock.close()


def _check_ours(path: Path) -> None:
    if (path / MARK).exists():
        return
    for name in RESULTS:
        if (path / name).exists():
            raise OutputFolderError(
                f"output folder {path} holds {name}, which no run of CrowdLens made: "
                "expected an empty folder or one of an earlier run (OUT=…)"
            )


def _move(source: Path, target: Path) -> None:
    if source.exists():
        source.replace(target)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
