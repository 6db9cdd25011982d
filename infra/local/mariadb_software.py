"""Find the MariaDB server program on this machine, or get it."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from contract.errors import CrowdLensError
from infra.local import apt
from infra.local.aws_environment import REPOSITORY_ROOT
from infra.local.disk import clear_disk_errors

_USUAL_FOLDERS = (
    "/usr/sbin",
    "/usr/libexec",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/local/mysql/bin",
    "/opt/mariadb/bin",
)
_PROGRAM_NAMES = ("mariadbd", "mysqld")
_PACKAGE_PATTERN = r"^mariadb-server-core(-[0-9.]+)?$"
BOOTSTRAP_SCRIPTS = ("system_tables", "performance_tables", "system_tables_data")


class MariaDbUnavailableError(CrowdLensError):
    """Raised when no MariaDB server can be had here; the text says why and what would help."""


@dataclass(frozen=True)
class MariaDbSoftware:
    """A server program, the folder with its messages and bootstrap scripts, and libraries it brings along."""

    server: Path
    share: Path
    library_folders: tuple[Path, ...]
    origin: str

    def bootstrap_scripts(self) -> list[Path]:
        """Return the SQL files that make the system tables, in order."""
        return [_script(self.share, name) for name in BOOTSTRAP_SCRIPTS if _has_script(self.share, name)]


def _script(share: Path, name: str) -> Path:
    # MariaDB 11 renamed the files.
    named = share / f"mariadb_{name}.sql"
    return named if named.exists() else share / f"mysql_{name}.sql"


def _has_script(share: Path, name: str) -> bool:
    return _script(share, name).exists()


def find_software(
    *,
    tools_folder: Path | None = None,
    may_get: bool = True,
    as_root: bool | None = None,
    report: Callable[[str], None] = lambda _: None,
) -> MariaDbSoftware:
    """Return a MariaDB server: installed, unpacked earlier, or got now through apt.

    Root installs the package, anybody else (or `as_root` False) unpacks it below `tools_folder` (default
    ``.tools/mariadb``). `report` is told before anything is fetched. Raises `MariaDbUnavailableError`.
    """
    folder = tools_folder or REPOSITORY_ROOT / ".tools" / "mariadb"
    found = installed_software() or unpacked_software(folder)
    if found:
        return found
    if not may_get or not apt.is_available():
        raise MariaDbUnavailableError(
            "no MariaDB server: mariadbd is neither on PATH nor in the usual places, and there is no apt to "
            "fetch it; install MariaDB or name a server with its URL"
        )
    try:
        return _get_software(folder, os.geteuid() == 0 if as_root is None else as_root, report)
    except (apt.AptError, OSError) as error:
        raise MariaDbUnavailableError(f"no MariaDB server: {error}") from error


def _get_software(folder: Path, as_root: bool, report: Callable[[str], None]) -> MariaDbSoftware:
    problem: apt.AptError | None = None
    if as_root:
        report("installing mariadb-server-core with apt")
        try:
            apt.install(_PACKAGE_PATTERN)
        except apt.AptError as error:  # a half-configured system can still download
            problem = error
        if found := installed_software():
            return found
    report(f"unpacking mariadb-server-core into {folder}")
    try:
        unpacked = _unpack(folder)
    except apt.AptError as error:
        raise problem or error from error
    if unpacked is None:
        raise apt.AptError("apt's mariadb-server-core holds no usable mariadbd")
    return unpacked


def installed_software() -> MariaDbSoftware | None:
    """Return the server that is installed on this machine, if any."""
    on_path = [shutil.which(name) for name in _PROGRAM_NAMES]
    usual = [str(Path(folder) / name) for name in _PROGRAM_NAMES for folder in _USUAL_FOLDERS]
    for candidate in [*on_path, *usual]:
        if candidate and os.access(candidate, os.X_OK):
            found = _software_at(Path(candidate), (), "installed")
            if found:
                return found
    return None


def unpacked_software(folder: Path) -> MariaDbSoftware | None:
    """Return the server that was unpacked below `folder` by an earlier run, if any."""
    server = folder / "root" / "usr" / "sbin" / "mariadbd"
    if not os.access(server, os.X_OK):
        return None
    return _software_at(server, tuple(apt.library_folders(folder / "root")), "unpacked")


def _software_at(server: Path, libraries: tuple[Path, ...], origin: str) -> MariaDbSoftware | None:
    """Return the software around `server`, or None for another make (Oracle's has no such scripts)."""
    prefix = server.resolve().parent.parent
    for share in (prefix / "share" / "mariadb", prefix / "share" / "mysql", prefix / "share"):
        if _has_script(share, "system_tables"):
            return MariaDbSoftware(server, share, libraries, origin)
    return None


def _unpack(folder: Path) -> MariaDbSoftware | None:
    """Unpack next to `folder` and move it there whole, so that an interrupted run leaves no half."""
    with clear_disk_errors(folder.parent), _unpack_lock(folder):
        found = unpacked_software(folder)
        if found:  # another run did it while we waited
            return found
        with tempfile.TemporaryDirectory(prefix=".mariadb-", dir=folder.parent) as temporary:
            unpacker = apt.Unpacker(Path(temporary) / "unpacked")
            unpacker.unpack(_PACKAGE_PATTERN)
            unpacker.unpack_libraries_of(unpacker.root / "usr" / "sbin" / "mariadbd")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            unpacker.root.rename(folder / "root")
    return unpacked_software(folder)


@contextmanager
def _unpack_lock(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "mariadb.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
