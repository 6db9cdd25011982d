"""A wheelhouse is installed offline, whole or not at all, and the one before stays for a roll-back."""

from __future__ import annotations

import base64
import ensurepip
import hashlib
import os
import sys
import zipfile
from pathlib import Path

import pytest

from edge_components.libraries.install import LOCK_FILE, InstallError, install, main

RUNNING = f"{sys.version_info[0]}.{sys.version_info[1]}"
PIP_WHEELS = sorted((Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl"))
pytestmark = pytest.mark.skipif(not PIP_WHEELS, reason="this Python brings no wheel of pip")


def make_wheel(folder: Path, name: str, version: str) -> Path:
    """Write a wheel with one module `name` that knows its version."""
    path = folder / f"{name}-{version}-py3-none-any.whl"
    info = f"{name}-{version}.dist-info"
    files = {
        f"{name}.py": f"VERSION = {version!r}\n",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    lines = []
    for entry, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        lines.append(f"{entry},sha256={digest},{len(text)}")
    files[f"{info}/RECORD"] = "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"
    with zipfile.ZipFile(path, "w") as archive:
        for entry, text in files.items():
            archive.writestr(entry, text)
    return path


def make_wheelhouse(folder: Path, version: str) -> Path:
    """Return a wheelhouse below `folder` with pip and `example` in `version`, and its lock."""
    wheelhouse = folder / f"wheelhouse-{version}"
    wheelhouse.mkdir()
    (wheelhouse / PIP_WHEELS[-1].name).write_bytes(PIP_WHEELS[-1].read_bytes())
    wheel = make_wheel(wheelhouse, "example", version)
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    (wheelhouse / LOCK_FILE).write_text(f"example=={version} --hash=sha256:{digest}\n", encoding="utf-8")
    return wheelhouse


def current(into: Path) -> str:
    return (into / "current" / "example.py").read_text(encoding="utf-8")


def test_wheels_are_installed_and_in_use(tmp_path: Path) -> None:
    into = tmp_path / "libraries"
    target = install(make_wheelhouse(tmp_path, "1.0"), into, python=RUNNING)
    assert (into / "current").resolve() == target
    assert current(into) == "VERSION = '1.0'\n"
    assert sorted(path.name for path in into.iterdir()) == sorted([target.name, "current"])


def test_the_set_before_stays_and_older_ones_go(tmp_path: Path) -> None:
    into = tmp_path / "libraries"
    houses = [make_wheelhouse(tmp_path, version) for version in ("1.0", "2.0", "3.0")]
    first, second, third = (install(house, into, python=RUNNING) for house in houses)
    assert not first.exists()
    assert second.is_dir()
    assert third.is_dir()
    assert install(houses[1], into, python=RUNNING) == second
    assert current(into) == "VERSION = '2.0'\n"


def test_what_is_there_is_not_installed_again(tmp_path: Path) -> None:
    into = tmp_path / "libraries"
    house = make_wheelhouse(tmp_path, "1.0")
    target = install(house, into, python=RUNNING)
    (house / "example-1.0-py3-none-any.whl").unlink()
    assert install(house, into, python=RUNNING) == target


def test_a_wheel_that_was_altered_leaves_the_old_set_in_use(tmp_path: Path) -> None:
    into = tmp_path / "libraries"
    install(make_wheelhouse(tmp_path, "1.0"), into, python=RUNNING)
    house = make_wheelhouse(tmp_path, "2.0")
    wheel = house / "example-2.0-py3-none-any.whl"
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    with pytest.raises(InstallError, match="pip could not install"):
        install(house, into, python=RUNNING)
    assert current(into) == "VERSION = '1.0'\n"
    assert not list(into.glob(".installing-*"))


def test_what_a_cut_of_power_left_is_cleared(tmp_path: Path) -> None:
    into = tmp_path / "libraries"
    (into / ".installing-abc").mkdir(parents=True)
    install(make_wheelhouse(tmp_path, "1.0"), into, python=RUNNING)
    assert not (into / ".installing-abc").exists()


def test_a_set_that_a_cut_of_power_emptied_is_installed_again(tmp_path: Path) -> None:
    """The folder's name may be on the disk before its files are: then it holds empty ones and no mark."""
    into = tmp_path / "libraries"
    house = make_wheelhouse(tmp_path, "1.0")
    target = install(house, into, python=RUNNING)
    (target / ".whole").unlink()
    (target / "example.py").write_bytes(b"")
    assert install(house, into, python=RUNNING) == target
    assert current(into) == "VERSION = '1.0'\n"
    assert sorted(path.name for path in into.iterdir()) == sorted([target.name, "current"])


def test_the_mark_is_written_when_the_files_are_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    into, marks = tmp_path / "libraries", []
    monkeypatch.setattr(os, "sync", lambda: marks.append(bool(list(into.glob(".installing-*/.whole")))))
    install(make_wheelhouse(tmp_path, "1.0"), into, python=RUNNING)
    assert marks == [False, True]


def test_another_python_is_told(tmp_path: Path) -> None:
    with pytest.raises(InstallError, match=rf"python3 is {RUNNING}: expected 3\.99"):
        install(make_wheelhouse(tmp_path, "1.0"), tmp_path / "libraries", python="3.99")


def test_a_wheelhouse_without_pip_is_told(tmp_path: Path) -> None:
    house = make_wheelhouse(tmp_path, "1.0")
    (house / PIP_WHEELS[-1].name).unlink()
    with pytest.raises(InstallError, match="holds 0 wheels of pip: expected one"):
        install(house, tmp_path / "libraries", python=RUNNING)


def test_the_command_says_what_is_wrong_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--python", "3.99", "--into", str(tmp_path)]) == 1
    assert capsys.readouterr().err.startswith(f"libraries: this device's python3 is {RUNNING}")
