"""The last configuration that a component could work with, kept over restarts."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

STARTS_REFUSED = 3
"""So many starts in a row with a configuration that is refused end at once.

The nucleus then calls the component broken, and the deployment that brought the configuration fails and is
rolled back. Where nobody rolls back (nucleus lite, a deployment that ended long ago) later starts go on with
the last good one: a device that counts and complains is better than one that does not count.
"""


class LastGood:
    """One component's file; what cannot be read counts as nothing, and writing never raises."""

    def __init__(self, folder: Path, component: str) -> None:
        self._path = folder / f"{component}.json"

    def keep(self, configuration: Mapping[str, Any]) -> None:
        """Remember a configuration that was taken."""
        document = {"configuration": dict(configuration), "refused_starts": 0}
        if self._read() != document:
            self._write(document)

    def refused_start(self) -> dict[str, Any] | None:
        """Note a start with a bad configuration; return the good one once nobody has rolled back."""
        document = self._read()
        starts = int(document.get("refused_starts") or 0) + 1
        self._write({**document, "refused_starts": starts})
        good = document.get("configuration")
        return good if starts > STARTS_REFUSED and isinstance(good, dict) else None

    def _read(self) -> dict[str, Any]:
        try:
            document = json.loads(self._path.read_bytes())
        except (OSError, ValueError):
            return {}
        return document if isinstance(document, dict) else {}

    def _write(self, document: Mapping[str, Any]) -> None:
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
