"""The golden check: what must pass, what must not, and what it says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_components.runtime.inference.golden import check_golden, read_picture, write_golden
from edge_components.runtime.inference.golden_file import GoldenDetections, GoldenError, read_golden

Make = Callable[..., Path]
SHIPPED = sorted((Path(__file__).parents[3] / "edge_components" / "vision" / "models").iterdir())
PICTURE = np.full((96, 128, 3), 90, np.uint8)


@pytest.mark.parametrize("folder", [pytest.param(path, id=path.name) for path in SHIPPED if path.is_dir()])
def test_a_shipped_model_passes_its_golden_check(folder: Path) -> None:
    result = check_golden(folder, provider="cpu")
    assert (result.passed, result.reason) == (True, None)
    assert result.provider == "CPUExecutionProvider"
    assert result.milliseconds > 0


def test_a_golden_check_can_be_made_and_passes(make_package: Make) -> None:
    folder = make_package()
    golden = write_golden(folder, PICTURE)
    assert golden == read_golden(folder)
    assert isinstance(golden, GoldenDetections)
    assert [expected.box for expected in golden.detections] == [(48, 32, 80, 96)]
    np.testing.assert_array_equal(read_picture(folder / "golden.png"), PICTURE)
    assert check_golden(folder, provider="cpu").passed


def test_a_picture_file_may_be_given(make_package: Make, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "drawn.jpg"), PICTURE)
    folder = make_package()
    write_golden(folder, tmp_path / "drawn.jpg")
    assert check_golden(folder).passed


def test_a_model_that_finds_nothing_makes_no_golden_check(make_package: Make) -> None:
    folder = make_package({"output0": np.zeros((1, 5, 84), np.float32)})
    with pytest.raises(GoldenError, match="model tiny finds nothing with confidence"):
        write_golden(folder, PICTURE)
    assert not (folder / "golden.json").exists()


def one(**changes: Any) -> dict[str, Any]:
    return {"label": "person", "confidence": 0.9, "box": [48, 32, 80, 96], **changes}


@pytest.mark.parametrize(
    ("detections", "reason"),
    [
        pytest.param([one(box=[48, 32, 84, 96])], "lies 4.0 pixels off: expected at most 1.5", id="moved"),
        pytest.param([one(confidence=0.95)], "has confidence 0.900: expected 0.950 ± 0.03", id="less sure"),
        pytest.param([one(label="car")], "car at (48, 32, 80, 96) is not found", id="another class"),
        pytest.param([one(), one(box=[0, 0, 9, 9])], "person at (0, 0, 9, 9) is not found", id="one less"),
        pytest.param(
            [one(label="dog", confidence=0.26)],
            "person with confidence 0.90 at (48, 32, 80, 96) is not in the golden picture",
            id="one more",
        ),
        pytest.param([one(box=[49.2, 31, 80, 96], confidence=0.88)], None, id="within the tolerance"),
        pytest.param(
            [one(), one(box=[0, 0, 9, 9], confidence=0.26)], None, id="one less, but a doubtful one"
        ),
    ],
)
def test_a_difference_is_named(
    detections: list[dict[str, Any]], reason: str | None, make_package: Make
) -> None:
    folder = make_package()
    write_golden(folder, PICTURE)
    document = json.loads((folder / "golden.json").read_text(encoding="utf-8"))
    (folder / "golden.json").write_text(json.dumps({**document, "detections": detections}), encoding="utf-8")
    result = check_golden(folder)
    assert result.passed is (reason is None)
    if reason is not None:
        assert result.reason is not None
        assert result.reason.startswith(f"golden check of {folder} failed on CPUExecutionProvider: ")
        assert result.reason.endswith(reason)


def test_a_model_that_gives_no_numbers_fails(make_package: Make) -> None:
    output = np.zeros((1, 5, 84), np.float32)
    output[0, :, 3] = (32, 32, np.nan, 32, 0.9)
    folder = make_package({"output0": output})
    good = make_package(name="good.onnx")
    write_golden(good, PICTURE)
    for name in ("golden.png", "golden.json"):
        shutil.copyfile(good / name, folder / name)
    assert "not finite numbers" in (check_golden(folder).reason or "")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        pytest.param("golden.json", None, "has no golden.json", id="no expectations"),
        pytest.param("golden.json", b"{", "is not valid JSON", id="not JSON"),
        pytest.param("golden.json", b"[]", "the document is '[]': expected names", id="a list"),
        pytest.param("golden.json", b" " * 300_000, "is larger than 256 KiB", id="far too long"),
        pytest.param(
            "golden.json",
            b'{"picture": "../secret.png"}',
            "picture is '../secret.png': expected the name of a file in the package",
            id="a picture elsewhere",
        ),
        pytest.param(
            "golden.json",
            b'{"picture": "golden.png", "tolerance": {"box_pixels": 1, "confidence": 1}, "detections": []}',
            "detections is '[]': expected at least one entry",
            id="nothing expected",
        ),
        pytest.param(
            "golden.json",
            b'{"picture": "golden.png", "tolerance": {"box_pixels": "1"}, "detections": [1]}',
            "tolerance.box_pixels is '1': expected a number",
            id="a tolerance as text",
        ),
        pytest.param(
            "golden.json",
            b'{"picture": "golden.png", "tolerance": {"box_pixels": 1, "confidence": 1}, "detections": '
            b'[{"label": "person", "confidence": 1, "box": [1, 2]}]}',
            "detections[0].box is [1, 2]: expected left, top, right, bottom",
            id="half a box",
        ),
        pytest.param("golden.png", None, "cannot be read: expected a PNG or JPEG file", id="no picture"),
        pytest.param("golden.png", b"\x89PNG", "cannot be read: expected a PNG", id="a cut-off picture"),
        pytest.param("golden.png", b"", "cannot be read: expected a PNG", id="an empty picture"),
        pytest.param("model.onnx", b"other", "sha256 of model.onnx is", id="another model"),
    ],
)
def test_a_package_that_cannot_be_checked_has_a_reason(
    name: str, content: bytes | None, reason: str, make_package: Make
) -> None:
    folder = make_package()
    write_golden(folder, PICTURE)
    (folder / name).unlink()
    if content is not None:
        (folder / name).write_bytes(content)
    result = check_golden(folder)
    assert not result.passed
    assert result.provider == ""
    assert reason in (result.reason or "")
    assert "\n" not in (result.reason or "")
