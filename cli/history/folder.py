"""The folder a history is written to: made beside what was there and put in its place at the end."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from contract.errors import CrowdLensError

MARK = ".crowdlens-history"
LAKE, SCENES, PLACES, TRUTH = "lake", "scenes", "places.yaml", "truth.json"
_STAGING = ".staging"


class HistoryFolderError(CrowdLensError):
    """Raised when the folder holds what no history of ours left there."""


@contextmanager
def history_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to write into; what is in it comes into `path` when all went well.

    Raises `HistoryFolderError` when `path` is neither empty nor that of an earlier history.
    """
    mark = path / MARK
    if path.is_dir() and any(path.iterdir()) and not mark.exists():
        raise HistoryFolderError(
            f"--out is {path}, which holds files that no history made: "
            "expected an empty folder, a new one or that of an earlier history"
        )
    path.mkdir(parents=True, exist_ok=True)
    mark.touch()
    staging = path / _STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir()
    try:
        yield staging
        for name in (TRUTH, PLACES, SCENES, LAKE):
            _remove(path / name)
        # The truth comes last: where it lies, all of it lies.
        for name in (LAKE, SCENES, PLACES, TRUTH):
            (staging / name).replace(path / name)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def write_yaml(path: Path, document: Any) -> None:
    """Write a document a person may edit."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=110, default_flow_style=None)
    path.write_text(text, encoding="utf-8")


def write_json(path: Path, document: Any) -> None:
    """Write a document for programs."""
    path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
