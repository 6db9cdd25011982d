"""Epochs: under which random id a boot of the machine numbers its records."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from contract.identity import new_epoch
from contract.tables import CLOCK_SYNCED
from edge_components.runtime.boot import UNKNOWN_BOOT
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.spool import known_time


@dataclass(frozen=True)
class Epoch:
    """The epoch records are numbered under, and its row in the spool file."""

    epoch_id: int
    epoch: str


def enter_epoch(
    connection: sqlite3.Connection, boot_id: str, file_number: int, clock: DeviceClock, *, may_continue: bool
) -> Epoch:
    """Return the epoch of this boot and file, minted now when there is none yet.

    `file_number` (the inode) differs in most copies, and `may_continue` is False for a file that stands
    behind its high-water mark, or has none: neither must go on numbering where the original also did. The
    processes of a boot share the offset of the clock before time sync, which begins no earlier than the time
    that was last known.
    """
    last = connection.execute(
        "SELECT epoch_id, epoch, boot_id, file_number FROM epochs ORDER BY epoch_id DESC LIMIT 1"
    ).fetchone()
    same_file = last is not None and last[2:] == (boot_id, file_number)
    if may_continue and same_file and boot_id != UNKNOWN_BOOT:
        found = Epoch(last[0], last[1])
    else:
        found = _mint(connection, boot_id, file_number, clock)
    _share_unsynced_offset(connection, found, clock)
    return found


def _mint(connection: sqlite3.Connection, boot_id: str, file_number: int, clock: DeviceClock) -> Epoch:
    epoch = new_epoch()
    epoch_id = connection.execute(
        "INSERT INTO epochs (epoch, boot_id, file_number, minted_at_ms) VALUES (?, ?, ?, ?) "
        "RETURNING epoch_id",
        (epoch, boot_id, file_number, clock.now_ms()),
    ).fetchone()[0]
    return Epoch(epoch_id, epoch)


def unsynced_offset_ms(connection: sqlite3.Connection, epoch: Epoch) -> int | None:
    """Return the clock offset of the epoch's unsynced records, or None when there can be none."""
    row = connection.execute(
        "SELECT unsynced_offset_ms FROM epochs WHERE epoch_id = ?", (epoch.epoch_id,)
    ).fetchone()
    return None if row is None or row[0] is None else int(row[0])


def _share_unsynced_offset(connection: sqlite3.Connection, epoch: Epoch, clock: DeviceClock) -> None:
    if clock.quality == CLOCK_SYNCED:
        known_time.remember(connection, clock.now_ms(), clock.quality)
        return
    shared = unsynced_offset_ms(connection, epoch)
    if shared is not None:
        clock.adopt_unsynced_offset(shared)
        return
    known_time.begin_no_earlier(connection, clock)
    connection.execute(
        "UPDATE epochs SET unsynced_offset_ms = ? WHERE epoch_id = ?", (clock.offset_ms, epoch.epoch_id)
    )
