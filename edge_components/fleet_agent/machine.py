"""The machine as files and commands: a test gives another root, and commands that answer as it likes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge_components.fleet_agent.commands import run_command

Command = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class Machine:
    """Where files are read below `root`, and what runs a command; it raises `CommandError`."""

    root: Path = Path("/")
    command: Command = field(default=run_command)

    def path(self, name: str) -> Path:
        """Return the path of an absolute name without its slash, such as ``proc/stat``."""
        return self.root / name

    def text(self, name: str) -> str | None:
        """Return a file's text without spaces and zero bytes at its ends, None where it cannot be read."""
        return read_text(self.root / name)

    def number(self, name: str) -> int | None:
        """Return the whole number that a file holds, None where there is none."""
        return read_number(self.root / name)


def read_text(path: Path) -> str | None:
    """Return a file's text without spaces and zero bytes at its ends, None where it cannot be read."""
    try:
        return path.read_bytes().decode("utf-8", "replace").strip("\0 \t\r\n")
    except OSError:
        return None


def read_number(path: Path) -> int | None:
    """Return the whole number that a file holds, None where there is none."""
    try:
        return int(read_text(path) or "")
    except ValueError:
        return None
