"""The three folders on a command line, alike for every component."""

from __future__ import annotations

import argparse
from pathlib import Path

from edge_components.runtime.device_folders import DeviceFolders

FOLDER_HELP = "what lasts: spool, models, scenes (default: /var/lib/crowdlens; RUN/state with --run alone)"
RUN_HELP = "what a boot clears: status and pictures (default: /run/crowdlens; FOLDER/run with --folder)"
SETTINGS_HELP = "what the installer laid down (default: /etc/crowdlens)"


def add_folder_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--folder``, ``--run`` and ``--settings``, each None where it is not given."""
    parser.add_argument("--folder", type=Path, help=FOLDER_HELP)
    parser.add_argument("--run", type=Path, help=RUN_HELP)
    parser.add_argument("--settings", type=Path, help=SETTINGS_HELP)


def chosen_folders(folder: Path | None, run: Path | None, settings: Path | None) -> DeviceFolders:
    """Return the folders that options name, absolute; who names one has nothing made in the device's own."""
    usual = DeviceFolders()
    if folder is not None and run is None:
        run = folder / "run"
    if folder is None and run is not None and run != usual.run:
        folder = run / "state"
    return DeviceFolders(
        (folder or usual.state).absolute(),
        (run or usual.run).absolute(),
        (settings or usual.settings).absolute(),
    )
