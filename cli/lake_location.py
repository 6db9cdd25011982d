"""Opens the lake folder that a run left, with the public data that was loaded into it or beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from cli.opendata.folder import DATA_FOLDER
from contract.errors import CrowdLensError
from contract.lake import RAW_PREFIX

if TYPE_CHECKING:
    from infra.local.athena import LocalAthena, LocalFolderLake

OPEN_DATA_BESIDE = "opendata"
"""``out/demo/opendata`` is looked at beside ``out/demo/lake``."""


class LakeNotFoundError(CrowdLensError):
    """Raised when a folder holds no lake."""


def open_lake(folder: Path, open_data: Path | None = None) -> LocalFolderLake:
    """Return the lake in `folder`, with the public data of `open_data` or of the folder beside it.

    What `crowdlens opendata --out` wrote into the lake itself is read there. Raises `LakeNotFoundError` when
    there is no lake, unless it holds public data or `open_data` is given.
    """
    from infra.local.athena import LocalFolderLake

    public = open_data_folder(folder, open_data)
    has_records = (folder / RAW_PREFIX).is_dir()
    if not has_records and open_data is None and public != folder:
        raise LakeNotFoundError(
            f"lake is {str(folder)!r}: expected a folder with {RAW_PREFIX}<table>/day=…/, "
            "which `make demo` leaves in OUT/lake"
        )
    if public is None or public == folder:
        return LocalFolderLake(folder)
    if not has_records:
        return LocalFolderLake(public)
    from cli.opendata.beside import LakeWithOpenData

    return LakeWithOpenData(folder, public)


def open_athena(folder: Path, database: str, open_data: Path | None = None) -> LocalAthena:
    """Return the local Athena of a lake folder, also with the data sets that have profiles of one's own.

    Raises `LakeNotFoundError`.
    """
    from infra.local.athena import LocalAthena

    lake = open_lake(folder, open_data)
    public = open_data_folder(folder, open_data)
    if public is None:
        return LocalAthena(lake, database)
    from cli.opendata.ask import athena_of

    return athena_of(lake, public, database)


def open_data_folder(folder: Path, open_data: Path | None = None) -> Path | None:
    """Return the folder whose public data a lake is asked with, None without any.

    Raises `LakeNotFoundError` when `open_data` holds none.
    """
    if open_data is not None:
        if not (open_data / DATA_FOLDER).is_dir():
            raise LakeNotFoundError(
                f"open data is {str(open_data)!r}: expected a folder that `crowdlens opendata --out` wrote"
            )
        return open_data
    found = [one for one in (folder, folder.parent / OPEN_DATA_BESIDE) if (one / DATA_FOLDER).is_dir()]
    return found[0] if found else None
