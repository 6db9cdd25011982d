"""Typed reading of a component's configuration; nucleus lite hands out every number as text."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, Final, TypeVar, overload

from contract.errors import CrowdLensError
from contract.identity import InvalidNameError, check_identifier

COMMON_KEYS = frozenset({"accessControl", "folder", "logLevel", "run", "settings"})
"""Keys that every component may have: what the recipe and `run_component` read."""
LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
_TRUTH = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_MAXIMUM_CHARACTERS = 4096

Default = TypeVar("Default")


class ComponentConfigError(CrowdLensError):
    """Raised for a configuration that a component cannot work with; the text names key and value."""


class _Required:
    pass


_REQUIRED: Final = _Required()


class Fields:
    """Reads the keys of a configuration (or of the part of it at `where`) as what they have to be.

    Text that holds a number is a number. A key that is missing, null or empty text has its default; without a
    default every method raises `ComponentConfigError`, and so it does for a value of the wrong kind.
    """

    def __init__(self, mapping: Mapping[str, Any], where: str = "") -> None:
        if not isinstance(mapping, Mapping):
            raise ComponentConfigError(f"{where or 'the configuration'} is {mapping!r}: expected an object")
        self.raw = mapping
        self._where = where

    @overload
    def text(self, name: str, *, maximum_characters: int = ...) -> str: ...
    @overload
    def text(self, name: str, default: Default, *, maximum_characters: int = ...) -> str | Default: ...
    def text(
        self, name: str, default: object = _REQUIRED, *, maximum_characters: int = _MAXIMUM_CHARACTERS
    ) -> object:
        """Return text without spaces at its ends; a number is taken as it is written."""
        value = self._value(name, default, "text")
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            raise self._error(name, value, "text")
        text = str(value).strip()
        if len(text) > maximum_characters:
            raise self._error(name, text[:40] + "…", f"at most {maximum_characters} characters")
        return text

    @overload
    def integer(self, name: str, *, minimum: int | None = ..., maximum: int | None = ...) -> int: ...
    @overload
    def integer(
        self, name: str, default: Default, *, minimum: int | None = ..., maximum: int | None = ...
    ) -> int | Default: ...
    def integer(
        self,
        name: str,
        default: object = _REQUIRED,
        *,
        minimum: int | None = None,
        maximum: int | None = None,
    ) -> object:
        """Return a whole number from `minimum` to `maximum`."""
        wanted = "a whole number" + _range(minimum, maximum)
        value = self._value(name, default, wanted)
        if value is None:
            return default
        number = _number(value)
        if number is None or not number.is_integer() or not _within(number, minimum, maximum):
            raise self._error(name, value, wanted)
        return int(number)

    @overload
    def real(self, name: str, *, minimum: float | None = ..., maximum: float | None = ...) -> float: ...
    @overload
    def real(
        self, name: str, default: Default, *, minimum: float | None = ..., maximum: float | None = ...
    ) -> float | Default: ...
    def real(
        self,
        name: str,
        default: object = _REQUIRED,
        *,
        minimum: float | None = None,
        maximum: float | None = None,
    ) -> object:
        """Return a finite number from `minimum` to `maximum`."""
        wanted = "a number" + _range(minimum, maximum)
        value = self._value(name, default, wanted)
        if value is None:
            return default
        number = _number(value)
        if number is None or not _within(number, minimum, maximum):
            raise self._error(name, value, wanted)
        return number

    @overload
    def boolean(self, name: str) -> bool: ...
    @overload
    def boolean(self, name: str, default: Default) -> bool | Default: ...
    def boolean(self, name: str, default: object = _REQUIRED) -> object:
        """Return a truth value: true or false, also as text, yes or no, 1 or 0."""
        value = self._value(name, default, "true or false")
        if value is None:
            return default
        truth = _TRUTH.get(str(value).strip().lower())
        if truth is None:
            raise self._error(name, value, "true or false")
        return truth

    @overload
    def one_of(self, name: str, choices: Collection[str]) -> str: ...
    @overload
    def one_of(self, name: str, choices: Collection[str], default: Default) -> str | Default: ...
    def one_of(self, name: str, choices: Collection[str], default: object = _REQUIRED) -> object:
        """Return one of `choices`."""
        wanted = "one of " + ", ".join(choices)
        value = self._value(name, default, wanted)
        if value is None:
            return default
        if not isinstance(value, str) or value.strip() not in choices:
            raise self._error(name, value, wanted)
        return value.strip()

    @overload
    def identifier(self, name: str) -> str: ...
    @overload
    def identifier(self, name: str, default: Default) -> str | Default: ...
    def identifier(self, name: str, default: object = _REQUIRED) -> object:
        """Return what may name a site, device or camera."""
        value = self._value(name, default, "a name")
        if value is None:
            return default
        try:
            return check_identifier(self._place(name), value)
        except InvalidNameError as error:
            raise ComponentConfigError(str(error)) from error

    def texts(self, name: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """Return a list of text; one text with commas between the parts stands for a list, too."""
        value = self._value(name, default, "a list")
        if value is None:
            return default
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
            raise self._error(name, value, "a list of text")
        return tuple(part.strip() for part in parts if part.strip())

    def mapping(self, name: str) -> Fields:
        """Return the fields of the object `name`, an empty one where there is none."""
        value = self.raw.get(name)
        return Fields({} if value is None or value == "" else value, self._place(name))

    def names(self) -> tuple[str, ...]:
        """Return the keys, in their order."""
        return tuple(self.raw)

    def check_known(self, known: Collection[str]) -> None:
        """Raise `ComponentConfigError` for a key that is not `known`; at the top the common keys are."""
        allowed = set(known) if self._where else {*known, *COMMON_KEYS}
        for name in self.raw:
            if name not in allowed:
                expected = ", ".join(sorted(set(known)))
                raise ComponentConfigError(
                    f"key {self._place(name)} is not known: expected one of {expected}"
                )

    def error(self, name: str, wanted: str) -> ComponentConfigError:
        """Return the error of key `name` that a component's own check found: it `wanted` something else."""
        return self._error(name, self.raw.get(name), wanted)

    def _value(self, name: str, default: object, wanted: str) -> Any:
        """Return what is at `name`, None where the default counts."""
        value = self.raw.get(name)
        missing = value is None or (isinstance(value, str) and not value.strip())
        if missing and default is _REQUIRED:
            raise ComponentConfigError(f"configuration {self._place(name)} is missing: expected {wanted}")
        return None if missing else value

    def _place(self, name: str) -> str:
        return f"{self._where}/{name}" if self._where else name

    def _error(self, name: str, value: object, wanted: str) -> ComponentConfigError:
        return ComponentConfigError(f"configuration {self._place(name)} is {value!r}: expected {wanted}")


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _within(number: float, minimum: float | None, maximum: float | None) -> bool:
    return (minimum is None or number >= minimum) and (maximum is None or number <= maximum)


def _range(minimum: float | None, maximum: float | None) -> str:
    if minimum is not None and maximum is not None:
        return f" from {minimum:g} to {maximum:g}"
    if minimum is not None:
        return f" of {minimum:g} or more"
    return "" if maximum is None else f" of {maximum:g} or less"
