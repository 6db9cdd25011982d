"""A lake and a folder of public data beside it, read as the one bucket that they would be in AWS."""

from __future__ import annotations

from pathlib import Path

from infra.local.athena import LocalFolderLake
from infra.local.athena.lake import DayFilter, LakeObject
from lambdas.open_data.places import DATA_PREFIX


class LakeWithOpenData(LocalFolderLake):
    """Takes the objects of public data from the other folder."""

    def __init__(self, folder: Path, open_data: Path) -> None:
        super().__init__(folder)
        self._open_data = LocalFolderLake(open_data)

    def objects(self, prefix: str, directory_key: str, keep: DayFilter) -> list[LakeObject]:
        """Return the objects under `prefix` of the partitions that `keep` chooses, by path."""
        if prefix.startswith(DATA_PREFIX):
            return self._open_data.objects(prefix, directory_key, keep)
        return super().objects(prefix, directory_key, keep)
