from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from contract.files import write_whole

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize(
    ("content", "expected"), [("수 é", "수 é".encode()), (b"\x00\xff", b"\x00\xff"), ("", b"")]
)
def test_the_file_holds_what_was_written(
    tmp_path: Path, content: str | bytes, expected: bytes, durable: bool
) -> None:
    path = tmp_path / "new" / "folder" / "file.json"
    write_whole(path, "before")
    write_whole(path, content, durable=durable)
    assert path.read_bytes() == expected
    assert [one.name for one in path.parent.iterdir()] == ["file.json"]


def test_a_new_file_can_be_read_by_all_and_an_old_one_keeps_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "a")
    assert path.stat().st_mode & 0o777 == 0o644
    path.chmod(0o600)
    write_whole(path, "b")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("a")
    link.symlink_to(target)
    write_whole(link, "b")
    assert link.is_symlink()
    assert target.read_text() == "b"


def test_a_name_as_long_as_names_may_be(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 255)
    write_whole(path, "a")
    assert path.read_text() == "a"


def test_a_failure_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    write_whole(path, "before")

    def refuse(self: Path, target: Path) -> Path:
        raise OSError("no room")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="no room"):
        write_whole(path, "after")
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_where_a_folder_is_needed_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="file"):
        write_whole(tmp_path / "file" / "inner", "x")


WRITER = """
import sys
from pathlib import Path
from contract.files import write_whole
while True:
    for letter in "ab":
        write_whole(Path(sys.argv[1]), letter * 3_000_000)
"""


def test_killed_at_any_moment_the_file_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_whole(path, "a" * 3_000_000)
    for wait_seconds in (0.15, 0.2, 0.25):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], env={**os.environ, "PYTHONPATH": str(ROOT)}
        )
        time.sleep(wait_seconds)
        process.send_signal(signal.SIGKILL)
        process.wait()
        content = path.read_bytes()
        assert len(content) == 3_000_000
        assert len(set(content)) == 1
