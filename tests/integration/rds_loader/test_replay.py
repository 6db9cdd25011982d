"""The whole queue replayed, twice: no query of MySQL or Athena answers anything else."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from athena import catalog
from contract.envelope import pack_messages
from contract.lake import COMPACTED_PREFIX, RAW_PREFIX
from contract.tables import TABLES
from infra.local.athena import LocalAthena, LocalFolderLake
from infra.local.lake_copy import copy_lake
from lambdas.lake_writer import handler as writer

BUCKET = "crowdlens-lake"
NOON = datetime(2025, 11, 21, 12, tzinfo=UTC)
NOON_MILLISECONDS = 1_763_726_400_000
COUNTS_COPIES = frozenset({"rows_stored", "repeated_rows"})
"""How often a record is stored is no result: it is what a replay changes, and nothing else may."""


@pytest.fixture(autouse=True)
def _writer_of_this_lake(lake: Any) -> Iterator[None]:
    writer.lake_writer.cache_clear()
    yield
    writer.lake_writer.cache_clear()


def queue_of_a_day(make_records: Any) -> list[str]:
    """Every table from two cameras, late data of two days ago among it, as the messages of two devices."""
    bodies: list[str] = []
    for device in ("jetson-7", "jetson-8"):
        records: list[Any] = []
        for camera in (f"plaza-{device}", f"gate-{device}"):
            for table in TABLES:
                records += make_records(table, count=20, camera=camera)
                late = NOON_MILLISECONDS - 2 * 86_400_000
                records += make_records(table, count=5, camera=camera, first_sequence=21, start_ms=late)
        for start in range(0, len(records), 60):
            chunk = records[start : start + 60]
            bodies += [packed.body for packed in pack_messages("seoul-1", device, chunk)]
    return bodies


def play(lake: Any, bodies: list[str], seed: int, *, batch: int) -> None:
    """Deliver the messages in another order and in other batches, some twice, and load what they make."""
    chance = random.Random(seed)
    order = [*bodies, *chance.sample(bodies, len(bodies) // 4)]
    chance.shuffle(order)
    before = set(lake.keys(RAW_PREFIX))
    for start in range(0, len(order), batch):
        attributes = {"SenderId": "AROA:jetson-7", "SentTimestamp": str(NOON_MILLISECONDS + seed)}
        records = [
            {"messageId": f"m{number}", "body": body, "attributes": attributes}
            for number, body in enumerate(order[start : start + batch])
        ]
        assert writer.handler({"Records": records}, None) == {"batchItemFailures": []}
    made = sorted(set(lake.keys(RAW_PREFIX)) - before)
    announced = [*made, *chance.sample(made, len(made) // 3)]
    chance.shuffle(announced)
    for start in range(0, len(announced), 7):
        assert lake.load(*announced[start : start + 7]) == 0


def athena_answers(lake: Any, folder: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return what every view and every named query answers at noon."""
    for prefix in (RAW_PREFIX, COMPACTED_PREFIX):
        copy_lake(lake.s3, BUCKET, folder, prefixes=[prefix])
    athena = LocalAthena(LocalFolderLake(folder), now=lambda: NOON)
    # What is stored is no answer: a view of that name says that a record may be there twice.
    views = [view.name for view in catalog.views() if not view.name.startswith("stored_")]
    questions = {name: f"SELECT * FROM {name}" for name in views}  # noqa: S608
    questions |= {
        query.name: query.sql(lake_bucket=BUCKET, database="crowdlens") for query in catalog.named_queries()
    }
    answers = {}
    for name, sql in questions.items():
        answer = athena.query(sql)
        kept = [index for index, column in enumerate(answer.columns) if column not in COUNTS_COPIES]
        answers[name] = sorted((tuple(row[index] for index in kept) for row in answer.rows), key=repr)
    return answers


def test_a_queue_replayed_twice_changes_no_answer(lake: Any, make_records: Any, tmp_path: Path) -> None:
    bodies = queue_of_a_day(make_records)
    play(lake, bodies, 1, batch=10)
    mysql, athena = lake.digests(), athena_answers(lake, tmp_path / "first")
    objects = len(lake.keys(RAW_PREFIX))
    assert mysql["zone_counts"][0] == 2 * 2 * 25
    assert mysql["zone_live"][0] > 0
    # The others want more than a day, positions, events or public data; tests of their own fill them.
    assert sum(map(bool, athena.values())) >= 30
    for seed, batch in ((2, 7), (3, 23)):
        play(lake, bodies, seed, batch=batch)
        assert len(lake.keys(RAW_PREFIX)) > objects
        assert lake.digests() == mysql
        replayed = athena_answers(lake, tmp_path / f"replay-{seed}")
        for name, answer in athena.items():
            assert replayed[name] == answer, name
    assert lake.rebuild() == 0
    assert lake.digests() == mysql
    assert lake.rebuild("--check") == 0
