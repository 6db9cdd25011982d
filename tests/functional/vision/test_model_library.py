from __future__ import annotations

import errno
import shutil
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

from contract.errors import CrowdLensError, DiskFullError
from edge_components.runtime.inference.detector import open_detector
from edge_components.runtime.inference.layouts import grid_cells
from edge_components.runtime.inference.model_library import add_model, list_models
from edge_components.runtime.inference.model_package import read_package

Make = Callable[..., Path]


def test_a_bare_file_becomes_a_package_that_opens(make_model: Make, tmp_path: Path) -> None:
    added = add_model(make_model(), "crowd", tmp_path / "models", licence="MIT")
    package = read_package(tmp_path / "models" / "crowd")
    assert package == added
    assert (package.name, package.layout, package.labels, package.licence) == (
        *("crowd", "yolo_v8"),
        *(("person",), "MIT"),
    )
    assert len(open_detector(tmp_path / "models" / "crowd").detect(np.zeros((64, 64, 3), np.uint8))) == 1


def test_without_a_name_the_file_gives_it(make_model: Make, tmp_path: Path) -> None:
    assert add_model(make_model("모델 v8 (1).onnx"), None, tmp_path / "models").name == "v8__1"


def test_labels_can_be_given(make_model: Make, tmp_path: Path) -> None:
    model = make_model(outputs={"out": np.zeros((1, 6, grid_cells(64, 64)), np.float32)}, metadata={})
    package = add_model(model, "two", tmp_path / "models", labels=["사람", "차"])
    assert read_package(package.model_path.parent).labels == ("사람", "차")


def test_a_package_folder_can_be_added_under_another_name(make_model: Make, tmp_path: Path) -> None:
    first = add_model(make_model(), "first", tmp_path / "models")
    second = add_model(first.model_path.parent, "second", tmp_path / "models")
    assert second.sha256 == first.sha256
    assert [model.name for model in list_models(tmp_path / "models")] == ["first", "second"]


def test_a_name_that_is_taken_is_refused_and_kept(make_model: Make, tmp_path: Path) -> None:
    add_model(make_model(), "crowd", tmp_path / "models")
    with pytest.raises(CrowdLensError, match="model 'crowd' is already in"):
        add_model(make_model("other.onnx"), "crowd", tmp_path / "models")
    assert read_package(tmp_path / "models" / "crowd").description == "made from tiny.onnx"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        pytest.param(errno.ENOSPC, DiskFullError, id="disk full"),
        pytest.param(errno.EIO, CrowdLensError, id="broken disk"),
    ],
)
def test_nothing_half_written_stays(
    number: int, expected: type[Exception], make_model: Make, tmp_path: Path
) -> None:
    model = make_model()
    with (
        mock.patch.object(shutil, "copyfile", autospec=True, side_effect=OSError(number, "failed")),
        pytest.raises(expected, match="crowd"),
    ):
        add_model(model, "crowd", tmp_path / "models")
    assert list((tmp_path / "models").iterdir()) == []


def test_a_model_of_unknown_layout_is_not_added(make_model: Make, tmp_path: Path) -> None:
    model = make_model(outputs={"logits": np.zeros((1, 10, 1000), np.float32)})
    with pytest.raises(CrowdLensError, match=r"logits \[1, 10, 1000\]"):
        add_model(model, "imagenet", tmp_path / "models")
    assert not (tmp_path / "models").exists()


def test_a_broken_package_is_listed_with_its_problem(make_model: Make, tmp_path: Path) -> None:
    package = add_model(make_model(), "crowd", tmp_path / "models")
    package.model_path.write_bytes(b"exchanged")
    (listed,) = list_models(tmp_path / "models")
    assert listed.package is None
    assert listed.problem is not None
    assert "sha256 of model.onnx" in listed.problem


def test_no_folder_no_models(tmp_path: Path) -> None:
    assert list_models(tmp_path / "nothing") == []
