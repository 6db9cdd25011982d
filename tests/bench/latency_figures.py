"""From the journals of a latency run to the times of each window, and the tables of many."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from contract.envelope import decode_message, record_ids
from infra.local.stack import LocalStack
from lambdas.rds_loader.notifications import parse_notification
from tests.bench.latency_journal import LAKE_JOURNAL, LOAD_JOURNAL, WATCHED_TABLE, read_journal

Seconds = npt.NDArray[np.float64]
REPEATS = 400


@dataclass
class Times:
    """When one record, or the last record of a window, reached each place, in seconds since 1970."""

    spooled: float = 0.0
    in_queue: float = 0.0
    lake_began: float = 0.0
    in_lake: float = 0.0
    announced: float = 0.0
    load_began: float = 0.0
    loaded: float = 0.0
    in_mysql: float = 0.0
    in_athena: float = 0.0

    def add(self, other: Times) -> None:
        for name, value in vars(other).items():
            setattr(self, name, max(getattr(self, name), value))


STAGES: dict[str, Callable[[float, Times], float]] = {
    "close → spool": lambda closed, times: times.spooled - closed,
    "spool → SQS": lambda _, times: times.in_queue - times.spooled,
    "SQS → lake_writer": lambda _, times: times.lake_began - times.in_queue,
    "lake_writer": lambda _, times: times.in_lake - times.lake_began,
    "lake → rds_loader": lambda _, times: times.load_began - times.in_lake,
    "rds_loader → seen": lambda _, times: times.in_mysql - times.load_began,
}
ENDS: dict[str, Callable[[float, Times], float]] = {
    "lake": lambda closed, times: times.in_lake - closed,
    "MySQL": lambda closed, times: times.in_mysql - closed,
    "Athena": lambda closed, times: times.in_athena - closed,
}


def window_times(
    stack: LocalStack, folder: Path, camera_journals: Iterable[Path], span: tuple[float, float]
) -> list[tuple[float, Times]]:
    """Return when each window that closed within `span` did, and its times.

    A window is that of one camera. Raises AssertionError when a record of one is not everywhere.
    """
    records: dict[str, Times] = defaultdict(Times)
    windows: dict[tuple[float, str], list[str]] = defaultdict(list)
    for path in camera_journals:
        for line in read_journal(path):
            for name, closed_ms in line["windows"]:
                records[name].spooled = line["at"]
                if span[0] <= closed_ms / 1000 <= span[1]:
                    windows[closed_ms / 1000, name.rpartition(":")[0]].append(name)
    _note_queue_and_lake(records, stack.run.path / LAKE_JOURNAL)
    _note_loads(records, stack)
    for line in read_journal(folder / "mysql.journal"):
        for name in line["records"]:
            records[name].in_mysql = line["at"]
    for line in read_journal(folder / "athena.journal"):
        for name in line["records"]:
            records[name].in_athena = line["at"]
    return [(closed, _of_window(records, names)) for (closed, _), names in sorted(windows.items())]


def _of_window(records: dict[str, Times], names: list[str]) -> Times:
    whole = Times()
    for name in names:
        missing = [place for place, at in vars(records[name]).items() if not at]
        assert not missing, f"{name} was never {', '.join(missing)}"
        whole.add(records[name])
    return whole


def _note_queue_and_lake(records: dict[str, Times], journal: Path) -> None:
    for line in read_journal(journal):
        assert not line["failed"], "a message failed: this run is about speed, nothing should fail"
        for sent_at, body in line["messages"]:
            message = decode_message(body)
            for block in message.blocks:
                for name in record_ids(message.device, block):
                    times = records[name]
                    times.in_queue, times.lake_began, times.in_lake = (
                        sent_at,
                        line["began_at"],
                        line["ended_at"],
                    )


def _note_loads(records: dict[str, Times], stack: LocalStack) -> None:
    names_of = dict(_records_by_object(stack))
    for line in read_journal(stack.run.path / LOAD_JOURNAL):
        for sent_at, body in line["messages"]:
            for created in parse_notification(body):
                for name in names_of.get(created.key, ()):
                    times = records[name]
                    times.announced, times.load_began, times.loaded = (
                        sent_at,
                        line["began_at"],
                        line["ended_at"],
                    )


def _records_by_object(stack: LocalStack) -> Iterator[tuple[str, list[str]]]:
    s3 = stack.s3()
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=stack.bucket, Prefix=f"raw/{WATCHED_TABLE}/")
    for page in pages:
        for one in page.get("Contents", []):
            body = s3.get_object(Bucket=stack.bucket, Key=one["Key"])["Body"].read()
            yield one["Key"], pq.read_table(io.BytesIO(body), columns=["record_id"])[0].to_pylist()


def s3_delays() -> dict[str, Callable[[np.random.Generator, int], Seconds]]:
    """Return assumed delays of S3's notifications, by what they assume.

    Amazon says "typically, event notifications are delivered in seconds but can sometimes take a minute or
    longer" and no more: the distributions are ours.
    """
    typical = np.log(1.0), np.log(3.0) / 1.645

    def seconds(chance: np.random.Generator, count: int) -> Seconds:
        return chance.lognormal(*typical, count)

    def sometimes_a_minute(chance: np.random.Generator, count: int) -> Seconds:
        late = chance.random(count) < 0.01
        return np.where(late, chance.uniform(60.0, 120.0, count), seconds(chance, count))

    return {
        "none, as measured": lambda _, count: np.zeros(count),
        "log-normal, median 1 s, 95 % within 3 s": seconds,
        "the same, and one in a hundred takes 60 to 120 s": sometimes_a_minute,
    }


def percentiles(values: Sequence[float] | Seconds) -> tuple[float, float, float]:
    found = np.percentile(np.asarray(values), (50, 95, 99))
    return float(found[0]), float(found[1]), float(found[2])


def with_delay(values: Seconds, delay: Callable[[np.random.Generator, int], Seconds]) -> Seconds:
    """Return `values` many times over, each time with other delays added."""
    chance = np.random.default_rng(1)
    return np.concatenate([values + delay(chance, len(values)) for _ in range(REPEATS)])
