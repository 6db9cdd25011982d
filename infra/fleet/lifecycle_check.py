"""Rules for the steps of a recipe's lifecycle."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from infra.fleet.rollout import DEPLOYMENT_MINUTES

_STEPS = frozenset({"install", "run", "startup"})
"""Lite has no shutdown and no recover, and bootstrap only in part."""
_STEP_KEYS = frozenset({"Script", "Setenv", "Timeout", "RequiresPrivilege"})
"""Lite passes over Skipif without a word, so the step would always run there."""
_LONGEST_TIMEOUT_SECONDS = DEPLOYMENT_MINUTES * 60
"""A longer one fails its deployment anyhow: building an engine on a small device takes an hour."""
_MAXIMUM_SCRIPT_BYTES = 10_000
"""Lite's MAX_SCRIPT_LENGTH."""
_FROM_THE_INTERNET = re.compile(r"\b(curl|wget|apt|apt-get|git|https?:)\b|\bpip3? install\b")
_ENVIRONMENT_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_PLAIN_VARIABLES = frozenset(
    {"artifacts:path", "artifacts:decompressedPath", "kernel:rootPath", "iot:thingName", "work:path"}
)
"""All that lite replaces beside ``configuration:/…``; it knows none of another component."""
_UNPACKED = re.compile(r"\{artifacts:decompressedPath\}/([^/]+)")


def lifecycle_problems(
    lifecycle: Mapping[str, Any],
    configuration: Mapping[str, Any],
    folders: Collection[str],
    *,
    may_be_root: bool = False,
) -> Iterator[str]:
    """Yield a sentence for every rule that `lifecycle` breaks.

    `folders` are what the manifest's archives unpack to: a folder named after each.
    """
    if not may_be_root:
        yield from _privilege_problems(lifecycle)
    if not lifecycle:
        yield "a manifest has an empty Lifecycle: expected install, run or startup"
    if {"run", "startup"} <= lifecycle.keys():
        yield "a manifest has both run and startup: expected one of them"
    for name, step in lifecycle.items():
        if name not in _STEPS:
            yield f"step {name} is not known to nucleus lite: expected install, run or startup"
        elif not isinstance(step, Mapping):
            yield f"step {name} is {step!r}: expected a mapping with Script"
        else:
            yield from _step_problems(name, step, configuration, folders)


def _privilege_problems(lifecycle: Mapping[str, Any]) -> Iterator[str]:
    for name, step in lifecycle.items():
        if isinstance(step, Mapping) and step.get("RequiresPrivilege", False) is not False:
            yield f"step {name} asks for root: expected a component of its own for what needs it"


def _step_problems(
    name: str, step: Mapping[str, Any], configuration: Mapping[str, Any], folders: Collection[str]
) -> Iterator[str]:
    for key in sorted(step.keys() - _STEP_KEYS):
        yield f"step {name} has {key}: expected only {', '.join(sorted(_STEP_KEYS))}"
    yield from _timeout_problems(name, step.get("Timeout"))
    yield from _script_problems(name, step.get("Script"))
    for variable, value in step.get("Setenv", {}).items():
        if not _ENVIRONMENT_NAME.fullmatch(variable) or not isinstance(value, str):
            yield f"step {name} sets {variable} to {value!r}: expected a name and a text"
        else:
            yield from _value_problems(f"step {name} sets {variable}", value, configuration, folders)


def _timeout_problems(name: str, timeout: Any) -> Iterator[str]:
    if name == "run":
        if timeout is not None:
            yield "step run has a Timeout: expected none, for it runs until it is stopped"
    elif type(timeout) is not int or not 0 < timeout <= _LONGEST_TIMEOUT_SECONDS:
        yield f"step {name} has Timeout {timeout!r}: expected 1 to {_LONGEST_TIMEOUT_SECONDS} seconds, stated"


def _script_problems(name: str, script: Any) -> Iterator[str]:
    if not isinstance(script, str) or not script.strip():
        yield f"step {name} has no Script: expected shell text"
        return
    if len(script.encode()) > _MAXIMUM_SCRIPT_BYTES:
        yield f"step {name} is longer than {_MAXIMUM_SCRIPT_BYTES} bytes, the most that lite takes"
    if "{" in script:
        yield f"step {name} has a brace in its Script: expected recipe variables in Setenv only"
    found = _FROM_THE_INTERNET.search(script)
    if found:
        yield f"step {name} says {found[0]!r}: expected nothing to be fetched on the device"


def _value_problems(
    what: str, value: str, configuration: Mapping[str, Any], folders: Collection[str]
) -> Iterator[str]:
    for variable in _VARIABLE.findall(value):
        kind, _, pointer = variable.partition(":/")
        if kind == "configuration":
            if not isinstance(configuration.get(pointer), str):
                yield f"{what} from {variable!r}: expected a key of DefaultConfiguration with a text"
        elif variable not in _PLAIN_VARIABLES:
            yield f"{what} from {variable!r}: expected a recipe variable that both nuclei know"
    for folder in _UNPACKED.findall(value):
        if folder not in folders:
            yield f"{what} below {folder!r}: expected {', '.join(sorted(folders))}, as the archives unpack"
