"""Where the parquet objects are: a folder, or a bucket of any S3 endpoint."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow.fs as pafs

from infra.local.athena.errors import AthenaQueryError, Fault

DayFilter = Callable[[Collection[str]], set[str]]
"""Chooses the partitions to read among those that exist."""

_LOCAL_BUCKET = "crowdlens-lake"


@dataclass(frozen=True)
class LakeObject:
    """One parquet object: its path in the lake's file system, partition, size in bytes and version."""

    path: str
    day: str
    size: int
    version: str


class Lake:
    """A bucket's worth of parquet objects in Hive folders, listed anew whenever it is asked."""

    def __init__(self, filesystem: pafs.FileSystem, root: str, bucket: str) -> None:
        self.filesystem = filesystem
        self.bucket = bucket
        self._root = root.rstrip("/")

    def objects(self, prefix: str, directory_key: str, keep: DayFilter) -> list[LakeObject]:
        """Return the objects under `prefix` of the partitions that `keep` chooses, by path.

        Only kept partitions are listed. Raises `AthenaQueryError` when the lake cannot be reached.
        """
        base = posixpath.join(self._root, prefix.strip("/"))
        folders: dict[str, str] = {}
        for item in self._list(base):
            key, _, day = item.base_name.partition("=")
            if item.type == pafs.FileType.Directory and key == directory_key:
                folders[day] = item.path
        found: list[LakeObject] = []
        for day in keep(folders):
            found.extend(_objects_of(self._list(folders[day]), day))
        return sorted(found, key=lambda item: item.path)

    def files(self, prefix: str) -> list[LakeObject]:
        """Return what lies under `prefix`, of a table without partitions; raises `AthenaQueryError`."""
        found = self._list(posixpath.join(self._root, prefix.strip("/")))
        return sorted(_readable(found, ""), key=lambda item: item.path)

    def _list(self, path: str) -> list[pafs.FileInfo]:
        try:
            return self.filesystem.get_file_info(pafs.FileSelector(path, allow_not_found=True))
        except OSError as error:
            raise AthenaQueryError(
                Fault.UNREACHABLE, f"the lake could not be listed at {path}: {error}"
            ) from error


def _objects_of(files: list[pafs.FileInfo], day: str) -> list[LakeObject]:
    return [item for item in _readable(files, day) if item.path.endswith(".parquet")]


def _readable(files: list[pafs.FileInfo], day: str) -> list[LakeObject]:
    return [
        LakeObject(file.path, day, file.size, str(file.mtime_ns))
        for file in files
        if file.type == pafs.FileType.File and file.size and not file.base_name.startswith((".", "_"))
    ]


class LocalFolderLake(Lake):
    """A folder that holds what the bucket would: ``raw/<table>/day=YYYY-MM-DD/*.parquet``."""

    def __init__(self, folder: Path | str, bucket: str = _LOCAL_BUCKET) -> None:
        self.folder = Path(folder)
        super().__init__(pafs.LocalFileSystem(), str(self.folder.resolve()), bucket)


class S3Lake(Lake):
    """A bucket behind an S3 endpoint such as MiniStack's."""

    def __init__(
        self, *, endpoint_url: str, bucket: str, region: str, access_key: str, secret_key: str
    ) -> None:
        parts = urlsplit(endpoint_url)
        filesystem = pafs.S3FileSystem(
            access_key=access_key,
            secret_key=secret_key,
            region=region,
            endpoint_override=parts.netloc,
            scheme="https" if parts.scheme == "https" else "http",
            connect_timeout=5,
            request_timeout=30,
        )
        super().__init__(filesystem, bucket, bucket)
