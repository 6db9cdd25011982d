"""What a device and the cloud do, as processes of one version of the code or another: PYTHONPATH says which.

Takes a JSON list of steps with their arguments and prints the JSON list of their answers.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

START_MS = 1_763_726_400_000


def record(minute: int, temperature: float | None) -> Any:
    from contract.records import Record

    values: dict[str, Any] = {
        "window_seconds": 10.0, "zone": "entrance", "object_class": "person", "frames": 10,
        "occupancy_mean": 1.5, "occupancy_maximum": 2, "occupancy_last": 1, "entries": 1, "exits": 0,
        "appeared": 0, "vanished": 0, "dwell_seconds_sum": 0.0, "dwell_count": 0, "suspect": False,
    }  # fmt: skip
    if temperature is not None:
        values["temperature_celsius"] = temperature
    return Record("zone_counts", "plaza", "v1", "Asia/Seoul", START_MS + minute * 60_000, "synced", values)


def spool(
    *, path: str, device: str, minutes: list[int], temperature: float | None, outbox: str | None
) -> Any:
    """Append records; with an `outbox` pack all that waits into that file, and acknowledge it."""
    from contract.envelope import pack_messages
    from edge_components.runtime.spool import Spool

    with Spool(path, device=device) as opened:
        opened.append([record(minute, temperature) for minute in minutes])
        if outbox is None:
            return opened.waiting()[0]
        rows = opened.read(maximum_rows=1_000)
        messages = pack_messages("seoul-1", device, [row.stored for row in rows])
        Path(outbox).write_text(json.dumps([message.body for message in messages]), encoding="utf-8")
        opened.acknowledge([row.row_id for row in rows])
        return len(rows)


def publish(*, path: str, device: str, outbox: str) -> Any:
    """Flush the spool with this version's publisher into a file; return what waits then, and for what."""
    import threading

    from edge_components.publisher.publisher import Publisher
    from edge_components.publisher.sender import SendResult
    from edge_components.publisher.settings import PublisherSettings
    from edge_components.runtime.spool import Spool

    bodies: list[str] = []

    class Outbox:
        def send(self, messages: Any) -> SendResult:
            bodies.extend(message.body for message in messages)
            return SendResult(list(range(len(messages))))

    settings = PublisherSettings(Path(path), "seoul-1", device, "http://127.0.0.1/queue")
    with Spool(path, device=device) as opened:
        Publisher(settings, opened, Outbox(), stop=threading.Event()).flush()
        Path(outbox).write_text(json.dumps(bodies), encoding="utf-8")
        return {"waiting": opened.waiting()[0], "held": opened.held()}


def lake_writer(*, lake: str, outboxes: list[str]) -> Any:
    """Write the messages of outboxes into the lake folder."""
    from lambdas.lake_writer.writer import LakeWriter
    from lambdas.shared.sqs import SqsRecord

    class Folder:
        bucket = lake

        def put(self, key: str, body: bytes, *, content_type: str) -> None:
            del content_type
            path = Path(lake) / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(body)

    store: Any = Folder()
    now = datetime.now(tz=UTC)
    bodies = [body for outbox in outboxes for body in json.loads(Path(outbox).read_text(encoding="utf-8"))]
    result = LakeWriter(store).write([SqsRecord(f"m{at}", body, None, now) for at, body in enumerate(bodies)])
    return {
        "rows": result.rows,
        "quarantined": [f"{refusal.error}: {refusal.reason}" for refusal in result.refusals],
        "failed": result.failed_message_ids,
    }


def compactor(*, lake: str) -> Any:
    """Fold every raw object, and take it away."""
    from datetime import timedelta

    from cli.folder_store import FolderStore, NoLeases
    from lambdas.compactor.compactor import Compactor
    from lambdas.compactor.settings import CompactionRules

    rules = CompactionRules(raw_keep=timedelta(0), reader_grace=timedelta(0), settle=timedelta(0), merge_at=2)
    worker = Compactor(FolderStore(Path(lake)), NoLeases(), rules)
    report = worker.run(worker.pieces(("zone_counts",)))
    return {"failed": [str(reason) for reason in report.failed.values()], "skipped": len(report.skipped)}


def migrations() -> Any:
    """Bring MySQL to this version's tables."""
    from infra.local.mysql_server import MySqlServer
    from lambdas.migrations.runner import apply_migrations

    return {"applied": apply_migrations(_server(MySqlServer).connect()).applied}


def rds_loader(*, lake: str) -> Any:
    """Load every object of the lake that MySQL has not."""
    from cli.rebuild.lake import FolderLake
    from lambdas.rds_loader.loader import Loader
    from lambdas.rds_loader.notifications import ObjectCreated
    from lambdas.shared.mysql import Database
    from lambdas.shared.settings import mysql_settings

    store = FolderLake(Path(lake))
    keys = [
        key
        for prefix in ("raw/zone_counts/", "compacted/zone_counts/")
        for key, _, _ in store.keys(prefix, "")
    ]
    loader = Loader(store, Database(mysql_settings(os.environ)))
    results = loader.load_many([ObjectCreated(store.bucket, key, None) for key in keys])
    return {"errors": [str(one.error) for one in results.values() if one.error is not None]}


def athena(*, lake: str, sql: str) -> Any:
    """Ask the local Athena, with this version's tables and views."""
    from infra.local.athena import LocalAthena, LocalFolderLake

    return [list(row) for row in LocalAthena(LocalFolderLake(Path(lake))).query(sql).rows]


def undecided() -> Any:
    """Return what no view shows and nobody left out."""
    from athena.left_out import undecided as found

    return found()


def quicksight() -> Any:
    """Return the columns of the data set of zone windows."""
    from quicksight.data_sets import ZONE_WINDOWS

    return [column.name for column in ZONE_WINDOWS.columns]


def _server(kind: Any) -> Any:
    return kind(
        os.environ["MYSQL_HOST"],
        int(os.environ["MYSQL_PORT"]),
        os.environ["MYSQL_USER"],
        os.environ["MYSQL_PASSWORD"],
        os.environ["MYSQL_DATABASE"],
    )


STEPS = {
    step.__name__: step
    for step in (
        spool,
        publish,
        lake_writer,
        compactor,
        migrations,
        rds_loader,
        athena,
        undecided,
        quicksight,
    )
}

if __name__ == "__main__":
    json.dump([STEPS[name](**arguments) for name, arguments in json.loads(sys.argv[1])], sys.stdout)
    sys.stdout.flush()
    # Arrow's threads once aborted a process that had answered and was ending; a Lambda does not end so.
    os._exit(0)
