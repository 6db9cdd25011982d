"""Draws two versions of the dashboards from the same lake and writes what differs to one page."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.before_after.page import Compared, changes_page
from cli.before_after.pictures import paired, same, take_pictures
from cli.before_after.worktree import ROOT, checked_out, draw
from contract.files import write_whole


@dataclass(frozen=True)
class Changes:
    """Which visuals differ, by id."""

    page: Path
    reference: str
    changed: tuple[str, ...]
    added: tuple[str, ...]
    removed: tuple[str, ...]
    same: tuple[str, ...]

    def summary(self) -> dict[str, object]:
        """Return the same for a program."""
        return {
            "page": str(self.page),
            "before": self.reference,
            "changed": list(self.changed),
            "added": list(self.added),
            "removed": list(self.removed),
            "same": list(self.same),
        }

    def sentence(self) -> str:
        """Return how many visuals differ."""
        return (
            f"against {self.reference}: {len(self.changed)} visuals changed, {len(self.added)} new, "
            f"{len(self.removed)} gone, {len(self.same)} the same"
        )


def write_changes(
    out: Path,
    *,
    reference: str,
    lake: Path,
    options: Sequence[str] = (),
    say: Callable[[str], None] = lambda _: None,
    root: Path = ROOT,
) -> Changes:
    """Write the page of what differs between `reference` and the working tree at `root`.

    `options` are those of `crowdlens preview`. Raises `RevisionError`, `DrawingFailedError` and
    `BrowserMissingError`.
    """
    with (
        tempfile.TemporaryDirectory(prefix="crowdlens-changes-") as folder,
        checked_out(reference, root) as tree,
    ):
        pages = [Path(folder) / name for name in ("before.html", "after.html")]
        for page, version, name in zip(pages, (tree, root), (reference, "the working tree"), strict=True):
            say(f"drawing   {name}")
            draw(version, lake, page, options, name=name)
        before, after = (take_pictures(page) for page in pages)
    compared = [
        Compared(name, old, new, alike=old is not None and new is not None and same(old, new))
        for name, old, new in paired(before, after)
    ]
    write_whole(out, changes_page(compared, reference))
    return _changes(out, reference, compared)


def _changes(out: Path, reference: str, compared: Sequence[Compared]) -> Changes:
    def named(kind: str) -> tuple[str, ...]:
        return tuple(one.name for one in compared if one.kind == kind)

    return Changes(out, reference, named("changed"), named("new"), named("gone"), named("same"))
