"""``python3 -I …/root_helper/__main__.py``: what needs root on a device, and nothing else.

At its start and then every minute it

- makes the run folder (0750, the components' user) where the system has not, and the folder of camera
  addresses (0750, root and the components' group) below the settings;
- writes what ``nvpmodel -q`` says, which some JetPacks tell root alone, to ``facts.json``.

That is all. Its recipe passes the names of a user and a group, and no path or command. It follows no symbolic
link, writes into no folder that another may write, and imports the standard library only.
"""

from __future__ import annotations

import argparse
import grp
import json
import os
import pwd
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

EVERY_SECONDS = 60.0
_STOP_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})
_COMMAND_SECONDS = 10.0
_LARGEST_ANSWER = 4096
_POWER_MODE_COMMAND = ("/usr/sbin/nvpmodel", "-q")
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}


class RootHelperError(Exception):
    """Raised for something on the device that is not as it must be; the text says what."""


def main(argv: Sequence[str] | None = None) -> int:
    """Work until SIGTERM; return 0, or 2 after a sentence on standard error."""
    arguments = _parser().parse_args(argv)
    # Held back and asked for, so that a stop never comes in the middle of a change.
    signal.pthread_sigmask(signal.SIG_BLOCK, _STOP_SIGNALS)
    try:
        user, group = user_id(arguments.user), group_id(arguments.group)
        while True:
            make_folders(arguments.run, arguments.settings, user=user, group=group)
            write_facts(arguments.facts, {"power_mode": power_mode()}, group=group)
            if arguments.once or signal.sigtimedwait(_STOP_SIGNALS, EVERY_SECONDS):
                return 0
    except (RootHelperError, OSError) as error:
        sys.stderr.write(f"root_helper: {error}\n")
        return 2


def make_folders(run: Path, settings: Path, *, user: int, group: int) -> None:
    """Make the components' folders where they are missing, with their owners; raises `RootHelperError`."""
    make_folder(run, user=user, group=group)
    if settings.is_dir():
        make_folder(settings / "sources", user=os.geteuid(), group=group)


def make_folder(path: Path, *, user: int, group: int) -> None:
    """Make `path` (0750) and give it its owners; raises `RootHelperError` for what is there and no folder.

    Its parent has to be root's alone: else somebody could put a link in between the look and the change.
    """
    parent = path.parent.lstat()
    if parent.st_uid not in (0, os.geteuid()) or parent.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise RootHelperError(f"folder {path.parent} may be written by others: expected root alone")
    try:
        path.mkdir(mode=0o750)
    except FileExistsError:
        if not stat.S_ISDIR(path.lstat().st_mode):
            raise RootHelperError(f"{path} is there and is no folder: expected none or a folder") from None
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(descriptor)
        if (found.st_uid, found.st_gid) != (user, group):
            os.fchown(descriptor, user, group)
        if stat.S_IMODE(found.st_mode) != 0o750:
            os.fchmod(descriptor, 0o750)
    finally:
        os.close(descriptor)


def power_mode(command: Sequence[str] = _POWER_MODE_COMMAND) -> str | None:
    """Return what nvpmodel says, None where there is none or it fails."""
    if not Path(command[0]).exists():
        return None
    try:
        finished = subprocess.run(
            list(command),
            env=_ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_COMMAND_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    answer = finished.stdout[:_LARGEST_ANSWER].decode("utf-8", "replace").strip()
    return answer if finished.returncode == 0 and answer else None


def write_facts(folder: Path, facts: dict[str, str | None], *, group: int) -> None:
    """Write ``facts.json`` (0640) into `folder`, which is root's and which the group may read."""
    make_folder(folder, user=os.geteuid(), group=group)
    document = {"monotonic_seconds": round(time.monotonic(), 3), **facts}
    partial = folder / "facts.new"
    partial.unlink(missing_ok=True)
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o640)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchown(file.fileno(), os.geteuid(), group)
        json.dump(document, file)
    partial.replace(folder / "facts.json")


def user_id(name: str) -> int:
    """Return the number of user `name`; raises `RootHelperError`."""
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        raise RootHelperError(f"there is no user {name!r}: expected the components' user") from None


def group_id(name: str) -> int:
    """Return the number of group `name`; raises `RootHelperError`."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise RootHelperError(f"there is no group {name!r}: expected the components' group") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 -I root_helper/__main__.py",
        description="Do what needs root on a CrowdLens device, at once and then every minute: make the "
        "folders of the run and of camera addresses with their owners, and write what `nvpmodel -q` says.",
        epilog="exit status: 0 ended by SIGTERM or --once, 2 something is not as it must be, in one sentence",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument(
        "--run", type=Path, default=Path("/run/crowdlens"), help="folder of status files and live pictures"
    )
    parser.add_argument(
        "--settings",
        type=Path,
        default=Path("/etc/crowdlens"),
        help="folder that gets sources/, if it is there",
    )
    parser.add_argument(
        "--facts", type=Path, default=Path("/run/crowdlens-root"), help="folder that gets facts.json"
    )
    parser.add_argument("--user", default="ggc_user", help="user of the components")
    parser.add_argument("--group", default="ggc_group", help="group of the components")
    parser.add_argument("--once", action="store_true", help="do it once and end")
    return parser


if __name__ == "__main__":
    sys.exit(main())
