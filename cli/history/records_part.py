"""Single records, as the camera watch makes them, brought into the columns of the layout."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from cli.history.profiles import BLOCK_MS
from cli.history.rows import Origin, Part
from cli.history.timeline import CameraTimeline, DeviceTimeline, Period
from contract.columns import ColumnType
from contract.identity import stream_name
from contract.records import Record
from contract.tables import TABLES


def records_part(
    table: str,
    records: Sequence[Record],
    timeline: CameraTimeline,
    device: DeviceTimeline,
    period: Period,
) -> Part:
    """Return `records` of one table and camera as a part, unnumbered."""
    camera, count = timeline.camera, len(records)
    times = np.array([record.event_time_ms for record in records], np.int64)
    blocks = np.minimum((times - period.start_ms) // BLOCK_MS, period.blocks - 1)
    places = np.arange(count)
    texts = {
        "scene_version": (places, [record.scene_version or "" for record in records]),
        "time_zone": (places, [record.time_zone or "" for record in records]),
        "clock_quality": (places, [record.clock_quality for record in records]),
    }
    numbers = {}
    for column in TABLES[table].own_columns:
        values = [record.values.get(column.name) for record in records]
        if column.type is ColumnType.TEXT:
            codes = np.array([-1 if value is None else place for place, value in enumerate(values)], np.int64)
            texts[column.name] = (codes, [str(value) for value in values])
        else:
            found = np.array([np.nan if value is None else float(value) for value in values], np.float64)
            numbers[column.name] = found.round(column.decimals) if column.type is ColumnType.REAL else found
    return Part(
        Origin(camera.site, camera.device, camera.name, stream_name(camera.name, table)),
        times,
        (device.epoch_numbers[blocks], device.epochs),
        np.zeros(count, np.int64),
        numbers,
        texts,
    )
