"""Reads single CDK context values, which arrive as texts from the command line and as JSON from cdk.json."""

from __future__ import annotations

import difflib
import ipaddress
import re
from collections.abc import Callable, Collection, Iterable, Mapping

from contract.errors import CrowdLensError

Context = Callable[[str], object]
"""A look-up of a context value by its name; None when absent."""

_TRUE = ("true", "on", "yes", "1")
_FALSE = ("false", "off", "no", "0")


class ConfigError(CrowdLensError):
    """Raised when a context value cannot be used; the text names it and what was expected."""


def check_names(given: Iterable[str], known: Collection[str]) -> None:
    """Raise `ConfigError` for a name that is none of `known`: it would be ignored, and the default deployed.

    Names with a colon or a slash are CDK's own.
    """
    for name in sorted(set(given) - set(known)):
        if ":" in name or "/" in name:
            continue
        near = difflib.get_close_matches(name.lower().replace("-", "_"), known, n=1)
        expected = near[0] if near else f"one of {', '.join(sorted(known))}"
        raise ConfigError(f"there is no option {name}: expected {expected}")


def one_of(context: Context, name: str, allowed: tuple[str, ...], default: str) -> str:
    """Return the value of `name`, which must be one of `allowed`."""
    value = context(name)
    value = default if value is None else value
    if value not in allowed:
        raise ConfigError(f"{name} is {value!r}: expected one of {', '.join(allowed)}")
    return str(value)


def switch(context: Context, name: str, *, default: bool) -> bool:
    """Return whether `name` is on; the command line can only give it as a text."""
    value = context(name)
    text = str(default if value is None else value).lower()
    if text not in (*_TRUE, *_FALSE):
        raise ConfigError(f"{name} is {value!r}: expected on or off")
    return text in _TRUE


def whole_number(context: Context, name: str, default: int, least: int, most: int) -> int:
    """Return the value of `name` as a whole number from `least` to `most`."""
    value = context(name)
    text = str(default if value is None else value)
    if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
        raise ConfigError(f"{name} is {value!r}: expected a whole number from {least:,} to {most:,}")
    return int(text)


def amount(context: Context, name: str) -> float | None:
    """Return the value of `name` as an amount above zero; None when it is not given."""
    value = context(name)
    if value is None:
        return None
    text = str(value)
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]+)?", text) or float(text) <= 0:
        raise ConfigError(f"{name} is {value!r}: expected an amount above 0, like 60 or 60.5")
    return float(text)


def words(context: Context, name: str) -> tuple[str, ...]:
    """Return the value of `name`, a list or a text of comma-separated parts, as a tuple without blanks."""
    value = context(name)
    if value is None:
        return ()
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ConfigError(f"{name} is {value!r}: expected texts with commas between them")
    return tuple(part.strip() for part in parts if part.strip())


def assignments(context: Context, name: str, expected: str) -> dict[str, str]:
    """Return the value of `name`, an object or a text ``KEY=VALUE,KEY=VALUE``, as a dictionary.

    Raises `ConfigError` for anything else; the text says that `expected` was.
    """
    value = context(name)
    if value is None:
        return {}
    pairs: list[tuple[object, object]] = []
    if isinstance(value, Mapping):
        pairs = list(value.items())
    else:
        for part in words(context, name):
            key, _, assigned = part.partition("=")
            pairs.append((key.strip(), assigned.strip()))
    if not all(isinstance(part, str) and part for pair in pairs for part in pair):
        raise ConfigError(f"{name} is {value!r}: expected {expected}")
    return {str(key): str(assigned) for key, assigned in pairs}


def matching(context: Context, name: str, pattern: re.Pattern[str], expected: str) -> str | None:
    """Return the value of `name` as a text that is wholly like `pattern`, None when absent."""
    value = context(name)
    if value is None:
        return None
    # JSON context may hold an account as a number.
    if not pattern.fullmatch(str(value)):
        raise ConfigError(f"{name} is {value!r}: expected {expected}")
    return str(value)


def network(name: str, value: object) -> str:
    """Return `value`, given under `name`, as a network in CIDR notation."""
    try:
        network = ipaddress.IPv4Network(str(value))
    except ValueError as error:
        raise ConfigError(f"{name} is {value!r}: expected a CIDR like 10.42.0.0/16") from error
    return str(network)
