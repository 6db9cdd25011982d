"""Holds every id that users' own analyses and copies of dashboards stand on: once published, it stays.

`ids.lock` has one line an id, sorted; ``python -m quicksight lock`` adds what is new. A line that would go is
an error that says what a user would lose, for QuickSight takes an update without asking: a data set, column
or visual that is gone is gone from every copy.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from contract.errors import CrowdLensError
from quicksight.controls import Choice, control_id
from quicksight.dashboard import Dashboard
from quicksight.data_set import DataSet
from quicksight.fields import JsonObject
from quicksight.sheets import Sheet
from quicksight.theme import THEME_ID

LOCK_FILE = Path(__file__).parent / "ids.lock"
_HEADER = "# Ids that users' copies stand on. Only ever added to, by: python -m quicksight lock\n"
_LOST = {
    "theme": "dashboards and copies would lose their colours",
    "data-set": "every analysis that a user built on it would lose its data",
    "column": "visuals and calculated fields of users that read it would break",
    "calculated": "visuals in copies of the dashboard that show it would break",
    "dashboard": "links, bookmarks, subscriptions by e-mail and shares of it would lead nowhere",
    "sheet": "links to it and its place in users' copies would be lost",
    "visual": "bookmarks, alerts and subscriptions that point at it would be lost",
    "field": "sorts, filters and formats that users gave it in their copies would be lost",
    "parameter": "links and bookmarks that set it would no longer filter anything",
    "control": "bookmarks that keep its choice would be lost",
    "filter": "bookmarks and copies that changed it would be lost",
}


class LockError(CrowdLensError):
    """Raised when an id that has been published would go, or one that is new has not been locked."""


@dataclass(frozen=True, order=True)
class LockedId:
    """One id, where it belongs to, and what of it must not change either (a type), written as one line."""

    kind: str
    path: str
    nature: str = ""

    @property
    def line(self) -> str:
        """The line of the lock file."""
        return f"{self.kind} {self.path}" + (f" {self.nature}" if self.nature else "")


def ids_of(data_sets: Sequence[DataSet], dashboards: Sequence[Dashboard]) -> set[LockedId]:
    """Return every id that a copy may stand on."""
    found = {LockedId("theme", THEME_ID)}
    for data_set in data_sets:
        found.update(_of_data_set(data_set))
    for dashboard in dashboards:
        found.update(_of_dashboard(dashboard))
    return found


def read_lock(path: Path = LOCK_FILE) -> set[LockedId]:
    """Return the ids in the lock file; raises `LockError` naming a line that is none."""
    found = set()
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        parts = line.split(" ")
        if len(parts) not in (2, 3) or parts[0] not in _LOST:
            raise LockError(
                f"{path.name}: {line!r} is no locked id: expected a kind, a path and maybe a type"
            )
        found.add(LockedId(*parts))
    return found


def lock_text(ids: Iterable[LockedId]) -> str:
    """Return the text of the lock file."""
    return _HEADER + "".join(f"{line}\n" for line in sorted(one.line for one in ids))


def losses(locked: set[LockedId], current: set[LockedId]) -> list[str]:
    """Return a sentence for each locked id that is gone, saying what a user's copy would lose."""
    return [f"{_gone(one, current)}: {_LOST[one.kind]}" for one in sorted(locked - current)]


def check_lock(locked: set[LockedId], current: set[LockedId]) -> None:
    """Raise `LockError` with the first loss, or naming an id that has not been locked yet."""
    lost = losses(locked, current)
    if lost:
        raise LockError(lost[0] if len(lost) == 1 else f"{lost[0]} (and {len(lost) - 1} more)")
    if new := sorted(current - locked):
        raise LockError(
            f"{new[0].kind} {new[0].path} is not in {LOCK_FILE.name}: run python -m quicksight lock"
        )


def _gone(one: LockedId, current: set[LockedId]) -> str:
    for other in current:
        if (other.kind, other.path) == (one.kind, one.path):
            return f"{one.kind} {one.path} would change from {one.nature} to {other.nature}"
    return f"{one.kind} {one.path} would go"


def _of_data_set(data_set: DataSet) -> Iterator[LockedId]:
    identifier = data_set.data_set_id
    yield LockedId("data-set", identifier, data_set.identifier)
    for column in data_set.columns:
        yield LockedId("column", f"{identifier}/{column.name}", column.type.value)
    for calculated in data_set.calculated:
        yield LockedId("calculated", f"{identifier}/{calculated.name}")


def _of_dashboard(dashboard: Dashboard) -> Iterator[LockedId]:
    identifier = dashboard.dashboard_id
    yield LockedId("dashboard", identifier)
    for control in dashboard.controls:
        kind = "text" if isinstance(control, Choice) else "date"
        for name in control.names:
            yield LockedId("parameter", f"{identifier}/{name}", kind)
    for group in dashboard.definition().get("FilterGroups", []):
        yield LockedId("filter", f"{identifier}/{group['FilterGroupId']}")
    for sheet in dashboard.sheets:
        yield from _of_sheet(dashboard, sheet)


def _of_sheet(dashboard: Dashboard, sheet: Sheet) -> Iterator[LockedId]:
    path = f"{dashboard.dashboard_id}/{sheet.sheet_id}"
    yield LockedId("sheet", path)
    for control in dashboard.controls:
        for name in control.names:
            yield LockedId("control", f"{path}/{control_id(sheet.sheet_id, name)}")
    for visual in sheet.visuals:
        ((kind, body),) = visual.items()
        yield LockedId("visual", f"{path}/{body['VisualId']}", kind)
        for name in _field_ids(body["ChartConfiguration"]["FieldWells"]):
            yield LockedId("field", f"{path}/{name}")


def _field_ids(tree: JsonObject | list[JsonObject]) -> Iterator[str]:
    if isinstance(tree, dict) and "FieldId" in tree:
        yield str(tree["FieldId"])
    elif isinstance(tree, dict | list):
        for part in tree.values() if isinstance(tree, dict) else tree:
            yield from _field_ids(part)
