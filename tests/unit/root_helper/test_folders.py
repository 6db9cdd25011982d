"""What root makes on a device: folders with their owners, never by way of somebody's link."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from edge_components.root_helper.__main__ import (
    RootHelperError,
    group_id,
    main,
    make_folder,
    make_folders,
    power_mode,
    user_id,
    write_facts,
)
from infra.bundles import ROOT

USER, GROUP = os.getuid(), os.getgid()


@pytest.fixture
def roots(tmp_path: Path) -> Path:
    """A folder that only its owner may write, as /run and /etc are root's."""
    tmp_path.chmod(0o755)
    return tmp_path


def test_missing_folders_are_made_and_others_put_right(roots: Path) -> None:
    (roots / "etc").mkdir(mode=0o755)
    (roots / "run").mkdir(mode=0o777)
    (roots / "run").chmod(0o777)
    make_folders(roots / "run", roots / "etc", user=USER, group=GROUP)
    for path in (roots / "run", roots / "etc/sources"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o750


def test_a_device_without_settings_gets_none(roots: Path) -> None:
    make_folders(roots / "run", roots / "etc", user=USER, group=GROUP)
    assert not (roots / "etc").exists()


@pytest.mark.parametrize("kind", [pytest.param("link", id="link"), pytest.param("file", id="file")])
def test_what_is_no_folder_is_refused(roots: Path, kind: str) -> None:
    (roots / "victim").mkdir(mode=0o700)
    if kind == "link":
        (roots / "run").symlink_to(roots / "victim")
    else:
        (roots / "run").write_text("", encoding="utf-8")
    with pytest.raises(RootHelperError, match="is there and is no folder"):
        make_folder(roots / "run", user=USER, group=GROUP)
    assert stat.S_IMODE((roots / "victim").stat().st_mode) == 0o700


def test_a_folder_that_others_may_write_is_no_place_for_root(roots: Path) -> None:
    (roots / "open").mkdir()
    (roots / "open").chmod(0o777)
    with pytest.raises(RootHelperError, match="may be written by others: expected root alone"):
        make_folder(roots / "open" / "run", user=USER, group=GROUP)


def test_facts_replace_what_was_left_lying(roots: Path) -> None:
    (roots / "facts").mkdir(mode=0o750)
    (roots / "facts/facts.new").symlink_to(roots / "victim")
    write_facts(roots / "facts", {"power_mode": "NV Power Mode: MAXN\n0"}, group=GROUP)
    assert not (roots / "victim").exists()
    document = json.loads((roots / "facts/facts.json").read_text("utf-8"))
    assert document["power_mode"] == "NV Power Mode: MAXN\n0"
    assert stat.S_IMODE((roots / "facts/facts.json").stat().st_mode) == 0o640


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        pytest.param(("/bin/echo", "NV Power Mode: 15W"), "NV Power Mode: 15W", id="answer"),
        pytest.param(("/bin/false",), None, id="failure"),
        pytest.param(("/nowhere/nvpmodel", "-q"), None, id="no-jetson"),
    ],
)
def test_the_power_mode_is_what_its_command_says(command: tuple[str, ...], answer: str | None) -> None:
    assert power_mode(command) == answer


def test_unknown_names_are_told() -> None:
    with pytest.raises(RootHelperError, match="there is no user 'nobody-here'"):
        user_id("nobody-here")
    with pytest.raises(RootHelperError, match="there is no group 'nobody-here'"):
        group_id("nobody-here")


def test_it_waits_and_stops_when_told(roots: Path) -> None:
    """The process itself, without any path of modules: the standard library is all it has."""
    (roots / "etc").mkdir(mode=0o755)
    names = [subprocess.run(["id", f"-{flag}n"], capture_output=True, text=True, check=True) for flag in "ug"]
    user, group = (name.stdout.strip() for name in names)
    words = ["--run", roots / "run", "--settings", roots / "etc", "--facts", roots / "facts"]
    words += ["--user", user, "--group", group]
    process = subprocess.Popen(
        [sys.executable, "-I", ROOT / "edge_components/root_helper/__main__.py", *words],
        stderr=subprocess.PIPE,
        text=True,
    )
    # The signal is held back until the work is done, so it cannot come too early once the folder is there.
    while process.poll() is None and not (roots / "run").exists():
        pass
    process.send_signal(signal.SIGTERM)
    said = process.communicate(timeout=60)[1]
    assert (process.returncode, said) == (0, "")
    assert (roots / "facts/facts.json").exists()


def test_its_help_says_what_it_does_and_what_is_usual(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])
    told = " ".join(capsys.readouterr().out.split())
    assert ended.value.code == 0
    assert "make the folders of the run and of camera addresses with their owners" in told
    assert "user of the components (default: ggc_user)" in told
    assert "exit status: 0 ended by SIGTERM" in told
