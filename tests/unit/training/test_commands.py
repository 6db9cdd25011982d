from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

from training.__main__ import main
from training.settings import ROOT


def test_render_draws_a_sheet(tmp_path: Path) -> None:
    output = tmp_path / "sheet.png"
    assert main(["render", "--seed", "2", "--boxes", str(output)]) == 0
    picture = cv2.imread(str(output))
    assert picture is not None
    assert picture.shape == (560, 960, 3)


def test_a_missing_package_is_one_sentence(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    assert main(["evaluate", "--package", str(tmp_path)]) == 2
    assert "has no model.onnx" in caplog.text
    assert "Traceback" not in caplog.text


def test_rendering_and_evaluation_need_no_pytorch() -> None:
    modules = (
        "frames",
        "crowd",
        "dataset",
        "evaluate",
        "augmentation",
        "clip",
        "package",
        "trial",
        "__main__",
    )
    imports = "\n".join(f"import training.{name}" for name in modules)
    code = f"import sys\n{imports}\nassert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=60)


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="PyTorch is here")
def test_training_without_pytorch_says_where_it_lives(caplog: pytest.LogCaptureFixture) -> None:
    assert main(["train"]) == 2
    assert ".tools/training/bin/python" in caplog.text
