"""The fault of a camera that is told of and not over yet: it outlives its run, and a restart."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path

from contract.files import write_whole

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Fault:
    """A fault by the event it is told under, and when it began, in ms since 1970."""

    event: str
    started_ms: int


class OpenFault:
    """Keeps the open fault of one camera, in `path` when there is one; what cannot be read there is none."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._fault = None if path is None else _read(path)

    @property
    def fault(self) -> Fault | None:
        """The fault that is open, None without one."""
        return self._fault

    @fault.setter
    def fault(self, fault: Fault | None) -> None:
        self._fault = fault
        if self._path is None:
            return
        try:
            if fault is None:
                self._path.unlink(missing_ok=True)
            else:
                write_whole(self._path, json.dumps(asdict(fault)) + "\n")
        except OSError as error:
            # A restart costs the end of this fault then, and nothing else.
            logger.warning("open fault not kept", extra={"path": str(self._path), "problem": str(error)})


def _read(path: Path) -> Fault | None:
    try:
        kept = json.loads(path.read_bytes())
        return Fault(str(kept["event"]), int(kept["started_ms"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
