"""Counted against true, where the true counts of a clip are known."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError


class TruthError(CrowdLensError):
    """Raised when a file of true counts cannot be read."""


@dataclass(frozen=True)
class Compared:
    """One figure: what was counted and what is true."""

    name: str
    counted: float
    true: float

    @property
    def error(self) -> float:
        """Counted minus true."""
        return round(self.counted - self.true, 2)


def read_truth(path: Path) -> dict[str, Any]:
    """Return the document of true counts at `path`; raises `TruthError`."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {"lines": dict(document["lines"]), "zones": dict(document.get("zones", {}))}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise TruthError(f"truth {path}: expected JSON with lines: {{name: {{in, out}}}}") from error


def compare(truth: Mapping[str, Any], summary: Mapping[str, Any]) -> list[Compared]:
    """Return every figure that both `truth` and `summary` have, lines first."""
    compared = [
        Compared(f"{name} {direction}", summary["lines"][name][direction], true[direction])
        for name, true in truth["lines"].items()
        if name in summary["lines"]
        for direction in ("in", "out")
    ]
    compared += [
        Compared(f"{name} {figure}", _figure(summary["zones"][name][figure]), _figure(true[figure]))
        for name, true in truth["zones"].items()
        if name in summary["zones"]
        for figure in ("mean", "max")
        if figure in true and summary["zones"][name][figure] is not None
    ]
    return compared


def _figure(value: float) -> float:
    """Return a figure as people write it: whole where it is whole, else with two digits."""
    return int(value) if float(value).is_integer() else round(float(value), 2)
