"""The folders that the components of a device share; nothing else is between them."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError
from contract.identity import check_identifier

logger = logging.getLogger(__name__)

_STATE = Path("/var/lib/crowdlens")
_RUN = Path("/run/crowdlens")
_SETTINGS = Path("/etc/crowdlens")
FOLDER_KEYS = ("folder", "run", "settings")
"""Configuration keys of a component that name the three folders."""


class DeviceFoldersError(CrowdLensError):
    """Raised for a folder or a file of the device that is not there or cannot be read."""


@dataclass(frozen=True)
class DeviceFolders:
    """What lasts (`state`), what a boot clears (`run`) and what the installer laid down (`settings`)."""

    state: Path = _STATE
    run: Path = _RUN
    settings: Path = _SETTINGS

    @classmethod
    def of(cls, configuration: Mapping[str, Any]) -> DeviceFolders:
        """Return the folders that a component's configuration names, the usual ones where it names none.

        Raises `DeviceFoldersError` for what is no absolute path.
        """
        paths = [
            _path(configuration, name, usual)
            for name, usual in zip(FOLDER_KEYS, (_STATE, _RUN, _SETTINGS), strict=True)
        ]
        return cls(*paths)

    @classmethod
    def below(cls, folder: Path) -> DeviceFolders:
        """Return the three folders below one: for a laptop, a test or a second device on one machine."""
        return cls(folder / "state", folder / "run", folder / "settings")

    def make(self) -> None:
        """Make `state` and `run` with their folders where they are missing.

        Raises `DeviceFoldersError` for `state`, which ``install_device.sh`` makes. Without `run` nobody sees
        how things are, but records are made all the same: that is a line in the log.
        """
        for folder in (self.state, self.models, self.scenes, self.configurations):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            except OSError as error:
                raise DeviceFoldersError(
                    f"folder {folder} could not be made: {error.strerror}; expected it to exist "
                    "(infra/fleet/install_device.sh makes it)"
                ) from error
        for folder in (self.status, self.view):
            try:
                folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            except OSError as error:
                logger.warning("folder not made", extra={"folder": str(folder), "error": str(error)})

    @property
    def spool(self) -> Path:
        """The file that records wait in."""
        return self.state / "spool.db"

    @property
    def models(self) -> Path:
        """Model packages, engines and which one is active."""
        return self.state / "models"

    @property
    def scenes(self) -> Path:
        """The last good scene and project of each camera."""
        return self.state / "scenes"

    @property
    def configurations(self) -> Path:
        """The last good configuration of each component."""
        return self.state / "configurations"

    @property
    def status(self) -> Path:
        """What each component says of itself now."""
        return self.run / "status"

    @property
    def view(self) -> Path:
        """The latest frame of each camera, for viewers on the device."""
        return self.run / "view"

    @property
    def sources(self) -> Path:
        """Addresses of cameras with their passwords, a file each (0640)."""
        return self.settings / "sources"

    def site(self) -> str:
        """Return the site that was written down; raises `DeviceFoldersError` or `InvalidNameError`."""
        path = self.settings / "site"
        try:
            text = path.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise DeviceFoldersError(
                f"site file {path} cannot be read: expected the name of a site"
            ) from error
        return check_identifier(f"site in {path}", text)


def _path(configuration: Mapping[str, Any], name: str, usual: Path) -> Path:
    value = configuration.get(name) or str(usual)
    if not isinstance(value, str) or not value.startswith("/"):
        raise DeviceFoldersError(f"configuration {name} is {value!r}: expected an absolute path")
    return Path(value)
