"""`python -m infra.fleet`: what it prints, and one sentence with an exit status for what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from infra.fleet import __main__ as command
from infra.fleet import versions
from infra.fleet.components import load_components


@pytest.fixture
def lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A lock file of its own, with nothing published yet."""
    path = tmp_path / "versions.lock"
    versions.write_versions({}, path)
    monkeypatch.setattr(command, "read_versions", lambda: versions.read_versions(path))
    monkeypatch.setattr(command, "write_versions", lambda found: versions.write_versions(found, path))
    return path


def test_check_tells_what_may_still_change(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["check"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert len(said) == len(load_components())
    assert all(line.endswith(": may still change") for line in said)
    assert command.main(["lock"]) == 0
    capsys.readouterr()
    assert command.main(["check"]) == 0
    assert all(line.endswith(": locked") for line in capsys.readouterr().out.splitlines())


def test_a_locked_version_is_not_locked_again_for_other_content(
    lock: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    component = load_components()[0]
    versions.write_versions({(component.name, component.version): "0" * 64}, lock)
    for words in (["check"], ["lock"]):
        assert command.main(words) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"fleet: component {component.name} changed but its version is still")
        assert said.count("\n") == 1
    assert command.main(["lock", "--replace"]) == 0
    assert component.digest in lock.read_text(encoding="utf-8")


def test_what_is_not_locked_is_not_published(lock: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["publish", "--stage", "dev", "--bucket", "any"]) == 2
    assert "is not in versions.lock: expected a line for it" in capsys.readouterr().err
