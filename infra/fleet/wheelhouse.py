"""Wheelhouses: every library a device needs, as wheels for its Python and machine, checked against the lock.

Resolving and downloading need a package index, so they are commands of their own; the check needs none.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from contract.errors import CrowdLensError, WorkFailedError
from infra.bundles import ROOT
from infra.fleet.components import lock_of
from infra.fleet.targets import NEWEST_GLIBC_MINOR, PYTHONS, Target

WHEELHOUSES = ROOT / "build" / "wheelhouses"
REQUIREMENTS = ROOT / "requirements" / "edge.in"
UV = ROOT / ".tools" / "uv" / "bin" / "uv"
_LOCKED = re.compile(r"([a-z0-9][a-z0-9-]*)==(\S+)")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_OLDEST_GLIBC_MINOR = 17


class WheelhouseError(CrowdLensError):
    """Raised when a wheelhouse is not what its lock asks for; the text names the wheel."""


class ResolveError(WorkFailedError):
    """Raised when the package index did not give what was asked for."""


@dataclass(frozen=True)
class Locked:
    """One library of a lock file, with the digests of every file of its version."""

    name: str
    version: str
    digests: frozenset[str]


def read_lock(text: str) -> dict[str, Locked]:
    """Return the libraries of a lock file by name; raises `WheelhouseError` when one has no digest."""
    locked: dict[str, Locked] = {}
    for block in re.split(r"(?<!\\)\n", text):
        match = _LOCKED.match(block)
        if match is None:
            continue
        digests = frozenset(_HASH.findall(block))
        if not digests:
            raise WheelhouseError(
                f"{match[1]} {match[2]} has no digest in the lock: expected sha256 of its files"
            )
        locked[match[1]] = Locked(match[1], match[2], digests)
    return locked


def platform_tags(target: Target) -> list[str]:
    """Return the platform tags whose wheels run on `target`, the newest first."""
    minors = range(NEWEST_GLIBC_MINOR, _OLDEST_GLIBC_MINOR - 1, -1)
    return [f"manylinux_2_{minor}_{target.machine}" for minor in minors] + [f"manylinux2014_{target.machine}"]


def check_wheelhouse(folder: Path, target: Target, locked: Mapping[str, Locked]) -> None:
    """Raise `WheelhouseError` unless `folder` holds one wheel that runs on `target` for each library."""
    missing = dict(locked)
    for wheel in sorted(folder.glob("*.whl")):
        name, version, *_, interpreter, abi, platforms = wheel.name.removesuffix(".whl").split("-")
        library = missing.pop(re.sub(r"[-_.]+", "-", name).lower(), None)
        if library is None or library.version != version:
            raise WheelhouseError(
                f"{folder.name} holds {wheel.name}: expected only what its lock names, once"
            )
        if hashlib.sha256(wheel.read_bytes()).hexdigest() not in library.digests:
            raise WheelhouseError(f"{wheel.name} is not the file that the lock names: expected its sha256")
        if not _runs_on(target, interpreter, abi, platforms):
            raise WheelhouseError(f"{wheel.name} does not run on {target.python_tag} {target.machine}")
    if missing:
        raise WheelhouseError(
            f"{folder.name} has no wheel of {', '.join(sorted(missing))}: expected one of each"
        )


def _runs_on(target: Target, interpreter: str, abi: str, platforms: str) -> bool:
    if platforms == "any":
        return abi == "none" and "py3" in interpreter.split(".")
    if not set(platforms.split(".")) & set(platform_tags(target)):
        return False
    if abi == "abi3":
        return any(_minor(tag) <= _minor(target.python_tag) for tag in interpreter.split("."))
    return target.python_tag in interpreter.split(".") and abi == target.python_tag


def _minor(tag: str) -> int:
    return int(tag.removeprefix("cp3") or 0) if tag.startswith("cp3") else sys.maxsize


def lock_libraries() -> list[Path]:
    """Resolve the libraries anew for every Python and return the lock files; needs a package index.

    One lock serves every machine: it holds the digests of all files of a version.
    """
    locks = []
    for python in PYTHONS:
        lock = lock_of(Target(python, "aarch64"))
        platform = [
            "--python-platform",
            f"aarch64-manylinux_2_{NEWEST_GLIBC_MINOR}",
            "--only-binary",
            ":all:",
        ]
        form = ["--generate-hashes", "--no-header", "--no-annotate", "--quiet", "--output-file", str(lock)]
        _run_uv(["pip", "compile", str(REQUIREMENTS), "--python-version", python, *platform, *form])
        locks.append(lock)
    return locks


def build_wheelhouse(target: Target, folder: Path = WHEELHOUSES) -> Path:
    """Download the wheels of `target`, check them, and return their folder; needs a package index.

    A folder that is whole already is taken as it is. Raises `WheelhouseError` or `ResolveError`.
    """
    lock = lock_of(target)
    locked = read_lock(lock.read_text(encoding="utf-8"))
    wheelhouse = folder / f"{target.name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if not wheelhouse.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".fetching-", dir=folder))
        try:
            _download(target, lock, staging)
            check_wheelhouse(staging, target, locked)
            staging.chmod(0o755)
            staging.rename(wheelhouse)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    check_wheelhouse(wheelhouse, target, locked)
    return wheelhouse


def _download(target: Target, lock: Path, folder: Path) -> None:
    """pip, because uv fetches no wheel without installing it."""
    platforms = [argument for tag in platform_tags(target) for argument in ("--platform", tag)]
    abis = [argument for abi in (target.python_tag, "abi3", "none") for argument in ("--abi", abi)]
    what = ["--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:", "--requirement", str(lock)]
    python = ["--implementation", "cp", "--python-version", target.python, *platforms, *abis]
    _run([str(UV.with_name("python")), "-m", "pip", "download", *what, *python, "--dest", str(folder)])


def try_install(wheelhouse: Path, target: Target) -> None:
    """Install `wheelhouse` for `target` into a folder that is thrown away: offline, as resolved from nothing.

    This finds a wheel that another one needs and nobody locked. Raises `ResolveError`.
    """
    with tempfile.TemporaryDirectory(prefix="crowdlens-install-") as folder:
        alone = ["--quiet", "--offline", "--no-index", "--no-cache", "--only-binary", ":all:"]
        platform = ["--python-platform", f"{target.machine}-manylinux_2_{NEWEST_GLIBC_MINOR}"]
        python = ["--python-version", target.python, *platform, "--target", folder]
        source = ["--find-links", str(wheelhouse), "--requirement", str(REQUIREMENTS)]
        _run_uv(["pip", "install", *alone, *python, *source])


def _run_uv(arguments: list[str]) -> None:
    if not UV.exists():
        raise ResolveError(f"{UV} is not there: run `make setup` first")
    _run([str(UV), *arguments])


def _run(command: list[str]) -> None:
    finished = subprocess.run(command, capture_output=True, text=True, check=False)
    if finished.returncode:
        lines = finished.stderr.strip().splitlines() or [f"exit status {finished.returncode}"]
        raise ResolveError(f"{Path(command[0]).name} failed: {' '.join(lines[-3:])}")
