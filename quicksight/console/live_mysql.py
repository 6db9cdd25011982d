"""Live figures from the MySQL projection, which is seconds behind the cameras; the lake is a minute."""

from __future__ import annotations

import ssl
from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

import pymysql

from quicksight.console.live import CameraNow, LiveSourceError, Situation, ZoneNow, instant
from quicksight.console.settings import MySqlAddress

_CONNECT_SECONDS = 5
_READ_SECONDS = 10
_ZONES = (
    "SELECT site, camera, zone, object_class, occupancy_last, density_per_m2, event_time, window_seconds "
    "FROM zone_live ORDER BY site, camera, zone, object_class"
)
# The latest of each camera by its key (camera, event_time): the table holds days, not years.
_CAMERAS = (
    "SELECT s.site, s.camera, s.state, s.event_time, s.frames_per_second, s.detail FROM camera_status s "
    "JOIN (SELECT site, camera, MAX(event_time) AS newest FROM camera_status GROUP BY site, camera) n "
    "ON n.site = s.site AND n.camera = s.camera AND n.newest = s.event_time "
    "ORDER BY s.site, s.camera, s.sequence"
)


class MySqlLive:
    """Live figures of one server; a connection each time, for seconds lie between two looks."""

    def __init__(self, address: MySqlAddress) -> None:
        self._address = address
        # Built once: it takes longer than connecting.
        self._tls = ssl.create_default_context(cafile=address.ca_file) if address.tls else None

    def situation(self, now: datetime) -> Situation:
        """Return what MySQL knows; raises `LiveSourceError` when it cannot be asked."""
        try:
            with closing(self._connect()) as connection, connection.cursor() as cursor:
                cursor.execute(_ZONES)
                zones = tuple(_zone(row) for row in cursor.fetchall())
                cursor.execute(_CAMERAS)
                # Two states in one instant: the later of the stream stands last.
                cameras = {(row[0], row[1]): _camera(row) for row in cursor.fetchall()}
        except (pymysql.MySQLError, OSError) as error:
            where = f"{self._address.host}:{self._address.port}"
            raise LiveSourceError(f"live figures cannot be read from MySQL at {where}: {error}") from error
        return Situation(zones, tuple(cameras.values()), now)

    def _connect(self) -> Any:
        return pymysql.connect(
            host=self._address.host,
            port=self._address.port,
            user=self._address.user,
            password=self._address.password,
            database=self._address.database,
            connect_timeout=_CONNECT_SECONDS,
            read_timeout=_READ_SECONDS,
            ssl=self._tls,
            ssl_disabled=self._tls is None,
            init_command="SET SESSION time_zone = '+00:00'",
        )


def _zone(row: tuple[Any, ...]) -> ZoneNow:
    site, camera, zone, object_class, inside, density, start, seconds = row
    return ZoneNow(
        site, camera, zone, object_class, inside, density, instant(start) + timedelta(seconds=seconds)
    )


def _camera(row: tuple[Any, ...]) -> CameraNow:
    site, camera, state, since, rate, detail = row
    return CameraNow(site, camera, state, instant(since), rate, detail)
