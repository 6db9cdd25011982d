"""Which columns of the record tables a view written by hand leaves out, and which nobody has decided about.

The `stored_…` and `unique_…` views show every column by themselves. How a value is counted by the minute, the
hour or at present, somebody has to say: a new column is named in such a view, or here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from athena import catalog, ddl
from contract.tables import TABLES

_IDENTITY = ("epoch", "stream")
_NOT_IN_SUMS = (*_IDENTITY, "record_id", "device", "sequence", "scene_version", "clock_quality")
_BY_TIME = {
    "zone_counts": (*_NOT_IN_SUMS, "frames", "occupancy_last"),
    "line_crossings": (*_NOT_IN_SUMS, "track", "image_x", "image_y"),
}
_ZONE_FIGURES = ("occupancy_maximum", "entries", "exits", "appeared", "vanished")
_DWELL = ("dwell_seconds_sum", "dwell_count")
LEFT_OUT: Mapping[str, tuple[str, ...]] = {
    "camera_state": _IDENTITY,
    "density_by_hour": (*_BY_TIME["zone_counts"], *_ZONE_FIGURES, *_DWELL, "occupancy_mean"),
    "deviation_from_usual": (*_BY_TIME["zone_counts"], *_ZONE_FIGURES, *_DWELL, "density_per_m2"),
    "device_health_by_hour": (
        *_IDENTITY,
        *("record_id", "camera", "sequence", "scene_version", "gpu_name", "provider"),
        *("power_mode", "gpu_memory_total_bytes", "time_source", "hardware_model", "os_release", "kernel"),
        *("jetpack_version", "packages", "reboot_required", "component_versions", "provider_note"),
    ),
    "device_state": (*_IDENTITY, "camera", "scene_version", "time_zone"),
    "dwell_by_hour": (
        *_BY_TIME["zone_counts"],
        *("occupancy_maximum", "entries", "exits", "appeared", "density_per_m2"),
    ),
    "line_crossings_by_hour": _BY_TIME["line_crossings"],
    "line_crossings_by_minute": _BY_TIME["line_crossings"],
    "local_line_crossings": tuple(name for name in _BY_TIME["line_crossings"] if name != "device"),
    "local_zone_counts": tuple(name for name in _BY_TIME["zone_counts"] if name != "device"),
    "occupancy_live": (
        *_IDENTITY,
        *("frames", "entries", "exits", "appeared", "vanished", "dwell_seconds_sum", "dwell_count"),
    ),
    "safety_events": (*_IDENTITY, "record_id", "sequence", "scene_version", "clock_quality", "value"),
    "speed_by_hour": (
        *("record_id", "stream", "sequence", "scene_version", "clock_quality"),
        *("frames", "confidence_mean", "box_left", "box_top", "box_width", "box_height"),
        *("image_x", "image_y", "ground_x_m", "ground_y_m", "longitude", "latitude"),
        *("device_height_m", "device_azimuth_degrees", "speed_uncertainty_mps"),
    ),
    "usual_by_hour_of_week": (*_BY_TIME["zone_counts"], *_ZONE_FIGURES, *_DWELL, "density_per_m2"),
    "zone_counts_by_hour": _BY_TIME["zone_counts"],
    "zone_counts_by_minute": _BY_TIME["zone_counts"],
}
"""By view: the columns that it does not show, on purpose."""
COUNTS_FINDINGS = frozenset({"data_quality", "records_by_table"})
"""Views that show no record's values: no column is missing there."""
_WORD = re.compile(r"\w+")
_READ = re.compile(r"\bunique_(\w+)\b")


def hand_written() -> list[catalog.Statement]:
    """Return the views that show values of records and that no program writes."""
    generated = {path.stem for path in ddl.generated_files()}
    return [view for view in catalog.views() if view.name not in generated | COUNTS_FINDINGS]


def undecided() -> list[str]:
    """Return a sentence for each column that a view neither names nor leaves out, or leaves out in vain."""
    return [sentence for view in hand_written() for sentence in _undecided_of(view)]


def _undecided_of(view: catalog.Statement) -> list[str]:
    query = "\n".join(line for line in view.template.splitlines() if not line.startswith("--"))
    named = set(_WORD.findall(query))
    left_out = LEFT_OUT.get(view.name, ())
    tables = [TABLES[name] for name in dict.fromkeys(_READ.findall(query))]
    columns = {column.name: table.name for table in tables for column in table.columns}
    missing = [
        f"view {view.name} (athena/views/{view.name}.sql) lacks column {column} of {table}: "
        "name it there, or in LEFT_OUT of athena/left_out.py"
        for column, table in columns.items()
        if column not in named and column not in left_out
    ]
    needless = [
        f"LEFT_OUT of athena/left_out.py has {column} for the view {view.name}: expected a column that it "
        "does not name"
        for column in left_out
        if column in named or column not in columns
    ]
    return missing + needless
