"""Turns what was counted into records of the contract."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from contract.records import Record, Value
from contract.scene import Scene
from contract.scene_privacy import NO_MINIMUM, told
from edge_components.runtime.counting.events import EventPhase
from edge_components.runtime.counting.ground import Ground
from edge_components.runtime.counting.lines import Crossing
from edge_components.runtime.counting.located import Geography
from edge_components.runtime.counting.tallies import Stay
from edge_components.runtime.counting.timeline import Timeline
from edge_components.runtime.counting.windows import (
    BOX,
    CONFIDENCE,
    FOOT,
    FRAMES,
    GROUND,
    TrackRow,
    ZoneWindow,
)


class RecordMaker:
    """Makes the records of one scene; every record carries the scene's version and time zone."""

    def __init__(self, scene: Scene, ground: Ground | None, geography: Geography | None) -> None:
        self._scene = scene
        self._private = scene.minimum_count > NO_MINIMUM
        self._has_ground = ground is not None
        self._geography = geography
        self._areas_m2 = [
            ground.area_m2(zone.polygon) if zone.area_m2 is None and ground is not None else zone.area_m2
            for zone in scene.zones
        ]

    def crossing(
        self,
        crossing: Crossing,
        event_time_ms: int,
        clock_quality: str,
        *,
        suspect: bool,
        speed_mps: float | None,
    ) -> Record:
        """Return the `line_crossings` record of a crossing."""
        values: dict[str, Value] = {
            "line": crossing.line,
            "direction": crossing.direction,
            "object_class": self._scene.classes[crossing.class_id],
            # The number would tie a crossing to others of the same person.
            "track": 0 if self._private else crossing.track,
            "image_x": crossing.x,
            "image_y": crossing.y,
            "speed_mps": None if self._private else speed_mps,
            "suspect": suspect,
        }
        return self._record("line_crossings", event_time_ms, clock_quality, values)

    def event(self, phase: EventPhase, timeline: Timeline) -> Record:
        """Return the `events` record of one phase of an event."""
        class_id = phase.class_id
        values: dict[str, Value] = {
            "event": phase.event,
            "kind": phase.kind,
            "phase": phase.phase,
            "zone": phase.zone,
            "line": phase.line,
            "object_class": None if class_id is None else self._scene.classes[class_id],
            "track": phase.track,
            "value": self._told_exactly(phase.value),
            "threshold": phase.threshold,
            "peak_value": phase.peak_value,
            "started_at": timeline.event_time_ms(phase.started_seconds),
            "duration_seconds": phase.time_seconds - phase.started_seconds,
        }
        moment = phase.time_seconds
        return self._record("events", timeline.event_time_ms(moment), timeline.clock_quality(moment), values)

    def zone_counts(self, window: ZoneWindow) -> list[Record]:
        """Return a `zone_counts` record for every zone and class of a window."""
        return [
            self._record(
                "zone_counts",
                window.begin_ms,
                window.clock_quality,
                self._zone_values(window, zone, position),
            )
            for zone in range(len(self._scene.zones))
            for position in range(len(self._scene.classes))
        ]

    def _zone_values(self, window: ZoneWindow, zone: int, position: int) -> dict[str, Value]:
        place, sums = (zone, position), window.sums
        stays, area_m2, least = sums.stays[place], self._areas_m2[zone], self._scene.minimum_count
        mean = self._told_exactly(float(sums.mean[place]))
        left = int(told(stays[Stay.DWELL_COUNT], least))
        return {
            "window_seconds": window.seconds,
            "zone": self._scene.zones[zone].name,
            "object_class": self._scene.classes[position],
            "frames": sums.frames,
            "occupancy_mean": mean,
            "occupancy_maximum": int(told(sums.maximum[place], least)),
            "occupancy_last": int(told(sums.last[place], least)),
            "entries": int(told(stays[Stay.ENTRIES], least)),
            "exits": int(told(stays[Stay.EXITS], least)),
            "appeared": int(told(stays[Stay.APPEARED], least)),
            "vanished": int(told(stays[Stay.VANISHED], least)),
            "dwell_seconds_sum": float(stays[Stay.DWELL_SECONDS]) if left else 0.0,
            "dwell_count": left,
            "density_per_m2": None if area_m2 is None else mean / area_m2,
            "suspect": window.suspect,
        }

    def _told_exactly(self, value: float) -> float:
        """Return a value that need not be whole as it may be told; without privacy as it is."""
        return told(value, self._scene.minimum_count) if self._private else value

    def tracks(self, window: ZoneWindow, rows: Sequence[TrackRow]) -> list[Record]:
        """Return the `tracks` records of a window, none where only numbers of people may be told."""
        if self._private:
            return []
        return [
            self._record(
                "tracks",
                window.begin_ms,
                window.clock_quality,
                self._track_values(row, window),
            )
            for row in rows
        ]

    def _track_values(self, row: TrackRow, window: ZoneWindow) -> dict[str, Value]:
        left, top, width, height = row.means[BOX].tolist()
        image_x, image_y = row.means[FOOT].tolist()
        return {
            "window_seconds": window.seconds,
            "track": row.track,
            "object_class": self._scene.classes[row.class_id],
            "frames": int(row.means[FRAMES]),
            "confidence_mean": float(row.means[CONFIDENCE]),
            "box_left": left,
            "box_top": top,
            "box_width": width,
            "box_height": height,
            "image_x": image_x,
            "image_y": image_y,
            **self._place_values(*row.means[GROUND].tolist()),
            **self._device_values(),
            "speed_mps": row.speed_mps,
            "speed_uncertainty_mps": row.speed_uncertainty_mps,
            "suspect": window.suspect,
        }

    def _place_values(self, x_m: float, y_m: float) -> dict[str, Value]:
        # A foot point above the horizon has no place on the ground, and makes the mean NaN.
        known = self._has_ground and math.isfinite(x_m)
        longitude, latitude = self._geography.locate(x_m, y_m) if known and self._geography else (None, None)
        return {
            "ground_x_m": x_m if known else None,
            "ground_y_m": y_m if known else None,
            "longitude": longitude,
            "latitude": latitude,
        }

    def _device_values(self) -> dict[str, Value]:
        position = self._scene.position
        return {
            "device_height_m": None if position is None else position.height_m,
            "device_azimuth_degrees": None if position is None else position.azimuth_degrees,
        }

    def _record(
        self, table: str, event_time_ms: int, clock_quality: str, values: Mapping[str, Value]
    ) -> Record:
        scene = self._scene
        return Record(
            table, scene.camera, scene.version, scene.time_zone, event_time_ms, clock_quality, values
        )
