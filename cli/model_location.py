"""Where models are looked for: a path, a name the user added, or the one that is shipped."""

from __future__ import annotations

import os
from pathlib import Path

from contract.errors import CrowdLensError

SHIPPED_MODELS = Path(__file__).parents[1] / "edge_components" / "vision" / "models"
DEFAULT_MODEL = "person_demo"


class UnknownModelError(CrowdLensError):
    """Raised when neither a file nor a model of that name is there."""


def added_models() -> Path:
    """Return the folder that `crowdlens models add` fills: $XDG_DATA_HOME/crowdlens/models."""
    data_home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data_home) / "crowdlens" / "models"


def find_model(named: str | None) -> Path:
    """Return the package folder or ONNX file that `named` means; None means the shipped detector.

    Raises `UnknownModelError` with the names that are known.
    """
    name = named or DEFAULT_MODEL
    candidates = [added_models() / name, SHIPPED_MODELS / name]
    if named is not None:
        candidates.insert(0, Path(named))
    for candidate in candidates:
        if candidate.exists():
            return candidate
    names = sorted(
        path.name
        for folder in (SHIPPED_MODELS, added_models())
        if folder.is_dir()
        for path in folder.iterdir()
    )
    known = ", ".join(names) or "(none yet)"
    raise UnknownModelError(f"model is {name!r}: expected a package folder, an .onnx file, or one of {known}")
