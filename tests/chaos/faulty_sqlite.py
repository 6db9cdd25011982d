"""The spool's connection under faults."""

from __future__ import annotations

import sqlite3
from typing import Any

from tests.chaos.simulated_device import Device


class FaultyConnection(sqlite3.Connection):
    """The spool's connection: every statement is a place to die, a commit one to find the disk full."""

    device: Device

    def execute(self, statement: str, *given: Any) -> sqlite3.Cursor:
        device = self.device
        device.world.point(f"before {statement.lstrip()[:30]}")
        if statement == "BEGIN IMMEDIATE":
            self.changes_before = self.total_changes
        if statement == "COMMIT" and self.total_changes > self.changes_before and device.refuse_commit():
            device.world.note("disk full")
            raise sqlite3.OperationalError("database or disk is full")
        found = super().execute(statement, *given)
        if statement == "COMMIT":
            device.world.point("after COMMIT")
        return found
