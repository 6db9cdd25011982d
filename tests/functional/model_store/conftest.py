from __future__ import annotations

from pathlib import Path

import pytest

from tests.functional.model_store.store_kit import Rig, onnx_bytes, package_files


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A device without TensorRT, and people@1, people@2 and people@3 in its bucket."""
    rig = Rig.at(tmp_path)
    for version in ("1", "2", "3"):
        rig.bucket.push("people", version, package_files(onnx=onnx_bytes(weights=200 + int(version))))
    return rig
