"""Opens what runs a model: its package's TensorRT engine, or its ONNX file on the best provider to be had."""

from __future__ import annotations

import logging
from pathlib import Path

from contract.errors import CrowdLensError
from edge_components.runtime.inference.describe import describe, probe
from edge_components.runtime.inference.layout_match import ModelOutputs
from edge_components.runtime.inference.layouts import TRAITS, UnknownLayoutError, recognise
from edge_components.runtime.inference.model_package import (
    DESCRIPTION_FILE,
    ModelPackage,
    ModelPackageError,
    read_package,
)
from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.runtime.inference.onnx_session import OnnxSession
from edge_components.runtime.inference.session import ModelLoadError, Session
from edge_components.runtime.inference.tensorrt_session import TensorRtSession

ENGINE_SUFFIX = ".plan"
"""Of the model's file in a package that brings an engine and no ONNX."""
_log = logging.getLogger(__name__)
# A command line without logging says it in its own words.
_log.addHandler(logging.NullHandler())


def open_session(
    path: str | Path, settings: DetectorSettings, engine: Path | None, *, engine_only: bool
) -> tuple[ModelPackage, Session]:
    """Return the package at `path` (or of a bare ONNX file) and what runs it, checked by one inference.

    An `engine` that cannot be used is a step down to the ONNX file, said in the log and in the session's
    `provider_note`, unless `engine_only`. Raises `ModelPackageError`, `ModelLoadError` or
    `UnknownLayoutError`, each one sentence.
    """
    path = Path(path)
    if not path.exists():
        raise ModelLoadError(f"model {path}: no such file or folder")
    if path.is_file() and path.name != DESCRIPTION_FILE:
        if engine is not None:
            raise ModelLoadError(f"engine {engine} was given with {path}: expected a model package, a folder")
        session: Session = _onnx(path, settings)
        return describe(session), session
    package = read_package(path if path.is_dir() else path.parent)
    session = _package_session(package, settings, engine, engine_only)
    if session.provider_note is not None:
        _log.warning(
            "the model runs on another provider than expected",
            extra={"model": package.name, "provider": session.provider, "reason": session.provider_note},
        )
    return package, session


def _package_session(
    package: ModelPackage, settings: DetectorSettings, engine: Path | None, engine_only: bool
) -> Session:
    if package.model_path.suffix == ENGINE_SUFFIX:
        return _checked(package, _engine(engine or package.model_path, settings))
    problem = None
    if engine is not None:
        try:
            return _checked(package, _engine(engine, settings))
        except CrowdLensError as error:
            if engine_only:
                raise
            problem = str(error)
    return _checked(package, _onnx(package.model_path, settings, problem))


def _engine(path: Path, settings: DetectorSettings) -> TensorRtSession:
    return TensorRtSession(path, maximum_batch=settings.maximum_batch)


def _onnx(path: Path, settings: DetectorSettings, engine_problem: str | None = None) -> OnnxSession:
    return OnnxSession(
        path,
        provider=settings.provider,
        threads=settings.threads,
        engine_cache=settings.engine_cache,
        engine_problem=engine_problem,
    )


def _checked(package: ModelPackage, session: Session) -> Session:
    try:
        _check_against_session(package, session)
    except CrowdLensError:
        session.close()
        raise
    return session


def _check_against_session(package: ModelPackage, session: Session) -> None:
    size = (package.input.width, package.input.height)
    fixed = (session.input.width or size[0], session.input.height or size[1])
    if fixed != size:
        raise ModelPackageError(
            f"model package {package.model_path.parent}: input is {size[0]}x{size[1]} but "
            f"{session.path.name} takes {fixed[0]}x{fixed[1]}"
        )
    shapes = [(name, output.shape) for name, output in probe(session, *size)]
    classes = TRAITS[package.layout].match(ModelOutputs(shapes, *size))
    if classes is not None and classes in (0, len(package.labels)):
        return
    try:
        layout, classes = recognise(shapes, *size)
    except UnknownLayoutError as error:
        raise UnknownLayoutError(f"model {session.path}: {error}") from error
    raise ModelPackageError(
        f"model package {package.model_path.parent}: layout {package.layout} with {len(package.labels)} "
        f"labels does not fit the model, whose outputs are {layout} with {classes} classes"
    )
