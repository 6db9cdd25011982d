"""Where GStreamer keeps its list of plug-ins, so that a camera that comes back is not waited for in vain."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_components.vision.sources import gstreamer


def no_home() -> Path:
    raise RuntimeError("Could not determine home directory.")


@pytest.mark.parametrize("case", ["no right to write", "no home"])
def test_without_a_home_it_is_kept_for_as_long_as_we_run(
    case: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GST_REGISTRY", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    if case == "no home":
        monkeypatch.setattr(Path, "home", no_home)
    else:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        monkeypatch.setattr(gstreamer.os, "access", lambda path, mode: False)
    kept = Path(gstreamer._registry.__wrapped__()["GST_REGISTRY"])
    assert kept.parent.is_dir()
    # Whoever could write there would choose the libraries that are loaded.
    assert kept.parent.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("name", ["GST_REGISTRY", "XDG_CACHE_HOME"])
def test_where_there_is_a_place_it_is_left_alone(
    name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("GST_REGISTRY", raising=False)
    monkeypatch.setenv(name, str(tmp_path / "cache"))
    assert gstreamer._registry.__wrapped__() == {}
