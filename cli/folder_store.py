"""A lake folder as the compactor's bucket: the same promises, kept by links and renames of files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from lambdas.compactor.store import Listed
from lambdas.shared.lake_store import LakeObjectMissingError, LakeStoreError
from lambdas.shared.leases import Lease, Leases


class FolderStore:
    """A folder that holds what the bucket would, each object a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def days(self, prefix: str) -> list[str]:
        """Return the days of the ``day=YYYY-MM-DD/`` folders below `prefix` that are not empty, ascending."""
        folders = (self._folder / prefix).glob("day=*")
        return sorted(path.name.removeprefix("day=") for path in folders if any(_objects(path)))

    def listing(self, prefix: str) -> list[Listed]:
        """Return the objects under `prefix`, by key."""
        return sorted(
            (self._listed(path) for path in _objects(self._folder / prefix)), key=lambda item: item.key
        )

    def get(self, key: str, etag: str) -> bytes:
        """Return the body of this very version."""
        path = self._folder / key
        try:
            if self._listed(path).etag == etag:
                return path.read_bytes()
        except FileNotFoundError as error:
            raise LakeObjectMissingError(f"{path} is gone") from error
        raise LakeObjectMissingError(f"{path} is not as it was listed")

    def put_new(self, key: str, body: bytes, content_type: str) -> str:  # noqa: ARG002 - files have no type
        """Store `body` unless the file exists; whole or not at all."""
        path = self._folder / key
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", suffix=".part") as part:
                part.write(body)
                part.flush()
                Path(part.name).chmod(0o644)
                if not path.exists():
                    os.link(part.name, path)
        except FileExistsError:
            pass  # Another was quicker, with the same bytes: the key is made of them.
        except OSError as error:
            raise LakeStoreError(f"{path} could not be written: {error.strerror or error}") from error
        return self._listed(path).etag

    def delete(self, objects: Sequence[Listed]) -> int:
        """Remove these versions and return how many went; a newer one stays."""
        gone = 0
        for item in objects:
            path = self._folder / item.key
            if path.exists() and self._listed(path).etag == item.etag:
                path.unlink(missing_ok=True)
                gone += 1
        return gone

    def _listed(self, path: Path) -> Listed:
        status = path.stat()
        changed = datetime.fromtimestamp(status.st_mtime, tz=UTC)
        key = path.relative_to(self._folder).as_posix()
        return Listed(key, f"{status.st_size:x}-{status.st_mtime_ns:x}", status.st_size, changed)


class NoLeases(Leases):
    """Gives every lease: two who compact one folder at once do the work twice, and nothing worse."""

    def __init__(self) -> None:
        """Need no table."""

    def take(self, name: str, seconds: float) -> Lease | None:
        """Return a lease that nobody else is kept from."""
        return Lease(name, "", 0, 0, seconds)

    def renew(self, lease: Lease) -> Lease:
        """Return `lease`."""
        return lease

    def release(self, lease: Lease) -> None:
        """Do nothing."""


def _objects(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return [path for path in folder.rglob("*") if path.is_file() and not path.name.startswith(".")]
