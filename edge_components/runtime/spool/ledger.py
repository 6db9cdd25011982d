"""Counting: what was made, sent, dropped and still waits, exactly, and the records that report it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from contract.identity import stream_name
from contract.records import Record
from contract.tables import STREAM_LEDGER
from edge_components.runtime.spool import known_time, store
from edge_components.runtime.spool.rows import parse_shape
from edge_components.runtime.spool.salvage import LostCount

LEDGER_STREAM = stream_name(None, STREAM_LEDGER.name)
_REPORT_AGAIN = """
    UPDATE ledger SET reported_made = -1 WHERE day = ? AND stream_id IN (
        SELECT stream_id FROM streams JOIN epochs USING (epoch_id) WHERE stream = ? AND epoch = ?)"""

EPOCHS_KEPT = 64
"""How many of the newest epochs keep their ledger rows for good."""
_DONE = """
    SELECT epoch_id FROM epochs WHERE epoch_id <= ?
    AND epoch NOT IN (SELECT epoch FROM drops WHERE epoch IS NOT NULL)
    AND NOT EXISTS (
        SELECT 1 FROM streams JOIN ledger USING (stream_id) WHERE streams.epoch_id = epochs.epoch_id
        AND (made != acknowledged + dropped
            OR (stream != ? AND (made != reported_made OR dropped != reported_dropped))))"""
_LEDGER_WAITING = """
    SELECT coalesce(sum(made - acknowledged - dropped), 0) FROM ledger JOIN streams USING (stream_id)
    WHERE stream = ?"""
_CHOSEN = "epoch_id IN (SELECT value FROM json_each(?))"
_SETTLE = (
    f"""UPDATE settled SET made = settled.made + s.made,
        acknowledged = settled.acknowledged + s.acknowledged, dropped = settled.dropped + s.dropped
    FROM (SELECT coalesce(sum(made), 0) AS made, coalesce(sum(acknowledged), 0) AS acknowledged,
        coalesce(sum(dropped), 0) AS dropped FROM ledger JOIN streams USING (stream_id)
        WHERE {_CHOSEN}) AS s""",  # noqa: S608 - text of ours
    f"DELETE FROM ledger WHERE stream_id IN (SELECT stream_id FROM streams WHERE {_CHOSEN})",  # noqa: S608
    f"DELETE FROM streams WHERE {_CHOSEN}",  # noqa: S608
    f"DELETE FROM epochs WHERE {_CHOSEN}",  # noqa: S608
)


@dataclass(frozen=True)
class StreamCounts:
    """One epoch and stream: made = acknowledged + waiting + dropped."""

    epoch: str
    stream: str
    made: int
    acknowledged: int
    dropped: int

    @property
    def waiting(self) -> int:
        """Records that are still in the spool."""
        return self.made - self.acknowledged - self.dropped


@dataclass(frozen=True)
class SpoolCounts:
    """The whole spool at one instant; `waiting` is counted apart from the other three and must agree.

    `made` counts every record ever appended to this file, `gaps` and `stream_ledger` records included.
    `streams` leaves out what epochs made whose ledger was folded.
    `bytes` is what the waiting records count against the bound.
    """

    made: int
    acknowledged: int
    dropped: int
    waiting: int
    bytes: int
    streams: tuple[StreamCounts, ...]


def read_counts(connection: sqlite3.Connection) -> SpoolCounts:
    """Return the counts of the spool."""
    rows = connection.execute(
        "SELECT epoch, stream, sum(made), sum(acknowledged), sum(dropped) FROM ledger "
        "JOIN streams USING (stream_id) JOIN epochs USING (epoch_id) "
        "GROUP BY stream_id ORDER BY epoch_id, stream"
    ).fetchall()
    streams = tuple(StreamCounts(*row) for row in rows)
    waiting_rows, waiting_bytes = store.waiting(connection)
    made, acknowledged, dropped = connection.execute(
        "SELECT made, acknowledged, dropped FROM settled"
    ).fetchone()
    return SpoolCounts(
        made=made + sum(counts.made for counts in streams),
        acknowledged=acknowledged + sum(counts.acknowledged for counts in streams),
        dropped=dropped + sum(counts.dropped for counts in streams),
        waiting=waiting_rows,
        bytes=waiting_bytes,
        streams=streams,
    )


def take_ledger_records(connection: sqlite3.Connection, *, now_ms: int, clock_quality: str) -> list[Record]:
    """Return a record for each epoch, stream and day whose counts changed since the last call.

    The stream of the ledger records themselves has none: each would change it again. The time is kept, where
    it is known, for a boot that may never learn it.
    """
    known_time.remember(connection, now_ms, clock_quality)
    rows = connection.execute(
        "SELECT stream, epoch, day, made, dropped, first_sequence, ledger.last_sequence, stream_id "
        "FROM ledger JOIN streams USING (stream_id) JOIN epochs USING (epoch_id) "
        "WHERE (made != reported_made OR dropped != reported_dropped) AND stream != ? "
        "ORDER BY epoch_id, stream, day",
        (LEDGER_STREAM,),
    ).fetchall()
    connection.executemany(
        "UPDATE ledger SET reported_made = made, reported_dropped = dropped WHERE stream_id = ? AND day = ?",
        [(row[-1], row[2]) for row in rows],
    )
    names = (
        "ledger_stream",
        "ledger_epoch",
        "ledger_day",
        "made",
        "dropped",
        "first_sequence",
        "last_sequence",
    )
    return [
        Record(
            STREAM_LEDGER.name,
            None,
            None,
            None,
            now_ms,
            clock_quality,
            dict(zip(names, row[:-1], strict=True)),
        )
        for row in rows
    ]


def report_again(connection: sqlite3.Connection, row_ids: Iterable[int]) -> None:
    """Have the counts reported again that the ledger records with `row_ids`, about to be dropped, told."""
    found = connection.execute(
        "SELECT shape, payload FROM records JOIN shapes USING (shape_id) "
        "WHERE row_id IN (SELECT value FROM json_each(?))",
        (json.dumps(list(row_ids)),),
    ).fetchall()
    for shape, payload in found:
        values = dict(zip(parse_shape(shape).names, json.loads(payload), strict=True))
        told = (values["ledger_day"], values["ledger_stream"], values["ledger_epoch"])
        connection.execute(_REPORT_AGAIN, told)


def carry_over(connection: sqlite3.Connection, counts: Sequence[LostCount]) -> list[LostCount]:
    """Take the ledger of a damaged file into a new one that has its epochs and what was rescued of its rows.

    What waited in it and was not rescued counts as dropped; it is what is left `lost` in the counts returned.
    """
    carried = [_less_rescued(connection, count) for count in counts]
    for count in carried:
        connection.execute(
            "INSERT INTO streams (epoch_id, stream, last_sequence) "
            "SELECT epoch_id, ?, ? FROM epochs WHERE epoch = ? "
            "ON CONFLICT (epoch_id, stream) DO UPDATE SET "
            "last_sequence = max(last_sequence, excluded.last_sequence)",
            (count.stream, count.last_sequence, count.epoch),
        )
        connection.execute(
            "INSERT INTO ledger (stream_id, day, made, acknowledged, dropped, first_sequence, last_sequence) "
            "SELECT stream_id, ?, ?, ?, ?, ?, ? FROM streams JOIN epochs USING (epoch_id) "
            "WHERE epoch = ? AND stream = ? "
            # What was rescued stands there already, and may have been sent or dropped since.
            "ON CONFLICT (stream_id, day) DO UPDATE SET made = made + excluded.made, "
            "acknowledged = acknowledged + excluded.acknowledged, dropped = dropped + excluded.dropped, "
            "reported_made = -1, "
            "first_sequence = min(first_sequence, excluded.first_sequence), "
            "last_sequence = max(last_sequence, excluded.last_sequence)",
            (
                count.day,
                count.made,
                count.acknowledged,
                count.dropped + count.lost,
                count.first_sequence,
                count.last_sequence,
                count.epoch,
                count.stream,
            ),
        )
    return carried


def _less_rescued(connection: sqlite3.Connection, count: LostCount) -> LostCount:
    """Return the part of the count that the rescued rows, which the ledger has already, do not make up."""
    row = connection.execute(
        "SELECT made FROM ledger JOIN streams USING (stream_id) JOIN epochs USING (epoch_id) "
        "WHERE epoch = ? AND stream = ? AND day = ?",
        (count.epoch, count.stream, count.day),
    ).fetchone()
    rescued = 0 if row is None else int(row[0])
    lost = max(0, count.lost - rescued)
    # More rows than the ledger says waited: some of them had been sent, and will be sent once more.
    made = max(count.made, count.dropped + rescued)
    return replace(count, made=made - rescued, acknowledged=made - rescued - count.dropped - lost)


def settle(connection: sqlite3.Connection, *, epochs_kept: int = EPOCHS_KEPT) -> int:
    """Fold the ledger of old epochs that are done with into one row; return how many epochs there were.

    Done with is an epoch of which nothing waits and all is declared and reported. Nothing is folded while
    a ledger record waits: were it dropped, its counts would have to be reported again.
    """
    newest = connection.execute("SELECT max(epoch_id) FROM epochs").fetchone()[0]
    done = [row[0] for row in connection.execute(_DONE, (newest - epochs_kept, LEDGER_STREAM))]
    waiting = connection.execute(_LEDGER_WAITING, (LEDGER_STREAM,)).fetchone()[0]
    if not done or waiting:
        return 0
    text = json.dumps(done)
    for statement in _SETTLE:
        connection.execute(statement, (text,))
    return len(done)
