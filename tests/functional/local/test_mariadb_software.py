"""Finding and getting MariaDB, with apt and dpkg played by small scripts."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local import apt, mariadb_software
from infra.local.apt import AptError
from infra.local.mariadb_software import MariaDbUnavailableError, find_software, installed_software

ROOT = Path(__file__).parents[3]

# The world is a folder: available/ holds package lists, online says whether the network is there,
# installed/ what the "system" has. A package is a text file whose lines say what it depends on.
APT_CACHE = """
for last; do :; done
for file in "$WORLD"/available/*; do
    [ -e "$file" ] && basename "$file" | grep -E "$last" | sed "s/$/ - text/"
done
exit 0
"""
APT_GET = """
for last; do :; done
case "$*" in
*update*) [ -e "$WORLD/online" ] || { echo "E: Failed to fetch: Could not connect" >&2; exit 100; }
    cp "$WORLD"/remote/* "$WORLD/available/"; exit 0;;
*" download "*) [ -e "$WORLD/online" ] || { echo "E: Failed to fetch: Could not connect" >&2; exit 100; }
    cp "$WORLD/remote/$last" "./$last.deb"; exit 0;;
*--download-only*) [ -e "$WORLD/online" ] || { echo "E: Unable to fetch some archives" >&2; exit 100; }
    sleep "$(cat "$WORLD/download-seconds")"; touch "$WORLD/fetched"; exit 0;;
*install*--no-download*) [ -e "$WORLD/fetched" ] || { echo "E: Unable to fetch some archives" >&2; exit 100; }
    touch "$WORLD/installing"; sleep "$(cat "$WORLD/install-seconds")"
    cd "$WORLD/system" && mkdir -p sbin share/mysql && cp /bin/true sbin/mariadbd
    touch share/mysql/mysql_system_tables.sql; exit 0;;
esac
"""
DPKG_DEB = """
case "$1" in
-f) [ "$3" = Depends ] && cat "$2"; exit 0;;
-x) name=$(basename "$2" .deb); mkdir -p "$3/usr/sbin" "$3/usr/lib/x" "$3/usr/share/mysql"
    case "$name" in
    mariadb*) cp /bin/true "$3/usr/sbin/mariadbd"; touch "$3/usr/share/mysql/mysql_system_tables.sql";;
    *) touch "$3/usr/lib/x/$name.so.1";;
    esac;;
esac
"""
LDD = """
echo "  libc.so.6 => /lib/libc.so.6"
IFS=:; for folder in $LD_LIBRARY_PATH none; do [ -e "$folder/libaio1.so.1" ] && exit 0; done
echo "	libaio1.so.1 => not found"
"""


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without MariaDB, whose package lists are empty and whose network works."""
    folder = tmp_path / "world"
    for name in ("available", "remote", "bin", "system"):
        (folder / name).mkdir(parents=True)
    (folder / "online").touch()
    (folder / "download-seconds").write_text("0")
    (folder / "install-seconds").write_text("0")
    (folder / "remote" / "mariadb-server-core").write_text(
        "mariadb-common (>= 1), libc6 (>= 2.34), libaio1 (>= 0.3)"
    )
    (folder / "remote" / "libaio1").write_text("libc6\n")
    (folder / "remote" / "libc6").write_text("\n")
    scripts = {
        "apt-cache": APT_CACHE,
        "apt-get": APT_GET,
        "dpkg-deb": DPKG_DEB,
        "dpkg-query": 'case "$4" in libc6) echo installed;; *) exit 1;; esac',
        "dpkg": "exit 0",
        "ldd": LDD,
    }
    for name, script in scripts.items():
        (folder / "bin" / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / "bin" / name).chmod(0o755)
    for tool in ("sh", "basename", "grep", "sed", "cat", "cp", "mkdir", "sleep", "touch"):
        (folder / "bin" / tool).symlink_to(str(shutil.which(tool)))
    monkeypatch.setenv("PATH", str(folder / "bin"))
    monkeypatch.setenv("WORLD", str(folder))
    monkeypatch.setattr(mariadb_software, "_USUAL_FOLDERS", [str(folder / "system" / "sbin")])
    return folder


def test_unpacking_brings_the_libraries_that_are_missing(world: Path, tmp_path: Path) -> None:
    told: list[str] = []
    tools = tmp_path / "tools" / "mariadb"
    found = find_software(tools_folder=tools, as_root=False, report=told.append)
    assert found.origin == "unpacked"
    assert [path.name for path in (tools / "root/usr/lib/x").iterdir()] == ["libaio1.so.1"]  # not libc6
    assert found.library_folders == (tools / "root/usr/lib/x",)
    assert told == [f"unpacking mariadb-server-core into {tools}"]
    assert sorted(path.name for path in tools.parent.iterdir()) == ["mariadb", "mariadb.lock"]
    (world / "online").unlink()
    assert find_software(tools_folder=tools, as_root=False) == found  # at once the next time


def test_root_installs(world: Path, tmp_path: Path) -> None:
    found = find_software(tools_folder=tmp_path / "tools" / "mariadb", as_root=True)
    assert found.origin == "installed"
    assert found.server == world / "system/sbin/mariadbd"
    assert not (tmp_path / "tools").exists()


def test_a_download_has_a_limit(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apt, "_DOWNLOAD_SECONDS", 1)
    (world / "download-seconds").write_text("20")
    with pytest.raises(AptError, match="`apt-get install` took more than 1 s"):
        apt.install("^mariadb-server-core$")
    assert not (world / "installing").exists()


def test_an_installation_has_none(world: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killing it would leave dpkg with a half-configured package."""
    monkeypatch.setattr(apt, "_DOWNLOAD_SECONDS", 1)
    (world / "install-seconds").write_text("1.5")
    apt.install("^mariadb-server-core$")
    assert (world / "system/sbin/mariadbd").exists()


def test_an_interrupted_installation_ends_first(world: Path) -> None:
    (world / "install-seconds").write_text("1.5")
    process = subprocess.Popen(
        [sys.executable, "-c", "from infra.local import apt; apt.install('^mariadb-server-core$')"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    deadline = time.monotonic() + 20
    while not (world / "installing").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)
    _, error = process.communicate(timeout=20)
    assert b"KeyboardInterrupt" in error
    assert (world / "system/share/mysql/mysql_system_tables.sql").exists()


def break_network(world: Path) -> None:
    (world / "online").unlink()


def break_network_with_lists(world: Path) -> None:
    shutil.copytree(world / "remote", world / "available", dirs_exist_ok=True)
    break_network(world)


def take_apt_away(world: Path) -> None:
    (world / "bin" / "apt-get").unlink()


def forget_the_package(world: Path) -> None:
    (world / "remote" / "mariadb-server-core").unlink()


def forget_the_library(world: Path) -> None:
    (world / "remote" / "mariadb-server-core").write_text("mariadb-common, libc6\n")


@pytest.mark.parametrize(
    ("breaking", "as_root", "says"),
    [
        pytest.param(break_network, False, r"lists could not be fetched .*Could not connect", id="offline"),
        pytest.param(
            break_network, True, r"lists could not be fetched .*Could not connect", id="offline-root"
        ),
        pytest.param(break_network_with_lists, False, "Could not connect", id="offline-with-old-lists"),
        pytest.param(take_apt_away, False, "there is no apt to fetch it; install MariaDB", id="no-apt"),
        pytest.param(
            forget_the_package, False, "apt knows no package mariadb-server-core", id="unknown-package"
        ),
        pytest.param(
            forget_the_library, False, r"mariadbd lacks libaio1.so.1 and no package", id="no-library"
        ),
    ],
)
def test_when_none_can_be_had_one_sentence_says_why(
    world: Path, tmp_path: Path, breaking: Callable[[Path], None], as_root: bool, says: str
) -> None:
    breaking(world)
    with pytest.raises(MariaDbUnavailableError, match=says) as caught:
        find_software(tools_folder=tmp_path / "tools" / "mariadb", as_root=as_root)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "tools" / "mariadb").exists()


def test_nothing_is_fetched_unless_it_may_be(world: Path, tmp_path: Path) -> None:
    with pytest.raises(MariaDbUnavailableError):
        find_software(tools_folder=tmp_path / "tools" / "mariadb", may_get=False)
    assert list((world / "available").iterdir()) == []


def test_a_server_of_another_make_is_passed_over(world: Path) -> None:
    sbin = world / "system" / "sbin"
    sbin.mkdir()
    shutil.copy("/bin/true", sbin / "mysqld")  # Oracle's has no SQL files to make its tables from
    assert installed_software() is None
    (world / "system" / "share" / "mariadb").mkdir(parents=True)
    (world / "system" / "share" / "mariadb" / "mariadb_system_tables.sql").touch()
    found = installed_software()
    assert found is not None
    assert [path.name for path in found.bootstrap_scripts()] == ["mariadb_system_tables.sql"]
    assert os.access(found.server, os.X_OK)
