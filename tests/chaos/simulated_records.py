"""Records of a simulated camera: each carries a number of its own, by which the row in the lake is known."""

from __future__ import annotations

from typing import Any

from contract.records import Value


def _crossing(marker: int) -> dict[str, Value]:
    return {
        "line": "gate",
        "direction": "in",
        "object_class": "person",
        "track": marker,
        "image_x": marker / 8,
        "image_y": 20.5,
        "speed_mps": None if marker % 3 else 1.25,
        "suspect": False,
    }


def _status(marker: int) -> dict[str, Value]:
    return {
        "state": "ok",
        "previous_state": None,
        "frames_per_second": 10.0,
        "detail": f"{marker} {'x' * 60}",
    }


def _zone(marker: int) -> dict[str, Value]:
    whole = dict.fromkeys(("occupancy_maximum", "occupancy_last", "entries", "exits", "appeared"), 1)
    return {
        **whole,
        "window_seconds": 10.0,
        "zone": f"zone {marker % 3}",
        "object_class": "person",
        "frames": marker,
        "occupancy_mean": marker / 4,
        "vanished": 0,
        "dwell_seconds_sum": 0.5,
        "dwell_count": 1,
        "density_per_m2": None,
        "suspect": False,
    }


def _classification(marker: int) -> dict[str, Value]:
    return {"rank": marker, "label": "마스크", "label_text": "Mask", "probability": 0.5}


VALUES = {
    "line_crossings": _crossing,
    "camera_status": _status,
    "zone_counts": _zone,
    "classifications": _classification,
}


def marker_of(table: str, row: dict[str, Any]) -> int:
    """Return which attempt a row of the lake is."""
    if table == "camera_status":
        return int(row["detail"].split()[0])
    return int(row[{"line_crossings": "track", "zone_counts": "frames", "classifications": "rank"}[table]])
