"""`crowdlens models check` and `selftest` told of models that are not there, or not whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.commands.models import LabelsError
from cli.main import main
from cli.model_location import SHIPPED_MODELS


def test_check_takes_labels_of_an_onnx_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("walker\n")
    model = SHIPPED_MODELS / "person_demo" / "model.onnx"
    assert main(["models", "check", str(model), "--labels", str(labels)]) == 0
    assert "labels    walker\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(
            ["models", "check", "person_demo", "--labels", "{labels}"],
            "--labels is for an .onnx file: expected none",
            id="labels-of-a-package",
        ),
        pytest.param(
            ["models", "check", "nope"], "`crowdlens models add FILE.onnx --name NAME` adds one", id="none"
        ),
        pytest.param(["selftest", "--model", "/nope"], "--model /nope: no such folder", id="selftest"),
        pytest.param(
            ["selftest", "--model", "{labels}"], "is a file; expected a package folder", id="a-file"
        ),
    ],
)
def test_a_mistake_is_one_sentence(
    tmp_path: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "labels.txt"
    labels.write_text("walker\n")
    assert main([word.format(labels=labels) for word in words]) == LabelsError.exit_status
    told = capsys.readouterr().err
    assert (told.count("\n"), sentence in told) == (1, True), told
