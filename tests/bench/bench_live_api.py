"""How long viewers of the live map wait: 50 at once, polling and flat out, against a map that keeps nothing.

A private MariaDB with 200 places, each with two zones, counted every ten seconds while the viewers ask. The
server is `crowdlens map`'s, with one handler and one connection, as one execution environment of the cloud.
"""

from __future__ import annotations

import http.client
import json
import multiprocessing
import os
import statistics
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import Any

from cli.live_map.requests import event_of
from cli.live_map.server import LiveMapServer
from contract.mysql import upsert_statement
from contract.tables import ZONE_COUNTS
from infra.local.mariadb import MariaDb, MySqlServer, find_mysql
from infra.local.run_directory import RunDirectory
from lambdas.live_api import repository
from lambdas.live_api.application import Application, make_application
from lambdas.live_api.handler import make_handler
from lambdas.live_api.live_map import utc_now
from lambdas.live_api.place_statistics import KeptDays
from lambdas.live_api.settings import live_api_settings
from lambdas.migrations.runner import apply_migrations
from lambdas.rds_loader import live

PLACES, ZONES, VIEWERS = 200, 2, 50
WINDOW_SECONDS, POLL_SECONDS = 10, 5.0
POLLING_SECONDS, FLAT_OUT_SECONDS = 40.0, 8.0
_COLUMNS = [column.name for column in ZONE_COUNTS.columns]


def row(camera: int, zone: int, start: datetime, number: int) -> list[Any]:
    """Return a row of `zone_counts`."""
    values: dict[str, Any] = dict.fromkeys(_COLUMNS, 0)
    values |= {
        "record_id": f"b:{camera}:{zone}:{start.isoformat()}",
        "site": "seoul-1", "device": "jetson", "camera": f"camera-{camera}", "epoch": "0123456789ab",
        "stream": "s", "sequence": int(start.timestamp()), "scene_version": None, "time_zone": "Asia/Seoul",
        "event_time": start, "clock_quality": "synced", "window_seconds": float(WINDOW_SECONDS),
        "zone": f"zone-{zone}", "object_class": "person", "frames": 100, "occupancy_mean": float(number),
        "occupancy_maximum": number, "occupancy_last": number, "density_per_m2": None,
    }  # fmt: skip
    return [values[name] for name in _COLUMNS]


def fill(server: MySqlServer, now: datetime) -> None:
    """Write half an hour of every camera, five days of the first, the usual of four weeks, and the places."""
    rows = [
        row(camera, zone, now - timedelta(seconds=WINDOW_SECONDS * back), (camera + back) % 40)
        for camera in range(PLACES)
        for zone in range(ZONES)
        for back in range(1, 181)
    ]
    rows += [
        row(0, zone, now - timedelta(seconds=WINDOW_SECONDS * back), back % 40)
        for zone in range(ZONES)
        for back in range(181, 5 * 8640)
    ]
    hour = now.replace(minute=0, second=0, microsecond=0)
    hours = [
        ("seoul-1", f"camera-{camera}", f"zone-{zone}", "person", hour - timedelta(weeks=week, hours=shift))
        for camera in range(PLACES)
        for zone in range(ZONES)
        for week in range(1, 5)
        for shift in (-1, 0, 1)
    ]
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        cursor.executemany(upsert_statement(ZONE_COUNTS), rows)
        cursor.executemany("INSERT INTO zone_hours VALUES (%s, %s, %s, %s, %s, 3600, 36000, 20, 0)", hours)
        for camera in range(PLACES):
            cursor.execute(
                "INSERT INTO places (id, name, site, longitude, latitude, version, updated_at) "
                "VALUES (%s, %s, 'seoul-1', 127, 37.5, 1, UTC_TIMESTAMP(3))",
                (f"place-{camera}", f"광장 {camera}"),
            )
            cursor.executemany(
                "INSERT INTO place_feeds (place_id, number, kind, site, camera, zone, object_classes) "
                "VALUES (%s, %s, 'zone', 'seoul-1', %s, %s, '[\"person\"]')",
                [(f"place-{camera}", zone, f"camera-{camera}", f"zone-{zone}") for zone in range(ZONES)],
            )
        live.settle(cursor, now)
        connection.commit()


def keep_counting(server: MySqlServer, stop: threading.Event) -> None:
    """Write each camera's next window as it ends, and live state a batch at a time, as a loader does."""
    with closing(server.connect()) as connection, connection.cursor() as cursor:
        while not stop.wait(2.0):
            now = utc_now()
            start = now - timedelta(seconds=now.timestamp() % WINDOW_SECONDS + WINDOW_SECONDS)
            start = start.replace(microsecond=0)
            rows = [
                row(camera, zone, start, (camera + now.second) % 40)
                for camera in range(PLACES)
                for zone in range(ZONES)
            ]
            cursor.executemany(upsert_statement(ZONE_COUNTS), rows)
            live.settle(cursor, now)
            connection.commit()


def view(port: int, seconds: float, pause: float, keeps_etag: bool, answers: Any) -> None:
    """Play `VIEWERS` viewers in this process and put (seconds, status, bytes) of every answer."""
    found: list[tuple[float, int, int]] = []
    until = time.monotonic() + seconds

    def one(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        headers = {"Accept-Encoding": "gzip"}
        time.sleep(pause * number / VIEWERS)
        while time.monotonic() < until:
            began = time.perf_counter()
            connection.request("GET", "/api/v1/places", headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            taken = time.perf_counter() - began
            found.append((taken, answer.status, len(body)))
            if keeps_etag:
                headers["If-None-Match"] = answer.headers["ETag"]
            time.sleep(max(0.0, pause - taken))

    threads = [threading.Thread(target=one, args=(number,)) for number in range(VIEWERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.put(found)


def viewers(port: int, seconds: float, pause: float, keeps_etag: bool) -> list[tuple[float, int, int]]:
    """Return what viewers in a process of their own were answered."""
    context = multiprocessing.get_context("spawn")
    answers: Any = context.Queue()
    process = context.Process(target=view, args=(port, seconds, pause, keeps_etag, answers))
    process.start()
    found: list[tuple[float, int, int]] = answers.get(timeout=seconds + 600)
    process.join()
    return found


def told(name: str, found: list[tuple[float, int, int]], seconds: float) -> str:
    """Return a row of the table."""
    taken = sorted(one[0] * 1000 for one in found)
    p50, p95, p99 = (taken[min(len(taken) - 1, int(len(taken) * share))] for share in (0.5, 0.95, 0.99))
    unchanged = sum(status == 304 for _, status, _ in found) / len(found)
    size = statistics.fmean(size for _, _, size in found)
    waits = f"{p50:.1f} | {p95:.1f} | {p99:.1f}"
    return f"| {name} | {len(found) / seconds:,.1f} | {waits} | {unchanged:.0%} | {size:,.0f} |"


def forgetful(application: Application) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
    """Return the handler of a map that keeps nothing: each poll makes everything anew and sends it whole."""
    plain = make_handler(lambda: application)

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        application.map._snapshot = None
        event["headers"].pop("if-none-match", None)
        return plain(event, context)

    return handler


def timed(work: Callable[[], Any], times: int) -> str:
    """Return p50 and p95 of so many calls, in milliseconds."""
    taken = []
    for _ in range(times):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    return f"{taken[len(taken) // 2]:.2f} | {taken[int(len(taken) * 0.95)]:.2f}"


def deciding(cursor: Any) -> Any:
    """Ask what decides whether anything changed."""
    return repository.fingerprint(cursor)


def one_by_one(application: Application) -> list[str]:
    """Return rows on single calls in this process: raw SQL, and the handler with nothing else asking."""
    handler = make_handler(lambda: application)
    event = event_of("GET", "/api/v1/places", {}, b"")
    etag = handler(event, None)["headers"]["ETag"]
    known = event_of("GET", "/api/v1/places", {"If-None-Match": etag}, b"")
    day = event_of("GET", "/api/v1/places/place-0/statistics", {}, b"")
    run, forget = application.map.database.run, forgetful(application)

    def first_card() -> None:
        application.map._kept_days = KeptDays()
        handler(day, None)

    return [
        f"| raw SQL: the query that decides | {timed(lambda: run(deciding), 300)} |",
        f"| raw SQL: every live row, nothing else | {timed(lambda: run(repository.live_rows), 100)} |",
        f"| handler: 304 | {timed(lambda: handler(known, None), 300)} |",
        f"| handler: kept answer, 200 | {timed(lambda: handler(event, None), 300)} |",
        f"| handler: everything made anew | {timed(lambda: forget(event, None), 30)} |",
        f"| handler: statistics of five days, the first card | {timed(first_card, 10)} |",
        f"| handler: statistics of five days, the next card | {timed(lambda: handler(day, None), 10)} |",
    ]


def main() -> int:
    """Print the tables."""
    with RunDirectory() as run:
        found = find_mysql(run)
        if not isinstance(found, MariaDb):
            sys.stderr.write(f"no MariaDB: {found}\n")
            return 1
        try:
            for line in measure(found.server):
                sys.stdout.write(f"{line}\n")
                sys.stdout.flush()
        finally:
            found.process.stop()
    return 0


def measure(server: MySqlServer) -> list[str]:
    """Return the lines of the tables."""
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    now -= timedelta(seconds=now.second % WINDOW_SECONDS)
    with closing(server.connect()) as connection:
        apply_migrations(connection)
    fill(server, now)
    environment = {**server.environment(), "CROWDLENS_SIGN_IN": "none"}
    lines = ["", f"load average {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", ""]
    with closing(make_application(live_api_settings(environment)).map.database):
        application = make_application(live_api_settings(environment))
        body = make_handler(lambda: application)(event_of("GET", "/api/v1/places", {}, b""), None)["body"]
        places = json.loads(body)["places"]
        assert len(places) == PLACES
        assert all(place["usual"] for place in places)
        lines += [f"{PLACES} places, {PLACES * ZONES} zones; an answer of {len(body.encode()):,} bytes", ""]
        lines += [
            "| one call at a time | p50 ms | p95 ms |",
            "| --- | ---: | ---: |",
            *one_by_one(application),
            "",
        ]
        lines += ["| 50 viewers at once | answers/s | p50 ms | p95 ms | p99 ms | 304 | bytes |"]
        lines += ["| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
        lines += under_load(server, application)
    return lines


def under_load(server: MySqlServer, application: Application) -> list[str]:
    """Return rows on viewers that ask over HTTP, with and without counts that change meanwhile."""
    lines, stop, errors = [], threading.Event(), Queue[BaseException]()
    ours = make_handler(lambda: application)
    with LiveMapServer(ours) as served:
        port = int(served.url.rstrip("/").rpartition(":")[2])
        still = viewers(port, FLAT_OUT_SECONDS, 0, True)
        lines.append(told("flat out, nothing changes", still, FLAT_OUT_SECONDS))

    def count() -> None:
        try:
            keep_counting(server, stop)
        except BaseException as error:  # noqa: BLE001 - told by the main thread
            errors.put(error)

    counting = threading.Thread(target=count)
    counting.start()
    try:
        for name, handler, keeps in (("ours", ours, True), ("keeps nothing", forgetful(application), False)):
            with LiveMapServer(handler) as served:
                port = int(served.url.rstrip("/").rpartition(":")[2])
                polled = viewers(port, POLLING_SECONDS, POLL_SECONDS, keeps)
                lines.append(told(f"every 5 s, {name}", polled, POLLING_SECONDS))
                pushed = viewers(port, FLAT_OUT_SECONDS, 0, keeps)
                lines.append(told(f"flat out, {name}", pushed, FLAT_OUT_SECONDS))
    finally:
        stop.set()
        counting.join()
    if not errors.empty():
        raise errors.get()
    return lines


if __name__ == "__main__":
    sys.exit(main())
