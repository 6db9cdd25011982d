"""How far off the clocks of devices are, from the health records that pass by."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pyarrow.compute as pc

from contract.tables import DEVICE_HEALTH
from lambdas.lake_writer.columns import TableRows

_COLUMN = "clock_offset_milliseconds"


def largest_offset(tables: Iterable[TableRows], known: float | None = None) -> float | None:
    """Return the largest absolute offset in ms of `tables` and `known`; None when nobody told one."""
    for rows in tables:
        if rows.table is DEVICE_HEALTH:
            told: Any = pc.max(pc.abs(rows.data.column(_COLUMN)))
            found = told.as_py()
            known = found if known is None or (found is not None and found > known) else known
    return known
