"""A folder laid out as the lake bucket is."""

from __future__ import annotations

import shutil
from pathlib import Path

from contract.files import write_whole

DATA_FOLDER = "open_data"
"""Below the folder: what `lambdas.open_data.places.DATA_PREFIX` is in the bucket."""


class FolderStore:
    """Keeps objects as files below a folder; a reader sees each whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put_file(self, key: str, path: Path, content_type: str) -> None:  # noqa: ARG002 - a folder has no types
        """Store a file under `key`."""
        target = self._folder / key
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        try:
            shutil.copyfile(path, partial)
            partial.replace(target)
        except BaseException:
            partial.unlink(missing_ok=True)
            raise

    def put_text(self, key: str, text: str, content_type: str) -> None:  # noqa: ARG002 - a folder has no types
        """Store a text under `key`."""
        write_whole(self._folder / key, text)
