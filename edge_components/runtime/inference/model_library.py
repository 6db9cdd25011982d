"""The models at hand: package folders inside one folder."""

from __future__ import annotations

import errno
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from contract.errors import DiskFullError
from contract.identity import check_identifier
from edge_components.runtime.inference.describe import describe
from edge_components.runtime.inference.model_package import (
    DESCRIPTION_FILE,
    MODEL_FILE,
    ModelPackage,
    ModelPackageError,
    description_of,
    read_package,
)
from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.runtime.inference.onnx_session import OnnxSession
from edge_components.runtime.inference.open_model import open_model


@dataclass(frozen=True)
class ListedModel:
    """A package folder found; `problem` is one sentence when it cannot be used."""

    name: str
    folder: Path
    package: ModelPackage | None
    problem: str | None


def list_models(models_folder: str | Path) -> list[ListedModel]:
    """Return the packages inside `models_folder` by name, broken ones with their problem."""
    folder = Path(models_folder)
    if not folder.is_dir():
        return []
    return [_listed(path) for path in sorted(folder.iterdir()) if (path / DESCRIPTION_FILE).is_file()]


def add_model(
    path: str | Path,
    name: str | None,
    models_folder: str | Path,
    *,
    labels: Sequence[str] | None = None,
    licence: str = "unknown",
) -> ModelPackage:
    """Make a package folder from the ONNX file (or package folder) at `path` and return it.

    The model is opened and run once before anything is written, and the folder appears complete or not at
    all. Raises `ModelLoadError`, `UnknownLayoutError`, `ModelPackageError` or `DiskFullError`.
    """
    path = Path(path)
    package = _examined(path, labels, licence)
    package = replace(package, name=check_identifier("name", name or package.name))
    target = Path(models_folder) / package.name
    if target.exists():
        raise ModelPackageError(
            f"model {package.name!r} is already in {models_folder}: expected another name"
        )
    _write(package, target)
    return replace(package, model_path=target / MODEL_FILE)


def _examined(path: Path, labels: Sequence[str] | None, licence: str) -> ModelPackage:
    if path.is_file() and path.name != DESCRIPTION_FILE:
        return replace(describe(OnnxSession(path, provider="cpu"), labels), licence=licence)
    return open_model(path, DetectorSettings(provider="cpu")).package


def _write(package: ModelPackage, target: Path) -> None:
    staging: Path | None = None
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
        shutil.copyfile(package.model_path, staging / MODEL_FILE)
        (staging / DESCRIPTION_FILE).write_text(description_of(package), encoding="utf-8")
        staging.chmod(0o755)
        staging.rename(target)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError(
                f"model {package.name!r}: no room left on the disk of {target.parent}"
            ) from error
        raise ModelPackageError(f"model {package.name!r} cannot be written to {target}: {error}") from error
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)


def _listed(folder: Path) -> ListedModel:
    try:
        return ListedModel(folder.name, folder, read_package(folder), None)
    except ModelPackageError as error:
        return ListedModel(folder.name, folder, None, str(error))
