"""The values that camera shadows are made of: each is checked, and refused in one sentence."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from contract.errors import CrowdLensError


class CameraShadowError(CrowdLensError):
    """Raised when a camera's shadow cannot be used; names the field, the value and what was expected."""


def mapping(field: str, value: object) -> Mapping[str, Any]:
    """Return `value` as a mapping."""
    if not isinstance(value, Mapping):
        raise CameraShadowError(f"{field} is {shown(value)}: expected a mapping of names to values")
    return value


def text(field: str, value: object) -> str:
    """Return `value` as text that is not empty."""
    if not isinstance(value, str) or not value:
        raise CameraShadowError(f"{field} is {shown(value)}: expected text")
    return value


def whole(field: str, value: object) -> int:
    """Return `value` as a whole number."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise CameraShadowError(f"{field} is {shown(value)}: expected a whole number")
    return value


def shown(value: object) -> str:
    """Return `value` as a sentence shows it, shortened to 80 characters."""
    written = repr(value)
    return written if len(written) <= 80 else written[:77] + "..."
