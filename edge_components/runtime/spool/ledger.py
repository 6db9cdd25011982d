"""Counting: what was made, sent, dropped and still waits, exactly, and the records that report it."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from contract.identity import stream_name
from contract.records import Record
from contract.tables import STREAM_LEDGER
from edge_components.runtime.spool import store
from edge_components.runtime.spool.rows import parse_shape
from edge_components.runtime.spool.salvage import LostCount

LEDGER_STREAM = stream_name(None, STREAM_LEDGER.name)
_REPORT_AGAIN = """
    UPDATE ledger SET reported_made = -1 WHERE day = ? AND stream_id IN (
        SELECT stream_id FROM streams JOIN epochs USING (epoch_id) WHERE stream = ? AND epoch = ?)"""


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
    return SpoolCounts(
        made=sum(counts.made for counts in streams),
        acknowledged=sum(counts.acknowledged for counts in streams),
        dropped=sum(counts.dropped for counts in streams),
        waiting=waiting_rows,
        bytes=waiting_bytes,
        streams=streams,
    )


def take_ledger_records(connection: sqlite3.Connection, *, now_ms: int, clock_quality: str) -> list[Record]:
    """Return a record for each epoch, stream and day whose counts changed since the last call.

    The stream of the ledger records themselves has none: each would change it again.
    """
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


def carry_over(connection: sqlite3.Connection, counts: Sequence[LostCount], *, now_ms: int) -> None:
    """Take the ledger of a damaged file into a new one, what waited in it counted as dropped."""
    for count in counts:
        connection.execute(
            "INSERT INTO epochs (epoch, boot_id, file_number, minted_at_ms) VALUES (?, '', 0, ?) "
            "ON CONFLICT (epoch) DO NOTHING",
            (count.epoch, now_ms),
        )
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
            # A file put back from a backup counts these itself: its own numbers must go on adding up.
            "ON CONFLICT (stream_id, day) DO NOTHING",
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
