"""Opens the lake folder that a run left."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from contract.errors import CrowdLensError
from contract.lake import RAW_PREFIX

if TYPE_CHECKING:
    from infra.local.athena import LocalFolderLake


class LakeNotFoundError(CrowdLensError):
    """Raised when a folder holds no lake."""


def open_lake(folder: Path) -> LocalFolderLake:
    """Return the lake in `folder`; raises `LakeNotFoundError` when there is none."""
    from infra.local.athena import LocalFolderLake

    if not (folder / RAW_PREFIX).is_dir():
        raise LakeNotFoundError(
            f"lake is {str(folder)!r}: expected a folder with {RAW_PREFIX}<table>/day=…/, "
            "which `make demo` leaves in OUT/lake"
        )
    return LocalFolderLake(folder)
