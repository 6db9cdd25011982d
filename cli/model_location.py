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
    raise UnknownModelError(
        f"model is {name!r}: expected a package folder, an .onnx file, or one of {known}; "
        "`crowdlens models add FILE.onnx --name NAME` adds one"
    )


def model_of_project(path: Path) -> Path:
    """Return the model that a project file names: beside it, as a path, or one at hand, of that version.

    Raises `ProjectError` or `UnknownModelError`.
    """
    from edge_components.runtime.inference.model_package import read_package
    from edge_components.vision.project_file import local_model, read_project

    project = read_project(path)
    beside = local_model(project, path)
    if beside is not None:
        return beside
    reference = project.model
    try:
        found = find_model(reference.name or reference.text)
    except UnknownModelError as error:
        raise UnknownModelError(f"project file {path}: {error}") from error
    if reference.version is not None and (found / "model.yaml").is_file():
        version = read_package(found).version
        if version != reference.version:
            raise UnknownModelError(
                f"project file {path}: model is {reference.text!r}: expected version {version}, as the "
                f"model.yaml of the one at hand says, or {reference.name} alone"
            )
    return found
