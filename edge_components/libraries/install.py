"""Installs a wheelhouse on a device: offline, whole or not at all, beside the one in use.

    python3 install.py --python 3.10 --into /var/lib/crowdlens/libraries

It lies in the wheelhouse it installs and needs Python's standard library only: pip is one of the wheels and
runs from there. ``current`` below the folder names the set in use; the one before stays for a roll-back.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

LOCK_FILE = "requirements.lock"
_CURRENT = "current"
_WHOLE = ".whole"
"""Lies in a set that is on the disk to its last file."""
_KEPT_SETS = 2


class InstallError(Exception):
    """Raised when the wheels cannot be installed on this device; the text says why."""


def main(argv: Sequence[str] | None = None) -> int:
    """Install the wheelhouse this file lies in; return 0, or 1 after a sentence on standard error."""
    parser = argparse.ArgumentParser(description="Install the wheels beside this file, offline.")
    parser.add_argument("--python", required=True, help="version the wheels are for, for example 3.10")
    parser.add_argument("--into", type=Path, required=True, help="folder of the installed sets")
    arguments = parser.parse_args(argv)
    try:
        installed = install(Path(__file__).resolve().parent, arguments.into, python=arguments.python)
    except (InstallError, OSError) as error:
        sys.stderr.write(f"libraries: {error}\n")
        return 1
    sys.stdout.write(f"libraries: {installed} is in use\n")
    return 0


def install(wheelhouse: Path, into: Path, *, python: str) -> Path:
    """Make the libraries of `wheelhouse` the current ones below `into` and return their folder.

    A set that is there already is not installed again. Raises `InstallError`.
    """
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if running != python:
        raise InstallError(
            f"this device's python3 is {running}: expected {python}; the device belongs into another group"
        )
    lock = (wheelhouse / LOCK_FILE).read_bytes()
    target = into / f"{python}-{hashlib.sha256(lock).hexdigest()[:12]}"
    into.mkdir(parents=True, exist_ok=True)
    if not (target / _WHOLE).is_file():
        _install_whole(wheelhouse, target)
    _switch(into, target)
    _prune(into, target)
    return target


def _install_whole(wheelhouse: Path, target: Path) -> None:
    """Install into a folder of its own and rename it: a cut of power leaves nothing half done in `target`.

    The mark is written when everything else is on the disk; a `target` without one is what an interrupted
    run left, and is replaced.
    """
    staging = Path(tempfile.mkdtemp(prefix=".installing-", dir=target.parent))
    try:
        _run_pip(wheelhouse, staging)
        staging.chmod(0o755)
        os.sync()
        (staging / _WHOLE).touch()
        os.sync()
        if target.exists():
            target.rename(staging.with_name(f"{staging.name}-before"))
        staging.rename(target)
        _sync_folder(target.parent)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _sync_folder(folder: Path) -> None:
    """Let the names in `folder` be on the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _run_pip(wheelhouse: Path, folder: Path) -> None:
    pips = sorted(wheelhouse.glob("pip-*.whl"))
    if len(pips) != 1:
        raise InstallError(f"{wheelhouse} holds {len(pips)} wheels of pip: expected one")
    options = ["--isolated", "--no-index", "--no-cache-dir", "--disable-pip-version-check", "--quiet"]
    source = ["--require-hashes", "--only-binary=:all:", "--find-links", str(wheelhouse)]
    wanted = ["--requirement", str(wheelhouse / LOCK_FILE), "--target", str(folder)]
    finished = subprocess.run(
        [sys.executable, str(pips[0] / "pip"), "install", *options, *source, *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    if finished.returncode:
        raise InstallError(f"pip could not install {wheelhouse}: {finished.stderr.strip()}")


def _switch(into: Path, target: Path) -> None:
    """Let ``current`` name `target`, in one step."""
    link = into / f".{_CURRENT}-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(target.name)
    link.replace(into / _CURRENT)
    _sync_folder(into)


def _prune(into: Path, target: Path) -> None:
    """Remove what interrupted runs left, and all sets but the newest ones; never `target`."""
    for path in into.glob(".installing-*"):
        shutil.rmtree(path, ignore_errors=True)
    sets = [path for path in into.iterdir() if path.is_dir() and not path.is_symlink() and path != target]
    sets.sort(key=lambda path: path.stat().st_mtime, reverse=True)
    for path in sets[_KEPT_SETS - 1 :]:
        shutil.rmtree(path, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
