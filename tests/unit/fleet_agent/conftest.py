"""Machines made of files and of commands that answer what a test wrote down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from edge_components.fleet_agent.commands import CommandMissingError
from edge_components.fleet_agent.machine import Machine

MachineOf = Callable[..., Machine]


@pytest.fixture
def machine_of(tmp_path: Path) -> MachineOf:
    """Write files below a root, then return the machine; each call adds to the files of the one before."""

    def make(
        files: Mapping[str, str] | None = None, commands: Mapping[str, str | Exception] | None = None
    ) -> Machine:
        for name, text in (files or {}).items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")

        def command(words: Sequence[str]) -> str:
            answer = (commands or {}).get(" ".join(words))
            if answer is None:
                raise CommandMissingError(f"{words[0]} is not installed")
            if isinstance(answer, Exception):
                raise answer
            return answer

        return Machine(tmp_path, command)

    return make
