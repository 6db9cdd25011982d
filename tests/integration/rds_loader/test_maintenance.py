"""What MySQL no longer keeps goes, and live state follows the clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import chain, repeat
from typing import Any

import pytest

from contract.mysql import KEPT_DAYS, first_kept_day
from contract.tables import TABLES
from lambdas.rds_loader import handler as module
from lambdas.rds_loader import live, maintenance
from lambdas.rds_loader.maintenance import maintain

NOON = datetime(2025, 11, 21, 12, tzinfo=UTC).replace(tzinfo=None)
NOON_MILLISECONDS = 1_763_726_400_000
DAY_MILLISECONDS = 86_400_000
LIVE = {"zone": "hall", "object_class": "person"}


@pytest.mark.parametrize("table", list(TABLES))
def test_whole_days_go_once_they_are_too_old(lake: Any, table: str, make_records: Any) -> None:
    for age in range(KEPT_DAYS[table] - 1, KEPT_DAYS[table] + 3):
        keys = lake.put(
            make_records(
                table,
                count=2,
                first_sequence=1 + 10 * age,
                start_ms=NOON_MILLISECONDS - age * DAY_MILLISECONDS,
            )
        )
        assert lake.load(*keys) == 0
    result = maintain(module.loader()._database, NOON)
    assert result.finished
    assert result.removed[table] == 4
    first = first_kept_day(table, NOON.date())
    assert lake.query(f"SELECT COUNT(*), DATE(MIN(event_time)) FROM `{table}`")[0] == (  # noqa: S608
        4,
        datetime.fromisoformat(first).date(),
    )
    assert lake.query("SELECT COUNT(*), MIN(day) FROM load_ledger") == [
        (2, datetime.fromisoformat(first).date())
    ]
    assert maintain(module.loader()._database, NOON).removed[table] == 0


def test_a_zone_that_counts_no_more_leaves_the_live_table(lake: Any, make_records: Any) -> None:
    old_ms = NOON_MILLISECONDS - 20 * DAY_MILLISECONDS
    lake.load(*lake.put(make_records(count=1, start_ms=old_ms, zone="closed", object_class="person")))
    lake.load(*lake.put(make_records(count=1, first_sequence=2, **LIVE)))
    maintain(module.loader()._database, NOON)
    assert lake.query("SELECT zone FROM zone_live") == [("hall",)]


def test_many_rows_go_in_short_transactions(
    lake: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "ROWS_PER_DELETE", 7)
    lake.load(*lake.put(make_records(count=30, start_ms=NOON_MILLISECONDS - 30 * DAY_MILLISECONDS)))
    commits: list[int] = []
    database = module.loader()._database
    plain = database.connection().commit

    def commit() -> None:
        commits.append(1)
        plain()

    monkeypatch.setattr(database.connection(), "commit", commit)
    assert maintain(database, NOON).removed["zone_counts"] == 30
    assert len(commits) >= 5


def test_what_is_not_done_in_time_waits_for_the_next_run(lake: Any, make_records: Any) -> None:
    lake.load(*lake.put(make_records(count=3, start_ms=NOON_MILLISECONDS - 30 * DAY_MILLISECONDS)))
    ticks = chain([0.0, 0.0], repeat(100.0))
    result = maintain(module.loader()._database, NOON, monotonic=lambda: next(ticks))
    assert not result.finished
    assert maintain(module.loader()._database, NOON).finished
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(0,)]


def load_at(lake: Any, now: datetime, *keys: str) -> None:
    lake.loader._clock = lambda: now
    assert lake.load(*keys) == 0


def test_a_record_ahead_of_the_clock_becomes_live_when_its_time_has_come(
    lake: Any, make_records: Any
) -> None:
    ahead_ms = NOON_MILLISECONDS + 3_600_000
    ahead = lake.put(make_records(count=1, start_ms=ahead_ms, occupancy_last=9, **LIVE))
    present = lake.put(make_records(count=1, first_sequence=2, occupancy_last=1, **LIVE))
    load_at(lake, NOON, *ahead, *present)

    def occupancy(now: datetime) -> int:
        maintain(module.loader()._database, now)
        ((found,),) = lake.query("SELECT occupancy_last FROM zone_live")
        return int(found)

    assert occupancy(NOON) == 1
    assert occupancy(NOON + timedelta(minutes=49)) == 1
    assert occupancy(NOON + timedelta(minutes=50)) == 9
    later = make_records(count=1, first_sequence=3, start_ms=ahead_ms + 1, occupancy_last=4, **LIVE)
    load_at(lake, NOON + timedelta(hours=1), *lake.put(later))
    assert occupancy(NOON + timedelta(hours=1)) == 4


def test_a_batch_settles_what_no_schedule_has(lake: Any, make_records: Any) -> None:
    ahead = make_records(count=1, start_ms=NOON_MILLISECONDS + 3_600_000, occupancy_last=9, **LIVE)
    load_at(lake, NOON, *lake.put(ahead))
    assert lake.query("SELECT COUNT(*) FROM zone_live") == [(0,)]
    lake.loader._settled_at = None
    load_at(lake, NOON + timedelta(hours=1), *lake.put(make_records("gaps")))
    assert lake.query("SELECT occupancy_last FROM zone_live") == [(9,)]


def test_a_later_settling_reads_only_what_lies_ahead(lake: Any, make_records: Any) -> None:
    load_at(lake, NOON, *lake.put(make_records(count=50, step_ms=1)))
    database = module.loader()._database
    database.run(lambda cursor: live.settle(cursor, NOON))

    def rows_read(cursor: Any) -> int:
        cursor.execute("SHOW SESSION STATUS LIKE 'Rows_read'")
        before = int(cursor.fetchone()[1])
        live.settle(cursor, NOON + timedelta(minutes=1))
        cursor.execute("SHOW SESSION STATUS LIKE 'Rows_read'")
        return int(cursor.fetchone()[1]) - before

    assert database.run(rows_read) < 10
