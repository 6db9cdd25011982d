"""What of a camera lies in files of the device: its address, and a scene for those without a shadow."""

from __future__ import annotations

from pathlib import Path

from edge_components.vision.camera_documents import CameraDocuments, read_scene_file
from edge_components.vision.component_settings import CameraEntry
from edge_components.vision.sources import SourceError
from edge_components.vision.sources.address import shown


def missing_of(entry: CameraEntry) -> str | None:
    """Return which file the camera of the settings folder waits for; None when it waits for none."""
    if entry.name is not None:
        return None
    needed = [path for path in (entry.source_file, entry.scene_file) if path is not None]
    missing = next((path for path in needed if not has_text(path)), None)
    return None if missing is None else f"no camera is set up yet: {missing} is missing"


def local_documents(entry: CameraEntry) -> CameraDocuments | None:
    """Return what the camera's scene file says, None where there is none; raises `SceneError`."""
    path = entry.scene_file
    return read_scene_file(path, entry.name) if path is not None and has_text(path) else None


def address_of(entry: CameraEntry) -> str:
    """Return the whole address, which may hold a password; raises `SourceError`, which never does."""
    if entry.name is not None or entry.source_file is None:
        return entry.address()
    try:
        return entry.source_file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{entry.source_file} cannot be read: expected one line of text") from error


class AddressWatch:
    """Sees when the address of a camera that runs is another one, by reading its files anew.

    Another address counts at once. Another password only once the camera is lost: who is logged in stays so,
    and the file may well be changed before the camera is.
    """

    def __init__(self, entry: CameraEntry, address: str) -> None:
        self._entry, self._address = entry, address

    def change(self, fault: str | None) -> str | None:
        """Return why the camera has to be opened anew, None when it has not; `fault`: why it is lost."""
        try:
            address = address_of(self._entry)
        except SourceError:
            # Somebody is just writing it, or it will be told when the camera is opened the next time.
            return None
        if address == self._address:
            return None
        if shown(address) != shown(self._address):
            return f"the camera's address is {shown(address)} now"
        return None if fault is None else f"the camera's password or user is another one now; before: {fault}"


def has_text(path: Path) -> bool:
    """Return whether there is a file with something in it."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False
