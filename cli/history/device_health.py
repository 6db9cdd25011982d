"""The health a device reports: invented, not measured, but within what a Jetson shows."""

from __future__ import annotations

import numpy as np

from cli.history.agents import Random
from cli.history.profiles import BLOCK_MS
from cli.history.rows import Floats, Origin, Part
from cli.history.timeline import CLOCKS, DeviceTimeline, Period
from contract.columns import ColumnType
from contract.identity import stream_name
from contract.tables import DEVICE_HEALTH

_TABLE = DEVICE_HEALTH.name
_GIBIBYTE = 1024.0**3
_UNSYNCED_OFFSET_MS = 42_000.0


def health_part(device: DeviceTimeline, busy: Floats, period: Period, blocks: slice, random: Random) -> Part:
    """Return a device's health in `blocks`, one row each, unnumbered; `busy` (B,) is its load from 0 to 1."""
    chosen = np.arange(period.blocks, dtype=np.int64)[blocks]
    chosen = chosen[device.on[blocks]]
    times = period.start_ms + chosen * BLOCK_MS + 60_000
    chosen, times = chosen[times <= period.end_ms], times[times <= period.end_ms]
    count = len(chosen)
    noise = random.normal(0, 1, (8, count))
    load = np.clip(0.28 + 0.45 * busy[chosen] + 0.03 * noise[0], 0.02, 1.0)
    inference = 9.0 + 7.0 * load + 0.4 * noise[1]
    boots = np.searchsorted(device.epoch_numbers, device.epoch_numbers[chosen])
    numbers = {
        "cpu_percent": 100 * load,
        "cpu_celsius": 41 + 26 * load + noise[2],
        "memory_used_bytes": (2.6 + 0.5 * load) * _GIBIBYTE,
        "memory_total_bytes": np.full(count, 7.4 * _GIBIBYTE),
        "disk_free_bytes": 88 * _GIBIBYTE - chosen * 2.0e5,
        "disk_total_bytes": np.full(count, 116 * _GIBIBYTE),
        "gpu_percent": np.clip(100 * (load + 0.1 + 0.04 * noise[3]), 0, 100),
        "gpu_memory_used_bytes": np.full(count, 1.3 * _GIBIBYTE),
        "gpu_celsius": 43 + 27 * load + noise[4],
        "inference_milliseconds_p50": inference,
        "inference_milliseconds_p95": inference * 1.5,
        "frames_per_second": np.clip(14.9 + 0.1 * noise[5], 0, 15),
        "spool_rows": np.abs(40 + 25 * noise[6]),
        "spool_bytes": np.full(count, 4.2e6),
        "clock_offset_milliseconds": np.where(
            device.clocks[chosen] == 2, _UNSYNCED_OFFSET_MS, 2.5 * noise[7]
        ),
        "load_one_minute": 6 * load,
        "swap_used_bytes": np.zeros(count),
        "network_received_bytes_per_second": 240_000 + 9_000 * np.abs(noise[2]),
        "network_sent_bytes_per_second": 900 + 1_500 * load,
        "gpu_memory_total_bytes": np.full(count, 7.4 * _GIBIBYTE),
        "uptime_seconds": (chosen - boots) * BLOCK_MS / 1000 + 60,
    }
    for name, values in numbers.items():
        column = DEVICE_HEALTH.column(name)
        numbers[name] = values.round(column.decimals if column.type is ColumnType.REAL else 0)
    same = np.zeros(count, np.int64)
    texts = {
        "gpu_name": (same, ["Orin (simulated)"]),
        "provider": (same, ["TensorrtExecutionProvider"]),
        "software_version": (same, ["simulated"]),
        "cpu_throttling": (same, ["none"]),
        "gpu_throttling": (same, ["none"]),
        "power_mode": (same, ["15W"]),
        "hardware_model": (same, ["Orin (simulated)"]),
        "package_digest": (same, ["5151a7ed0000"]),
        "clock_quality": (device.clocks[chosen], CLOCKS),
    }
    origin = Origin(device.site, device.name, None, stream_name(None, _TABLE))
    return Part(origin, times, (device.epoch_numbers[chosen], device.epochs), same, numbers, texts)
