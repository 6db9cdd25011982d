"""Reads a text file of class labels, one a line in the model's order, such as ImageNet's synset words."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from contract.errors import CrowdLensError
from edge_components.runtime.inference.model_package import check_labels

SYNSET_LINE = re.compile(r"n\d{8} (?P<names>.+)")
MAXIMUM_LABEL_FILE_BYTES = 1 << 20


class LabelFileError(CrowdLensError):
    """Raised when a file of labels cannot be used."""


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the labels in a text file.

    Of a line such as `n03724870 mask` or `n01440764 tench, Tinca tinca` the first name is taken; two classes
    of one name, which ImageNet has, get their index behind it: `crane (134)`. Raises `LabelFileError` or
    `ModelPackageError`.
    """
    try:
        if path.stat().st_size > MAXIMUM_LABEL_FILE_BYTES:
            raise LabelFileError(f"labels {path} is larger than {MAXIMUM_LABEL_FILE_BYTES >> 20} MiB")
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise LabelFileError(
            f"labels {path}: expected a readable UTF-8 text file, one class name a line"
        ) from error
    names = [_name(line.strip()) for line in lines if line.strip()]
    often = {name for name, count in Counter(names).items() if count > 1}
    return check_labels([f"{name} ({index})" if name in often else name for index, name in enumerate(names)])


def _name(line: str) -> str:
    match = SYNSET_LINE.fullmatch(line)
    return match["names"].split(",")[0].strip() if match else line
