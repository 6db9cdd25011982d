"""A column is added while devices, messages, objects and tables of before are about: the whole upgrade."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from contract.tables import SCHEMA_VERSION
from infra.local.mariadb import MySqlServer

NEW_COLUMN = "temperature_celsius"
EVERYTHING = "SELECT device, sequence, temperature_celsius FROM unique_zone_counts ORDER BY device, sequence"
BEFORE = "SELECT device, sequence FROM unique_zone_counts ORDER BY device, sequence"
BY_MINUTE = "SELECT temperature_celsius FROM zone_counts_by_minute"
OLD_ROWS = [["jetson-1", number, None] for number in (1, 2, 3, 4)]
NEW_ROWS = [["jetson-2", 1, None], ["jetson-2", 2, None], ["jetson-2", 3, 21.5]]
FOLDED = {"failed": [], "skipped": 0}
LOADED: dict[str, list[str]] = {"errors": []}
Step = tuple[str, dict[str, Any]]


class Place:
    """The folder of one test: spools, outboxes and the lake; makes steps for them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lake = str(folder / "lake")

    def outbox(self, name: str) -> str:
        return str(self.folder / f"{name}.json")

    def made(
        self, device: str, minutes: list[int], outbox: str | None, temperature: float | None = None
    ) -> Step:
        return "spool", {
            "path": str(self.folder / f"{device}.sqlite"),
            "device": device,
            "minutes": minutes,
            "temperature": temperature,
            "outbox": outbox and self.outbox(outbox),
        }

    def published(self, device: str, outbox: str) -> Step:
        path = str(self.folder / f"{device}.sqlite")
        return "publish", {"path": path, "device": device, "outbox": self.outbox(outbox)}

    def written(self, *outboxes: str) -> Step:
        return "lake_writer", {"lake": self.lake, "outboxes": [self.outbox(name) for name in outboxes]}

    def asked(self, sql: str) -> Step:
        return "athena", {"lake": self.lake, "sql": sql}

    def folded(self) -> Step:
        return "compactor", {"lake": self.lake}

    def loaded(self) -> Step:
        return "rds_loader", {"lake": self.lake}

    def versions(self, outbox: str) -> set[int]:
        return {
            json.loads(body)["crowdlens"] for body in json.loads(Path(self.outbox(outbox)).read_text("utf-8"))
        }


MIGRATED: Step = ("migrations", {})


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def mysql_rows(server: MySqlServer) -> list[Any]:
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.execute(EVERYTHING.replace("unique_zone_counts", "zone_counts"))
        return [list(row) for row in cursor.fetchall()]


def test_a_column_reaches_everything_while_old_devices_still_send(
    old: Any, new: Any, place: Place, empty_mysql: MySqlServer
) -> None:
    # Before: a compacted and a raw object, MySQL with their rows, and two records that wait in a device.
    before = old.run(
        place.made("jetson-1", [0, 1], "first"), place.written("first"), place.folded(),
        place.made("jetson-1", [2], "second"), place.written("second"),
        MIGRATED, place.loaded(),
        place.made("jetson-2", [3, 4], None),
    )  # fmt: skip
    assert before[2] == FOLDED
    assert before[6] == LOADED

    # The cloud is upgraded, and one device in the field; the other goes on as it was.
    old.run(place.made("jetson-1", [6], "outdated"))
    migrated, read, written, seen, loaded = new.run(
        MIGRATED, place.made("jetson-2", [5], "upgraded", 21.5), place.written("upgraded", "outdated"),
        place.asked(EVERYTHING), place.loaded(),
    )  # fmt: skip
    assert len(migrated["applied"]) == 1
    assert read == 3
    assert (place.versions("outdated"), place.versions("upgraded")) == (
        {SCHEMA_VERSION},
        {SCHEMA_VERSION + 1},
    )
    assert written == {"rows": 4, "quarantined": [], "failed": []}
    assert seen == OLD_ROWS + NEW_ROWS
    assert loaded == LOADED
    assert mysql_rows(empty_mysql) == OLD_ROWS + NEW_ROWS

    # Old and new objects are folded together; the data set of the dashboards shows the column.
    folded, seen, columns, minutes = new.run(
        place.folded(), place.asked(EVERYTHING), ("quicksight", {}), place.asked(BY_MINUTE)
    )
    assert folded == FOLDED
    assert seen == OLD_ROWS + NEW_ROWS
    assert NEW_COLUMN in columns
    # The view of minutes shows it too: no value where only old devices were, the new ones' mean elsewhere.
    assert {value for (value,) in minutes} == {None, 21.5}


def test_what_is_not_upgraded_yet_keeps_every_record(
    old: Any, new: Any, place: Place, empty_mysql: MySqlServer
) -> None:
    new.run(place.made("jetson-2", [0], "early", 21.5), place.made("jetson-3", [0], "late", 22.5))

    # A device before the cloud: the record arrives, the column does not.
    _, written = old.run(MIGRATED, place.written("early"))
    assert written == {"rows": 1, "quarantined": [], "failed": []}
    # A writer before its readers: MySQL's loader waits for its migration and says so.
    _, loaded = new.run(place.written("late"), place.loaded())
    assert loaded["errors"]
    assert all(NEW_COLUMN in error and "migration" in error for error in loaded["errors"])
    # Older readers leave the column out, and an older compactor does not fold what would lose it.
    seen, folded, again = old.run(place.asked(BEFORE), place.folded(), place.asked(BEFORE))
    assert seen == again == [["jetson-2", 1], ["jetson-3", 1]]
    assert folded == {"failed": [], "skipped": 1}

    _, loaded = new.run(MIGRATED, place.loaded())
    assert loaded == LOADED
    assert mysql_rows(empty_mysql) == [["jetson-2", 1, None], ["jetson-3", 1, 22.5]]


def test_a_migration_that_was_cut_short_goes_through_again(
    old: Any, new: Any, empty_mysql: MySqlServer
) -> None:
    old.run(MIGRATED)
    # The column is there, the history does not say so: killed between the two.
    with closing(empty_mysql.connect()) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE zone_counts ADD COLUMN temperature_celsius DOUBLE NULL")

    first, second = new.run(MIGRATED, MIGRATED)

    assert len(first["applied"]) == 1
    assert second["applied"] == []


def test_a_device_that_is_rolled_back_keeps_what_only_the_newer_release_can_send(
    old: Any, new: Any, place: Place, empty_mysql: MySqlServer
) -> None:
    new.run(place.made("jetson-2", [0, 1], None, 21.5))
    rolled_back = old.run(
        place.made("jetson-2", [2], None), place.published("jetson-2", "rolled-back"),
        place.published("jetson-2", "nothing"),
    )  # fmt: skip
    held = {"waiting": 2, "held": {"zone_counts.temperature_celsius": 2}}
    assert rolled_back == [1 + 2, held, held]
    published, written, seen = new.run(
        place.published("jetson-2", "upgraded"), place.written("rolled-back", "upgraded"),
        place.asked(EVERYTHING),
    )  # fmt: skip
    assert published == {"waiting": 0, "held": {}}
    assert written == {"rows": 3, "quarantined": [], "failed": []}
    assert seen == [["jetson-2", 1, 21.5], ["jetson-2", 2, 21.5], ["jetson-2", 3, None]]
