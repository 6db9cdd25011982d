"""Keeps what ONNX Runtime's TensorRT provider builds, so that a restart does not build it again.

That takes minutes on a Jetson. ONNX Runtime names its files after a model's graph, not after its weights:
each package, by its content, has a folder of its own below ``state/models/onnx_engines``. A file that a power
cut spoilt would make the provider refuse the model at every start, so what lies there is held against its
digests.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.runtime.inference.provider_ladder import PROVIDERS, TENSORRT

logger = logging.getLogger(__name__)

CACHE_FOLDER = "onnx_engines"
MAXIMUM_BYTES = 1 << 30
"""Of all folders together; those used longest ago go first, never the one in use."""
_WHOLE_FILE = "whole.json"
_BLOCK_BYTES = 1 << 20


@contextmanager
def kept_engines(package: Path, settings: DetectorSettings, models: Path) -> Iterator[DetectorSettings]:
    """Yield settings with a folder for what is built while `package` is opened within.

    They come back as they are for a bare file, without TensorRT, and where nothing can be kept.
    """
    if not package.is_dir() or not _has_tensorrt(settings):
        yield settings
        return
    try:
        folder = _prepared(package, models / CACHE_FOLDER)
    except OSError as error:
        logger.warning("engines not kept", extra={"package": str(package), "error": str(error)})
        yield settings
        return
    yield replace(settings, engine_cache=folder)
    try:
        _close(folder)
    except OSError as error:
        logger.warning("engines not kept", extra={"package": str(package), "error": str(error)})


def _has_tensorrt(settings: DetectorSettings) -> bool:
    import onnxruntime

    return TENSORRT in PROVIDERS.get(settings.provider, ()) and (
        TENSORRT in onnxruntime.get_available_providers()
    )


def _prepared(package: Path, root: Path) -> Path:
    """Return the package's folder with nothing in it that is not whole; raises OSError."""
    folder = root / _key(package)
    if folder.is_dir() and not _is_whole(folder):
        logger.warning("engines were not whole and are built again", extra={"folder": str(folder)})
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True, mode=0o750)
    return folder


def _close(folder: Path) -> None:
    """Note what was built and make room; raises OSError."""
    whole = folder / _WHOLE_FILE
    digests = _digests(folder)
    if not whole.exists() or json.loads(whole.read_bytes()) != digests:
        whole.write_text(json.dumps(digests), encoding="utf-8")
    os.utime(folder)
    _make_room(folder.parent, folder)


def _make_room(root: Path, used: Path) -> None:
    others = sorted((one for one in root.iterdir() if one != used), key=lambda one: one.stat().st_mtime)
    left = _size(root)
    for folder in others:
        if left <= MAXIMUM_BYTES:
            return
        left -= _size(folder)
        shutil.rmtree(folder)


def _is_whole(folder: Path) -> bool:
    try:
        return bool(json.loads((folder / _WHOLE_FILE).read_bytes()) == _digests(folder))
    except (OSError, ValueError):
        return False


def _key(package: Path) -> str:
    """Return a name for the package's content and the ONNX Runtime that builds for it."""
    import onnxruntime

    told = json.dumps([onnxruntime.__version__, _digests(package)], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:24]


def _digests(folder: Path) -> dict[str, str]:
    files = (path for path in folder.iterdir() if path.is_file() and path.name != _WHOLE_FILE)
    return {path.name: _digest(path) for path in sorted(files)}


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
