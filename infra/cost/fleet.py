"""What cameras make and send: records and messages, by table, a day."""

from __future__ import annotations

import math
from dataclasses import dataclass

from contract.errors import CrowdLensError
from infra.cost.measured import MESSAGE_BASE_BYTES, MESSAGE_BYTES_A_RECORD
from infra.cost.publisher import PROFILES, Profile

DAY_SECONDS = 86_400
MONTH_DAYS = 365 / 12
CAMERA_STREAMS = 4


class FleetError(CrowdLensError):
    """Raised for a fleet that cannot be."""


@dataclass(frozen=True)
class Fleet:
    """`cameras` of one kind, `cameras_a_device` together: what each sees, and how soon its records leave.

    The kind is that of the spool's seven-day arithmetic: windows of ten seconds, three zones, ten
    tracks a window and six crossings a minute. The ledger is sent every `ledger_seconds` for each stream,
    health once a minute.
    """

    cameras: int
    profile_name: str
    window_seconds: float = 10.0
    zones: int = 3
    tracks: int = 10
    crossings_a_minute: float = 6.0
    cameras_a_device: int = 1

    def __post_init__(self) -> None:
        if self.profile_name not in PROFILES:
            raise FleetError(
                f"profile is {self.profile_name!r}: expected one of {', '.join(sorted(PROFILES))}"
            )
        if not 1 <= self.cameras <= 1_000_000:
            raise FleetError(f"cameras is {self.cameras}: expected a number from 1 to 1000000")
        if not 1 <= self.cameras_a_device <= 64:
            raise FleetError(f"cameras_a_device is {self.cameras_a_device}: expected a number from 1 to 64")
        if not 1 <= self.window_seconds <= 3600:
            raise FleetError(f"window_seconds is {self.window_seconds}: expected a number from 1 to 3600")

    @property
    def profile(self) -> Profile:
        """How soon records leave the device."""
        return PROFILES[self.profile_name]

    @property
    def devices(self) -> int:
        """Devices, the last perhaps with fewer cameras."""
        return math.ceil(self.cameras / self.cameras_a_device)

    def records_a_camera_day(self) -> dict[str, float]:
        """Return records by table that one camera and its device make in a day."""
        windows = DAY_SECONDS / self.window_seconds
        return {
            "zone_counts": windows * self.zones,
            "tracks": windows * self.tracks,
            "line_crossings": self.crossings_a_minute * DAY_SECONDS / 60,
            "stream_ledger": CAMERA_STREAMS * DAY_SECONDS / self.profile.ledger_seconds,
            "device_health": DAY_SECONDS / 60,
        }

    def records_a_device_day(self) -> dict[str, float]:
        """Return records by table that a device with all its cameras makes in a day."""
        return {
            name: records * self.cameras_a_device for name, records in self.records_a_camera_day().items()
        }

    @property
    def records_a_second(self) -> float:
        """Records of the whole fleet a second."""
        return self.cameras * sum(self.records_a_camera_day().values()) / DAY_SECONDS

    @property
    def messages_a_device_day(self) -> float:
        """Messages of one device a day: a flush with a window in it sends, others if something else waits.

        What else comes is taken to come at random (Poisson).
        """
        flush = self.profile.flush_seconds
        with_window = min(1.0, flush / self.window_seconds)
        records = self.records_a_device_day()
        others = sum(records[table] for table in ("line_crossings", "device_health"))
        others += DAY_SECONDS / self.profile.ledger_seconds
        something = 1.0 - math.exp(-others * flush / DAY_SECONDS)
        return DAY_SECONDS / flush * (with_window + (1.0 - with_window) * something)

    @property
    def messages_a_second(self) -> float:
        """Messages of the whole fleet a second."""
        return self.devices * self.messages_a_device_day / DAY_SECONDS

    @property
    def records_a_message(self) -> float:
        """Mean number of records in a message."""
        return sum(self.records_a_device_day().values()) / self.messages_a_device_day

    @property
    def body_bytes(self) -> float:
        """Mean size of a message."""
        return MESSAGE_BASE_BYTES + MESSAGE_BYTES_A_RECORD * self.records_a_message
