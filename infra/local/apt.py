"""Debian and Ubuntu packages, installed as root or only unpacked as anybody."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from contract.errors import CrowdLensError

_DOWNLOAD_SECONDS = 300
_QUICK_SECONDS = 60
_NETWORK_OPTIONS = (
    "-o",
    "Acquire::Retries=1",
    "-o",
    "Acquire::http::Timeout=15",
    "-o",
    "Acquire::https::Timeout=15",
    "-o",
    "DPkg::Lock::Timeout=60",
    # Downloads go into our own folders, which apt's own user may not enter.
    "-o",
    "APT::Sandbox::User=root",
)


class AptError(CrowdLensError):
    """Raised when apt is missing or cannot deliver a package."""


def is_available() -> bool:
    """Return whether this machine has apt and dpkg."""
    return all(
        shutil.which(program) for program in ("apt-get", "apt-cache", "dpkg", "dpkg-deb", "dpkg-query")
    )


def install(package_pattern: str) -> None:
    """Install, as root, the package whose name matches `package_pattern`; raises `AptError`.

    The package lists are fetched anew only when the first try fails.
    """
    try:
        _install(package_pattern)
    except AptError:
        with _telling_of_update(_update(())):
            _install(package_pattern)


def _install(package_pattern: str) -> None:
    package = _candidate(package_pattern, ())
    command = ["apt-get", *_NETWORK_OPTIONS, "install", "--yes", "--no-install-recommends"]
    _run([*command, "--download-only", package], _DOWNLOAD_SECONDS)
    _run_to_the_end([*command, "--no-download", package])


def _update(options: Sequence[str]) -> AptError | None:
    """Fetch the package lists; return what went wrong, which need not concern the package we want."""
    try:
        _run(
            ["apt-get", *_NETWORK_OPTIONS, *options, "-o", "APT::Update::Error-Mode=any", "update"],
            _DOWNLOAD_SECONDS,
        )
    except AptError as error:
        return error
    return None


@contextmanager
def _telling_of_update(problem: AptError | None) -> Iterator[None]:
    """Name the failed update, when there was one, as the cause of what fails after it."""
    try:
        yield
    except AptError as error:
        if problem is None:
            raise
        raise AptError(f"the package lists could not be fetched ({problem})") from error


class Unpacker:
    """Downloads packages and unpacks them into a folder, without root and without installing anything."""

    def __init__(self, folder: Path) -> None:
        """Work in `folder`: `root/` takes the files, `apt/` the package lists of our own, when needed."""
        self.root = folder / "root"
        self._downloads = folder / "downloads"
        self._lists = folder / "apt"
        self._options: tuple[str, ...] = ()
        for path in (self.root, self._downloads):
            path.mkdir(parents=True, exist_ok=True)

    def unpack(self, package_pattern: str) -> None:
        """Unpack the package whose name matches `package_pattern`; raises `AptError`."""
        try:
            self._unpack(package_pattern)
        except AptError:
            if self._options:
                raise
            with _telling_of_update(self._fetch_lists()):
                self._unpack(package_pattern)

    def unpack_libraries_of(self, program: Path) -> None:
        """Unpack, among the dependencies of what is unpacked, the libraries that `program` lacks here.

        Raises `AptError` when some stay missing.
        """
        tried: set[str] = set()
        while missing := missing_libraries(program, library_folders(self.root)):
            wanted = [name for name in self._dependencies() if name.startswith("lib") and name not in tried]
            if not wanted:
                raise AptError(f"{program.name} lacks {', '.join(missing)} and no package of apt brings them")
            for name in wanted:
                tried.add(name)
                if not _is_installed(name):
                    self.unpack(f"^{re.escape(name)}$")

    def _fetch_lists(self) -> AptError | None:
        for path in (self._lists / "lists" / "partial", self._lists / "cache" / "archives" / "partial"):
            path.mkdir(parents=True, exist_ok=True)
        options = (
            "-o",
            f"Dir::State::lists={self._lists / 'lists'}",
            "-o",
            f"Dir::Cache={self._lists / 'cache'}",
        )
        self._options = options
        return _update(options)

    def _unpack(self, package_pattern: str) -> None:
        package = _candidate(package_pattern, self._options)
        before = set(self._downloads.iterdir())
        command = ["apt-get", *_NETWORK_OPTIONS, *self._options, "download", package]
        _run(command, _DOWNLOAD_SECONDS, directory=self._downloads)
        for archive in set(self._downloads.iterdir()) - before:
            _run(["dpkg-deb", "-x", str(archive), str(self.root)], _QUICK_SECONDS)

    def _dependencies(self) -> list[str]:
        """Return the package names that the downloaded archives depend on."""
        names: list[str] = []
        for archive in sorted(self._downloads.iterdir()):
            for field in ("Pre-Depends", "Depends"):
                listed = _run(["dpkg-deb", "-f", str(archive), field], _QUICK_SECONDS)
                names += [re.split(r"[\s(:|]", item.strip(), maxsplit=1)[0] for item in listed.split(",")]
        return [name for name in dict.fromkeys(names) if name]


def library_folders(root: Path) -> list[Path]:
    """Return the folders with shared libraries below an unpacked `root`."""
    found = {path.parent for prefix in ("lib", "usr/lib") for path in root.glob(f"{prefix}/**/*.so*")}
    return sorted(found)


def missing_libraries(program: Path, folders: Sequence[Path]) -> list[str]:
    """Return the shared libraries that `program` needs and that are neither installed nor in `folders`."""
    environment = dict(os.environ) | {"LD_LIBRARY_PATH": ":".join(map(str, folders)), "LC_ALL": "C"}
    listed = _run(["ldd", str(program)], _QUICK_SECONDS, environment=environment)
    return re.findall(r"^\s*(\S+) => not found", listed, re.MULTILINE)


def _candidate(package_pattern: str, options: Sequence[str]) -> str:
    """Return the shortest package name that matches: without a version number where there is one."""
    found = _run(["apt-cache", *options, "search", "--names-only", package_pattern], _QUICK_SECONDS)
    names = [line.split(" - ")[0].strip() for line in found.splitlines() if line.strip()]
    if not names:
        name = re.sub(r"\(.*|[\^$\\]", "", package_pattern)
        raise AptError(f"apt knows no package {name}: expected one in the package lists")
    return min(names, key=len)


def _is_installed(package: str) -> bool:
    result = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status}", package],
        capture_output=True,
        text=True,
        check=False,
    )
    return result.stdout.strip() == "installed"


def _run(
    command: list[str],
    limit_seconds: float,
    *,
    directory: Path | None = None,
    environment: dict[str, str] | None = None,
) -> str:
    try:
        result = subprocess.run(
            command,
            cwd=directory,
            env=_environment(environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=limit_seconds,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise AptError(f"{_spoken(command)} took more than {limit_seconds:g} s") from error
    except OSError as error:
        raise _not_started(command, error) from error
    if result.returncode != 0:
        raise AptError(f"{_spoken(command)} failed: {_last_error(result.stderr or result.stdout)}")
    return result.stdout


def _run_to_the_end(command: list[str]) -> None:
    """Run what must not be stopped half-way: without a limit, out of Ctrl-C's reach, and waited for.

    Its words go to a file, because a pipe whose reader goes away would end it.
    """
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as output:
        try:
            process = subprocess.Popen(
                command,
                env=_environment(None),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise _not_started(command, error) from error
        try:
            process.wait()
        except KeyboardInterrupt:
            process.wait()
            raise
        if process.returncode != 0:
            output.seek(0)
            raise AptError(f"{_spoken(command)} failed: {_last_error(output.read())}")


def _environment(given: dict[str, str] | None) -> dict[str, str]:
    return (given or dict(os.environ)) | {"DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}


def _spoken(command: list[str]) -> str:
    called = f"{command[0]} {next((part for part in command[1:] if part.isalpha()), '')}"
    return f"`{called.strip()}`"


def _not_started(command: list[str], error: OSError) -> AptError:
    return AptError(f"{_spoken(command)} could not be started: {error.strerror}")


def _last_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(("E:", "Err:", "dpkg-deb: error"))]
    return (errors or lines[-1:] or ["no words"])[0]
