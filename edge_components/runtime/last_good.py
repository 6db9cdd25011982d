"""The last configuration that a component could work with, kept over restarts."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

STARTS_REFUSED = 3
"""So many starts in a row with a configuration that is refused end at once.

The nucleus then calls the component broken, and the deployment that brought the configuration fails and is
rolled back. Where nobody rolls back (nucleus lite, a deployment that ended long ago) later starts go on with
the last good one: a device that counts and complains is better than one that does not count.
"""


@dataclass(frozen=True)
class Refusal:
    """What is known of a configuration that is not worked with: why, and the `good` one in its place.

    `at_start`: it was taken, and then the work could not be started with it.
    """

    good: dict[str, Any]
    reason: str
    at_start: bool


class LastGood:
    """One component's file; what cannot be read counts as nothing, and writing never raises.

    Another `version` of the component may work with what this one refused, and is asked anew.
    """

    def __init__(self, folder: Path, component: str, version: str = "") -> None:
        self._path = folder / f"{component}.json"
        self._version = version

    def keep(self, configuration: Mapping[str, Any]) -> None:
        """Remember a configuration that is worked with."""
        document = {"configuration": dict(configuration), "refused_starts": 0}
        if self._read() != document:
            self._write(document)

    def offer(self, configuration: Mapping[str, Any]) -> None:
        """Remember that a configuration, taken while running, is to be started with."""
        document = self._read()
        document.pop("refused", None)
        self._write({**document, "offered": dict(configuration)})

    def refuse(self, configuration: Mapping[str, Any], reason: str, *, at_start: bool = False) -> bool:
        """Remember that a configuration is not worked with; return whether that was written."""
        refused = {"configuration": dict(configuration), "reason": reason, "at_start": at_start}
        document = {**self._read(), "refused": {**refused, "version": self._version}}
        return document == self._read() or self._write(document)

    def refused(self, configuration: Mapping[str, Any]) -> Refusal | None:
        """Return the refusal of a configuration that this version would not work with before."""
        document = self._read()
        good, refused = document.get("configuration"), document.get("refused")
        if not isinstance(good, dict) or not isinstance(refused, dict) or good == configuration:
            return None
        if (refused.get("configuration"), refused.get("version")) != (configuration, self._version):
            return None
        return Refusal(good, str(refused.get("reason")), refused.get("at_start") is True)

    def refused_start(self, configuration: Mapping[str, Any]) -> dict[str, Any] | None:
        """Note a start with a bad configuration; return the good one once nobody will roll back.

        That is after some starts, at once for a configuration that was taken while running, and where the
        number of starts cannot be kept.
        """
        document = self._read()
        starts = _number(document.get("refused_starts")) + 1
        is_counted = self._write({**document, "refused_starts": starts})
        good = document.get("configuration")
        if not isinstance(good, dict) or good == configuration:
            return None
        is_alone = document.get("offered") == configuration or not is_counted
        return good if is_alone or starts > STARTS_REFUSED else None

    def _read(self) -> dict[str, Any]:
        try:
            document = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def _write(self, document: Mapping[str, Any]) -> bool:
        partial = self._path.with_suffix(f".{os.getpid()}")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
            with partial.open("w", encoding="utf-8") as file:
                json.dump(document, file, ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)
        except (OSError, TypeError) as error:
            logger.warning("configuration not kept", extra={"path": str(self._path), "error": str(error)})
            return False
        return True


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
