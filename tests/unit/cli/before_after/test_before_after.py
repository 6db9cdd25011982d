"""Which visuals of two versions are the same, and what the page says of them."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from cli.before_after.page import Compared, changes_page
from cli.before_after.pictures import Picture, paired, same
from cli.before_after.worktree import DrawingFailedError, RevisionError, checked_out, draw


def picture(value: int = 0, *, width: int = 8) -> Picture:
    """Return a picture of one grey."""
    encoded = cv2.imencode(".png", np.full((8, width, 3), value, np.uint8))[1]
    return Picture("Came in · 들어온 수", encoded.tobytes())


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        pytest.param(picture(), True, id="the very same"),
        pytest.param(picture(3), True, id="a difference that nobody sees"),
        pytest.param(picture(60), False, id="another colour"),
        pytest.param(picture(width=9), False, id="another size"),
    ],
)
def test_pictures_are_compared_by_what_is_seen(other: Picture, alike: bool) -> None:
    assert same(picture(), other) is alike


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        pytest.param(["a"], ["a"], [("a", True, True)], id="in both"),
        pytest.param(["a"], ["a", "b"], [("a", True, True), ("b", False, True)], id="new"),
        pytest.param(["a", "b"], ["a"], [("a", True, True), ("b", True, False)], id="gone"),
        pytest.param(["a"], ["x--a"], [("x--a", True, True)], id="one dashboard became several"),
        pytest.param(
            ["x--a", "y--a"],
            ["x--a", "y--a"],
            [("x--a", True, True), ("y--a", True, True)],
            id="the same id in two dashboards",
        ),
        pytest.param(
            ["x--a"], ["y--a"], [("y--a", False, True), ("x--a", True, False)], id="another dashboard's"
        ),
    ],
)
def test_visuals_are_paired(
    before: list[str], after: list[str], expected: list[tuple[str, bool, bool]]
) -> None:
    pairs = paired({name: picture() for name in before}, {name: picture() for name in after})
    assert [(name, old is not None, new is not None) for name, old, new in pairs] == expected


def test_the_page_shows_what_changed_and_names_what_did_not() -> None:
    compared = [
        Compared("kpi-in", picture(), picture(60), alike=False),
        Compared("kpi-out", picture(), picture(), alike=True),
        Compared("map", None, Picture("<b>Map</b>", picture().png), alike=False),
    ]
    page = changes_page(compared, "main")
    assert [one.kind for one in compared] == ["changed", "same", "new"]
    assert page.count("<article") == 2
    assert page.count('type="range"') == 1
    assert "kpi-out" in page
    assert "<b>Map" not in page
    assert "main → working tree: 1 changed" in page


def test_a_revision_that_is_none_is_one_sentence(tmp_path: Path) -> None:
    with (
        pytest.raises(RevisionError, match="revision is 'nowhere': expected a commit"),
        checked_out("nowhere", tmp_path),
    ):
        pytest.fail("checked out")


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout of one commit with one file."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "words.txt").write_text("then", encoding="utf-8")
    author = ("-c", "user.name=a", "-c", "user.email=a@example.com")
    for arguments in (("init", "--quiet"), ("add", "."), (*author, "commit", "--quiet", "--message=one")):
        subprocess.run(["git", "-C", str(folder), *arguments], check=True)
    (folder / "words.txt").write_text("now", encoding="utf-8")
    return folder


def test_a_revision_is_there_for_a_while(repository: Path) -> None:
    with checked_out("HEAD", repository) as tree:
        assert (tree / "words.txt").read_text(encoding="utf-8") == "then"
    assert not tree.exists()
    assert [path.name for path in repository.iterdir() if path.name != ".git"] == ["words.txt"]


def test_a_process_that_is_ended_leaves_no_revision(repository: Path) -> None:
    code = (
        "import sys, time\nfrom pathlib import Path\nfrom cli.before_after.worktree import checked_out\n"
        "with checked_out('HEAD', Path(sys.argv[1])) as tree:\n"
        "    sys.stdout.write(f'{tree}\\n'); sys.stdout.flush(); time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code, str(repository)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        tree = Path(process.stdout.readline().strip())
        assert tree.is_dir()
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 128 + signal.SIGTERM
    assert not tree.parent.exists()
    noted = subprocess.run(
        ["git", "-C", str(repository), "worktree", "list"], capture_output=True, text=True, check=True
    )
    assert len(noted.stdout.splitlines()) == 1


def test_a_drawing_that_takes_too_long_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.before_after.worktree._DRAWING_SECONDS", 0.001)
    with pytest.raises(DrawingFailedError, match=r"^the dashboards of HEAD were not drawn within 0 seconds"):
        draw(tmp_path, tmp_path, tmp_path / "page.html", [], name="HEAD")
