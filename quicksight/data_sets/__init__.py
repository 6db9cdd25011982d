"""The data sets of the dashboards: Athena queries over the views, each column typed and named."""

from quicksight.data_sets.history import DWELL_HOURS, LINE_HOURS, PEAK_HOURS, USUAL_HOURS, ZONE_HOURS
from quicksight.data_sets.live import (
    CAMERA_STATES,
    DATA_QUALITY,
    DEVICES_NOW,
    LINE_MINUTES,
    PEOPLE_NOW,
    ZONE_WINDOWS,
)
from quicksight.data_sets.movement import DENSITY_HOURS, DEVICE_HOURS, SPEED_HOURS
from quicksight.data_sets.open_data import FREE_WIFI
from quicksight.data_sets.safety import ALERTS_NOW, SAFETY_COUNTS, SAFETY_EVENTS

__all__ = [
    "ALERTS_NOW",
    "CAMERA_STATES",
    "DATA_QUALITY",
    "DATA_SETS",
    "DENSITY_HOURS",
    "DEVICES_NOW",
    "DEVICE_HOURS",
    "DWELL_HOURS",
    "FREE_WIFI",
    "LINE_HOURS",
    "LINE_MINUTES",
    "PEAK_HOURS",
    "PEOPLE_NOW",
    "SAFETY_COUNTS",
    "SAFETY_EVENTS",
    "SPEED_HOURS",
    "USUAL_HOURS",
    "ZONE_HOURS",
    "ZONE_WINDOWS",
]

DATA_SETS = (
    PEOPLE_NOW,
    ZONE_WINDOWS,
    LINE_MINUTES,
    DATA_QUALITY,
    CAMERA_STATES,
    DEVICES_NOW,
    ALERTS_NOW,
    LINE_HOURS,
    ZONE_HOURS,
    PEAK_HOURS,
    USUAL_HOURS,
    DWELL_HOURS,
    DENSITY_HOURS,
    SPEED_HOURS,
    SAFETY_EVENTS,
    SAFETY_COUNTS,
    DEVICE_HOURS,
    FREE_WIFI,
)
"""Every data set, by the order in which they are provisioned."""
