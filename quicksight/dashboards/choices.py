"""What readers of every dashboard choose from, and dimensions that several of them show."""

from __future__ import annotations

from quicksight import data_sets
from quicksight.controls import Choice, Control, Period
from quicksight.data_set import DataSet
from quicksight.fields import Dimension, Granularity
from quicksight.label import Label

PLACE = Dimension("place", Label("Site / camera / zone", "현장 / 카메라 / 구역"))
CAMERA = Dimension("camera", Label("Camera", "카메라"))
SITE_CAMERA = Dimension("site_camera", Label("Site / camera", "현장 / 카메라"))
DAY = Dimension("local_day", Label("Day", "날짜"))
HOUR = Dimension("hour_start", Label("Hour", "시간"), Granularity.HOUR)
HOUR_OF_DAY = Dimension("hour_of_day", Label("Hour of the day", "시각(시)"))
WEEKDAY = Dimension("weekday", Label("Weekday", "요일"))
WEEK_BEFORE = Label("against the same days a week earlier", "1주 전 같은 날들과 비교")


def choices(*, days: int, offered_by: DataSet = data_sets.ZONE_HOURS) -> tuple[Control, ...]:
    """Return period, site, camera, zone and class; `days` is how many the period has at first.

    Only persons are counted until a reader chooses otherwise: a number of people and vehicles together is of
    neither. A crossing has no zone and a finding of a device no camera: rows without
    what is chosen stay.
    """
    site = Choice("Site", Label("Site", "현장"), "site", offered_by)
    camera = Choice("Camera", Label("Camera", "카메라"), "camera", offered_by, (site,), True)
    zone = Choice("Zone", Label("Zone", "구역"), "zone", offered_by, (site, camera), True)
    kind = Choice("Class", Label("Class", "종류"), "object_class", offered_by, (), True, ("person",))
    period = Period("PeriodStart", Label("From", "시작일"), "PeriodEnd", Label("Until", "종료일"), days)
    return (period, site, camera, zone, kind)
