"""Wheelhouses are held against their lock: one right wheel of each library, nothing else. No network here."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from infra.fleet.components import lock_of
from infra.fleet.targets import GROUPS, PYTHONS, TARGETS, Target
from infra.fleet.wheelhouse import (
    REQUIREMENTS,
    WHEELHOUSES,
    Locked,
    WheelhouseError,
    check_wheelhouse,
    read_lock,
)

JETPACK6 = Target("3.10", "aarch64")
WHEELS = (
    "plain-1.0-py3-none-any.whl",
    "both-1.0-py2.py3-none-any.whl",
    "fast_numbers-2.1-cp310-cp310-manylinux_2_17_aarch64.manylinux2014_aarch64.whl",
    "stable-3.0-cp37-abi3-manylinux_2_28_aarch64.whl",
)


@pytest.fixture
def wheelhouse(tmp_path: Path) -> Path:
    for name in WHEELS:
        (tmp_path / name).write_bytes(name.encode())
    return tmp_path


@pytest.fixture
def locked() -> dict[str, Locked]:
    libraries = {}
    for wheel in WHEELS:
        name, version = wheel.split("-")[:2]
        name = name.replace("_", "-")
        digest = hashlib.sha256(wheel.encode()).hexdigest()
        libraries[name] = Locked(name, version, frozenset({digest, "0" * 64}))
    return libraries


def test_a_whole_wheelhouse_passes(wheelhouse: Path, locked: dict[str, Locked]) -> None:
    check_wheelhouse(wheelhouse, JETPACK6, locked)


def test_a_wheel_that_is_missing_is_named(wheelhouse: Path, locked: dict[str, Locked]) -> None:
    (wheelhouse / WHEELS[0]).unlink()
    with pytest.raises(WheelhouseError, match="has no wheel of plain: expected one of each"):
        check_wheelhouse(wheelhouse, JETPACK6, locked)


def test_a_wheel_with_other_bytes_is_named(wheelhouse: Path, locked: dict[str, Locked]) -> None:
    (wheelhouse / WHEELS[0]).write_bytes(b"altered")
    with pytest.raises(WheelhouseError, match=r"plain-1\.0.* is not the file that the lock names"):
        check_wheelhouse(wheelhouse, JETPACK6, locked)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("plain-1.1-py3-none-any.whl", id="another version"),
        pytest.param("plain-1.0-1-py3-none-any.whl", id="the same twice"),
        pytest.param("stranger-1.0-py3-none-any.whl", id="one that nobody asked for"),
    ],
)
def test_a_wheel_too_many_is_named(wheelhouse: Path, locked: dict[str, Locked], name: str) -> None:
    (wheelhouse / name).write_bytes(WHEELS[0].encode())
    with pytest.raises(WheelhouseError, match="expected only what its lock names, once"):
        check_wheelhouse(wheelhouse, JETPACK6, locked)


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("plain-1.0-cp310-cp310-manylinux_2_28_x86_64.whl", id="another machine"),
        pytest.param("plain-1.0-cp312-cp312-manylinux_2_28_aarch64.whl", id="another Python"),
        pytest.param("plain-1.0-cp311-abi3-manylinux_2_28_aarch64.whl", id="a stable ABI of a newer Python"),
        pytest.param("plain-1.0-cp310-cp310-manylinux_2_34_aarch64.whl", id="a newer glibc"),
        pytest.param("plain-1.0-cp310-cp310-musllinux_1_2_aarch64.whl", id="another C library"),
        pytest.param("plain-1.0-py2-none-any.whl", id="Python 2"),
    ],
)
def test_a_wheel_that_does_not_run_there_is_named(
    wheelhouse: Path, locked: dict[str, Locked], name: str
) -> None:
    (wheelhouse / WHEELS[0]).rename(wheelhouse / name)
    with pytest.raises(WheelhouseError, match="does not run on cp310 aarch64"):
        check_wheelhouse(wheelhouse, JETPACK6, locked)


def test_a_library_without_a_digest_is_named() -> None:
    with pytest.raises(WheelhouseError, match=r"numpy 2\.2\.6 has no digest in the lock"):
        read_lock("# by hand\nnumpy==2.2.6\n")


@pytest.mark.parametrize("python", PYTHONS)
def test_the_locks_hold_what_the_components_ask_for(python: str) -> None:
    locked = read_lock(lock_of(Target(python, "aarch64")).read_text(encoding="utf-8"))
    wanted = [
        line.split(">=")[0] for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines() if ">=" in line
    ]
    assert set(wanted) <= set(locked)
    assert "pip" in wanted
    # Several files each: one at least for every machine, and the newest numpy for Python 3.10 is 2.2.
    assert len(locked["numpy"].digests) > len(TARGETS)
    assert locked["numpy"].version.startswith("2.2.") is (python == "3.10")


def test_every_group_has_a_python_that_wheels_are_gathered_for() -> None:
    assert {group.python for group in GROUPS if group.python is not None} == set(PYTHONS)
    names = {group.name for group in GROUPS}
    assert {"jetson", "rpi", "server", "nuc"} <= names
    assert {group.parent for group in GROUPS if group.parent is not None} <= names


@pytest.mark.parametrize("target", [pytest.param(one, id=one.name) for one in TARGETS])
def test_a_wheelhouse_that_was_fetched_is_whole(target: Target) -> None:
    lock = lock_of(target).read_bytes()
    folder = WHEELHOUSES / f"{target.name}-{hashlib.sha256(lock).hexdigest()[:12]}"
    if not folder.is_dir():
        pytest.skip("not fetched here: `python -m infra.fleet wheelhouse` does")
    check_wheelhouse(folder, target, read_lock(lock.decode()))
