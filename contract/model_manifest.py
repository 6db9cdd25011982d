"""The manifest of a published model version: the files of the package, each with its size and sha256.

``models/NAME/VERSION/manifest.json``, beside it the files, and ``manifest.sig`` where versions are signed::

    {"format": 1, "name": "person_demo", "version": "1", "task": "detection",
     "files": [{"name": "model.onnx", "bytes": 5312000, "sha256": "552d…"}, …],
     "accuracy": {"fp32": 0.831, "int8": 0.822}}

The signature is over the manifest's bytes, and the manifest holds the digest of every other file. Unknown
keys are a newer publisher's, and are ignored.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.device_store import MODELS_PREFIX
from contract.errors import CrowdLensError
from contract.identity import InvalidNameError, check_identifier

FORMAT = 1
MANIFEST_FILE = "manifest.json"
SIGNATURE_FILE = "manifest.sig"
MODEL_FILE, DESCRIPTION_FILE = "model.onnx", "model.yaml"
GOLDEN_FILE, GOLDEN_PICTURE = "golden.json", "golden.png"
HALF_PRECISION_FILE = "model_fp16.onnx"
"""The model after ModelOpt AutoCast: what TensorRT 11 builds half precision from."""
QUANTISED_FILE = "model_int8.onnx"
"""The model with Q/DQ nodes: what any TensorRT builds int8 from."""
CALIBRATION_FILE = "calibration.cache"
"""Calibration of TAO or trtexec: what TensorRT up to 10 can build int8 from."""
ENGINE_FILE, ENGINE_FACTS_FILE = "engine.plan", "engine.json"
"""An engine that was built elsewhere for the very same kind of device, and what it was built for."""
REQUIRED_FILES = (DESCRIPTION_FILE, GOLDEN_FILE, GOLDEN_PICTURE)
"""What every package has, beside its model: as ONNX, or as an engine where there is no ONNX of it."""
OPTIONAL_FILES = (
    MODEL_FILE,
    HALF_PRECISION_FILE,
    QUANTISED_FILE,
    CALIBRATION_FILE,
    ENGINE_FILE,
    ENGINE_FACTS_FILE,
)
PRECISIONS = ("fp32", "fp16", "int8")
MAXIMUM_MANIFEST_BYTES = 64 * 1024
MAXIMUM_SIGNATURE_BYTES = 2048
MAXIMUM_FILE_BYTES = 2 * 1024**3
_SHA256 = re.compile(r"[0-9a-f]{64}")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


class ModelManifestError(CrowdLensError):
    """Raised for a manifest or a model's name that cannot be used; the text names the field."""


@dataclass(frozen=True)
class ModelReference:
    """A published version of a model; as text `name@version`."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name}@{self.version}"

    def key(self, file_name: str) -> str:
        """Return the object key of one of the version's files."""
        return f"{MODELS_PREFIX}{self.name}/{self.version}/{file_name}"


@dataclass(frozen=True)
class ManifestFile:
    """One file of the package."""

    name: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True)
class ModelManifest:
    """A checked manifest; `accuracy` says by precision what the publisher measured, 0 to 1."""

    name: str
    version: str
    task: str
    files: tuple[ManifestFile, ...]
    accuracy: Mapping[str, float] = field(default_factory=dict)

    @property
    def reference(self) -> ModelReference:
        """What this is the manifest of."""
        return ModelReference(self.name, self.version)

    @property
    def size_bytes(self) -> int:
        """All files together."""
        return sum(file.size_bytes for file in self.files)

    def file(self, name: str) -> ManifestFile | None:
        """Return the entry of a file, None when the package has none of that name."""
        return next((file for file in self.files if file.name == name), None)


def parse_reference(text: object) -> ModelReference:
    """Return the model and version that `name@version` means; raises `ModelManifestError`."""
    name, at, version = text.partition("@") if isinstance(text, str) else ("", "", "")
    if not at or not version:
        raise ModelManifestError(f"model is {text!r}: expected NAME@VERSION, for example person_demo@1")
    return ModelReference(_name(name), check_version(version))


def check_version(value: object) -> str:
    """Return `value` when it may be a version; it becomes part of object keys and paths."""
    if not isinstance(value, str) or not _VERSION.fullmatch(value):
        raise ModelManifestError(
            f"version is {value!r}: expected 1 to 64 of A-Z a-z 0-9 . _ - starting with a letter or digit"
        )
    return value


def manifest_bytes(manifest: ModelManifest) -> bytes:
    """Return the manifest's text: the same bytes for the same content."""
    document: dict[str, Any] = {
        "format": FORMAT,
        "name": manifest.name,
        "version": manifest.version,
        "task": manifest.task,
        "files": [
            {"name": file.name, "bytes": file.size_bytes, "sha256": file.sha256} for file in manifest.files
        ],
    }
    if manifest.accuracy:
        document["accuracy"] = dict(sorted(manifest.accuracy.items()))
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()


def parse_manifest(content: bytes, expected: ModelReference | None = None) -> ModelManifest:
    """Return the manifest in `content`, which must be that of `expected`; raises `ModelManifestError`."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ModelManifestError(f"{MANIFEST_FILE} is not valid JSON ({str(error)[:80]})") from error
    fields = _mapping("the document", document)
    if fields.get("format") != FORMAT:
        raise ModelManifestError(f"{MANIFEST_FILE}: format is {fields.get('format')!r}: expected {FORMAT}")
    manifest = ModelManifest(
        _name(fields.get("name")),
        check_version(fields.get("version")),
        str(fields.get("task", "detection")),
        _files(fields.get("files")),
        _accuracy(fields.get("accuracy", {})),
    )
    if expected is not None and manifest.reference != expected:
        raise ModelManifestError(f"{MANIFEST_FILE} is that of {manifest.reference}: expected {expected}")
    return manifest


def _name(value: object) -> str:
    try:
        return check_identifier("model name", value)
    except InvalidNameError as error:
        raise ModelManifestError(str(error)) from error


def _files(value: object) -> tuple[ManifestFile, ...]:
    if not isinstance(value, list) or len(value) > len(REQUIRED_FILES) + len(OPTIONAL_FILES):
        raise ModelManifestError(
            f"{MANIFEST_FILE}: files is {str(value)[:60]!r}: expected the package's files"
        )
    files = tuple(_file(index, item) for index, item in enumerate(value))
    names = [file.name for file in files]
    if len(set(names)) != len(names):
        raise ModelManifestError(f"{MANIFEST_FILE}: files has {names}: expected each name once")
    missing = missing_file(names)
    if missing is not None:
        raise ModelManifestError(f"{MANIFEST_FILE}: files lacks {missing}: expected it in every package")
    return files


def missing_file(names: Collection[str]) -> str | None:
    """Return what a package with the files `names` lacks, None when it is whole."""
    missing = next((name for name in REQUIRED_FILES if name not in names), None)
    if missing is not None or MODEL_FILE in names:
        return missing
    if ENGINE_FILE not in names:
        return f"{MODEL_FILE} (or {ENGINE_FILE} with {ENGINE_FACTS_FILE})"
    return None if ENGINE_FACTS_FILE in names else ENGINE_FACTS_FILE


def _file(index: int, value: object) -> ManifestFile:
    where = f"files[{index}]"
    fields = _mapping(where, value)
    name, size, digest = fields.get("name"), fields.get("bytes"), fields.get("sha256")
    # Names that are known are also names that cannot leave the folder.
    if name not in (*REQUIRED_FILES, *OPTIONAL_FILES):
        raise ModelManifestError(
            f"{MANIFEST_FILE}: {where}.name is {name!r}: expected one of "
            f"{', '.join((*REQUIRED_FILES, *OPTIONAL_FILES))}"
        )
    if type(size) is not int or not 0 < size <= MAXIMUM_FILE_BYTES:
        raise ModelManifestError(
            f"{MANIFEST_FILE}: {where}.bytes is {size!r}: expected 1 to {MAXIMUM_FILE_BYTES}"
        )
    if not isinstance(digest, str) or not _SHA256.fullmatch(digest):
        raise ModelManifestError(f"{MANIFEST_FILE}: {where}.sha256 is {digest!r}: expected 64 hex digits")
    return ManifestFile(str(name), size, digest)


def _accuracy(value: object) -> dict[str, float]:
    measured = _mapping("accuracy", value)
    for precision, figure in measured.items():
        is_number = isinstance(figure, (int, float)) and not isinstance(figure, bool)
        if precision not in PRECISIONS or not is_number or not 0 <= figure <= 1:
            raise ModelManifestError(
                f"{MANIFEST_FILE}: accuracy.{precision} is {figure!r}: expected 0 to 1 for one of "
                f"{', '.join(PRECISIONS)}"
            )
    return {precision: float(figure) for precision, figure in measured.items()}


def _mapping(where: str, value: object) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ModelManifestError(
            f"{MANIFEST_FILE}: {where} is {str(value)[:60]!r}: expected names and values"
        )
    return value
