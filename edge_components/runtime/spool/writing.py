"""Transactions of the spool: numbers the mark covers, a bound that is kept, a reserve for the drain."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from contract.errors import DiskFullError
from edge_components.runtime.spool import store
from edge_components.runtime.spool.drops import make_room
from edge_components.runtime.spool.files import SpoolFiles
from edge_components.runtime.spool.properties import bound
from edge_components.runtime.spool.reserve import Reserve

T = TypeVar("T")


class Writer:
    """Writes to the spool file; takes the reserve when it is made."""

    def __init__(self, files: SpoolFiles, reserve: Reserve) -> None:
        self._files = files
        self._reserve = reserve
        self._reserve.take()

    @contextmanager
    def numbering(self) -> Iterator[sqlite3.Connection]:
        """Hold a transaction that may number records; none is told to anybody before the mark covers it."""
        with self._files.database.transaction() as connection:
            yield connection
            last_row_id = store.last_row_id(connection)
        self._files.mark.raise_to(last_row_id)

    @contextmanager
    def bounded(self) -> Iterator[sqlite3.Connection]:
        """Hold a transaction that may number records and leaves no more than the bound waiting."""
        with self.numbering() as connection:
            yield connection
            make_room(connection, bound(connection))

    def drain(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do what must go on while the disk is full: then the reserve is given up for it."""
        try:
            with self.numbering() as connection:
                done = work(connection)
        except DiskFullError:
            if not self._reserve.give_up():
                raise
            with self.numbering() as connection:
                done = work(connection)
            self._reserve.take_back()
        else:
            self._reserve.take()
        return done
