"""Makes the manifest of a package after trying it: what fails on a desk is not sent to a fleet."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from contract.errors import CrowdLensError, WorkFailedError
from contract.model_manifest import (
    MODEL_FILE,
    OPTIONAL_FILES,
    PRECISIONS,
    REQUIRED_FILES,
    ManifestFile,
    ModelManifest,
    check_version,
    missing_file,
)
from edge_components.model_store.onnx_file import picture_input, read_onnx
from edge_components.model_store.packages import sha256_of_file
from edge_components.runtime.inference.model_package import ModelPackage, read_package

TAO_SUFFIXES = (".etlt", ".tlt", ".hdf5")
TAO_PATH = (
    "expected ONNX: export it with TAO 5 (`tao model yolo_v4 export … -o model.onnx`), or build its engine "
    "on such a device (tao-converter) and add it as engine.plan; see docs/model_store.md"
)


class PushError(CrowdLensError):
    """Raised when a package cannot be published as it is; the text says what it lacks."""


class GoldenCheckFailedError(WorkFailedError):
    """Raised when the package's golden picture does not give what it promises."""


@dataclass(frozen=True)
class CheckedPackage:
    """A package that may be pushed; `note` says what could not be tried on this machine."""

    folder: Path
    manifest: ModelManifest
    note: str


def refuse_tao(path: Path) -> None:
    """Raise `PushError` for a file (or a folder with nothing but one) that TAO alone can open."""
    inside = [path] if path.is_file() else [file for file in path.glob("*") if file.is_file()]
    encrypted = next((file for file in inside if file.suffix in TAO_SUFFIXES), None)
    if encrypted is not None and not any(file.suffix in (".onnx", ".plan") for file in inside):
        raise PushError(f"model {encrypted.name} is for TAO's own tools: {TAO_PATH}")


def check_package(folder: Path, version: str | None, accuracy: dict[str, float]) -> CheckedPackage:
    """Return the package at `folder` with its manifest, after one golden picture on this machine's CPU.

    Raises `PushError`, `GoldenCheckFailedError`, `ModelPackageError` or `ModelRefusedError`.
    """
    from edge_components.runtime.inference.golden import check_golden

    refuse_tao(folder)
    _check_files(folder)
    described = read_package(folder)
    if _is_for_tensorrt_alone(described):
        note = "not tried here, for it takes TensorRT; each device tries it before it is active"
    else:
        outcome = check_golden(folder, engine=None, provider="cpu")
        if not outcome.passed:
            raise GoldenCheckFailedError(str(outcome.reason))
        note = f"golden picture passed on {outcome.provider}, {outcome.milliseconds:.1f} ms"
    manifest = ModelManifest(
        described.name,
        check_version(version or described.version),
        described.task,
        tuple(_listed(folder)),
        accuracy,
    )
    return CheckedPackage(folder, manifest, note)


def parse_accuracy(values: list[str]) -> dict[str, float]:
    """Return the figures of `PRECISION=0.83` words; raises `PushError`."""
    figures: dict[str, float] = {}
    for word in values:
        precision, _, figure = word.partition("=")
        try:
            number = float(figure)
        except ValueError:
            number = -1.0
        if precision not in PRECISIONS or not 0 <= number <= 1:
            raise PushError(f"accuracy is {word!r}: expected {'|'.join(PRECISIONS)}=0 to 1, as int8=0.82")
        figures[precision] = number
    return figures


def _is_for_tensorrt_alone(described: ModelPackage) -> bool:
    """Return whether only a device can try the model, after holding its ONNX file against model.yaml."""
    path = described.model_path
    if path.name != MODEL_FILE:
        return True
    onnx = read_onnx(path)
    picture_input(onnx, path.name, described.input.width, described.input.height)
    return onnx.needs_tensorrt


def _check_files(folder: Path) -> None:
    if not folder.is_dir():
        files = ", ".join((MODEL_FILE, *REQUIRED_FILES))
        raise PushError(f"model {folder} is no package folder: expected one with {files}")
    missing = missing_file([path.name for path in folder.iterdir() if path.is_file()])
    if missing is not None:
        hint = "; `crowdlens models golden` makes the golden check" if missing.startswith("golden") else ""
        raise PushError(f"model package {folder} has no {missing}: expected it in the package{hint}")


def _listed(folder: Path) -> list[ManifestFile]:
    paths = [folder / name for name in (*REQUIRED_FILES, *OPTIONAL_FILES) if (folder / name).is_file()]
    return [ManifestFile(path.name, path.stat().st_size, sha256_of_file(path)) for path in paths]
