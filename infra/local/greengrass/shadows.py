"""Named shadows: desired, reported, their difference, and a version that rises with each change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class VersionConflictError(Exception):
    """An update names a version that is not the current one."""


class Shadow:
    """One named shadow. A key set to null goes, as in AWS IoT."""

    def __init__(self) -> None:
        self.version = 0
        self.desired: dict[str, Any] = {}
        self.reported: dict[str, Any] = {}

    def update(self, state: Mapping[str, Any], *, version: int | None = None) -> None:
        """Merge `state`, an object with desired or reported or both; raises `VersionConflictError`."""
        if version is not None and version != self.version:
            raise VersionConflictError(f"version {version}: expected {self.version}")
        self.desired = _merged(self.desired, state.get("desired", {}))
        self.reported = _merged(self.reported, state.get("reported", {}))
        self.version += 1

    def delta(self) -> dict[str, Any]:
        """Return what is desired and not reported so."""
        return _difference(self.desired, self.reported)

    def document(self) -> dict[str, Any]:
        """Return the document a reader gets."""
        state: dict[str, Any] = {"desired": self.desired, "reported": self.reported}
        if self.delta():
            state["delta"] = self.delta()
        return {"state": {name: value for name, value in state.items() if value}, "version": self.version}


def _merged(old: Any, change: Any) -> Any:
    if change is None:
        return {}
    result = dict(old)
    for name, value in change.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, Mapping):
            before = result.get(name)
            result[name] = _merged(before if isinstance(before, Mapping) else {}, value)
        else:
            result[name] = value
    return result


def _difference(desired: Mapping[str, Any], reported: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in desired.items():
        if name not in reported:
            found[name] = value
        elif isinstance(value, Mapping) and isinstance(reported[name], Mapping):
            deeper = _difference(value, reported[name])
            if deeper:
                found[name] = deeper
        elif value != reported[name]:
            found[name] = value
    return found
