"""A published version never changes; a new one may, until it is published."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from infra.fleet.archives import Archive
from infra.fleet.components import Component, load_components
from infra.fleet.versions import (
    VersionsLockError,
    add_versions,
    check_locked,
    check_versions,
    read_versions,
    write_versions,
)

NAME = "com.crowdlens.example"


@pytest.fixture
def component(tmp_path: Path) -> Component:
    code = tmp_path / "code.py"
    code.write_text("print(1)\n", encoding="utf-8")
    return Component(NAME, "1.2.0", {"ComponentName": NAME}, (Archive("example.zip", {"code.py": code}),))


def test_content_that_is_locked_passes(component: Component) -> None:
    check_versions([component], {(NAME, "1.2.0"): component.digest})
    check_locked(component, {(NAME, "1.2.0"): component.digest})


@pytest.mark.parametrize("what", ["code", "recipe", "archive", "identity"])
def test_content_that_changed_needs_a_new_version(component: Component, what: str) -> None:
    versions = {(NAME, "1.2.0"): component.digest}
    (archive,) = component.archives
    if what == "code":
        archive.members["code.py"].write_text("print(2)\n", encoding="utf-8")
        changed = component
    else:
        changed = {
            "recipe": replace(component, recipe={"ComponentName": NAME, "ComponentPublisher": "x"}),
            "archive": replace(component, archives=(replace(archive, file_name="other.zip"),)),
            "identity": replace(component, archives=(replace(archive, identity=b"wheels"),)),
        }[what]
    with pytest.raises(VersionsLockError) as caught:
        check_versions([changed], versions)
    assert str(caught.value) == (
        f"component {NAME} changed but its version is still 1.2.0: expected a higher ComponentVersion in its "
        "recipe"
    )
    check_versions([replace(changed, version="1.2.1")], versions)


@pytest.mark.parametrize(
    ("published", "problem"),
    [
        pytest.param("1.1.9", None, id="above the last minor"),
        pytest.param("1.2.1", "1.2.1 was published before", id="below the one of its minor"),
        pytest.param("1.2.10", "1.2.10 was published before", id="below it, by number and not by text"),
        pytest.param("1.3.0", None, id="a correction of an older minor"),
        pytest.param("2.2.0", None, id="a correction of an older major"),
    ],
)
def test_a_new_version_is_above_those_of_its_minor(
    component: Component, published: str, problem: str | None
) -> None:
    versions = {(NAME, published): "0" * 64, ("com.crowdlens.other", "1.2.5"): "0" * 64}
    if problem is None:
        check_versions([component], versions)
        return
    with pytest.raises(VersionsLockError, match=problem):
        check_versions([component], versions)


def test_what_is_not_locked_is_not_published(component: Component) -> None:
    with pytest.raises(VersionsLockError, match=r"1\.2\.0 is not in versions\.lock: expected a line for it"):
        check_locked(component, {})


def test_lines_are_added_and_not_changed(component: Component, tmp_path: Path) -> None:
    versions = add_versions([component], {("com.crowdlens.other", "1.0.0"): "0" * 64})
    path = tmp_path / "versions.lock"
    write_versions(versions, path)
    assert (
        read_versions(path)
        == versions
        == {
            ("com.crowdlens.other", "1.0.0"): "0" * 64,
            (NAME, "1.2.0"): component.digest,
        }
    )
    changed = replace(component, recipe={})
    with pytest.raises(VersionsLockError, match="changed but its version"):
        add_versions([changed], versions)
    assert add_versions([changed], versions, replace=True)[NAME, "1.2.0"] == changed.digest


def test_a_line_of_another_form_is_named(tmp_path: Path) -> None:
    path = tmp_path / "versions.lock"
    path.write_text("# a remark\n\ncom.crowdlens.vision 1.0.0\n", encoding="utf-8")
    with pytest.raises(VersionsLockError, match=r"versions\.lock line 3 is 'com\.crowdlens\.vision 1\.0\.0'"):
        read_versions(path)


def test_the_repository_keeps_its_own_lock() -> None:
    check_versions(load_components(), read_versions())
