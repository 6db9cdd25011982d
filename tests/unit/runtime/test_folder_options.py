"""Who names a folder has nothing made in those of an installed device."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.folder_options import chosen_folders

HERE = Path("/tmp/here")
USUAL = DeviceFolders()


@pytest.mark.parametrize(
    ("folder", "run", "expected"),
    [
        pytest.param(None, None, (USUAL.state, USUAL.run), id="an installed device"),
        pytest.param(HERE, None, (HERE, HERE / "run"), id="what lasts alone"),
        pytest.param(None, HERE, (HERE / "state", HERE), id="the run folder alone"),
        pytest.param(None, USUAL.run, (USUAL.state, USUAL.run), id="the device's own run folder"),
        pytest.param(HERE / "a", HERE / "b", (HERE / "a", HERE / "b"), id="both"),
        pytest.param(Path("a"), None, (Path.cwd() / "a", Path.cwd() / "a" / "run"), id="relative"),
    ],
)
def test_folders_are_those_named(folder: Path | None, run: Path | None, expected: tuple[Path, Path]) -> None:
    chosen = chosen_folders(folder, run, None)
    assert (chosen.state, chosen.run, chosen.settings) == (*expected, USUAL.settings)
