"""The live map's API in memory, after lambdas/live_api/openapi.json, for states that are rare in life.

It serves the page too, under the strict headers that the cloud sends, and can be told to be slow, to be away,
to want a token, to refuse a save.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote, urlsplit

Json = dict[str, Any]

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "lambdas" / "live_api" / "static"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".svg": "image/svg+xml",
}
PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000"
    "0500010a2db4a50000000049454e44ae426082"
)
"""A PNG of one pixel."""
NOW = datetime(2026, 11, 21, 3, 0, 10, tzinfo=UTC)
SQUARE = {
    "id": "gwanghwamun",
    "name": "광화문광장",
    "name_en": "Gwanghwamun Square",
    "site": "seoul-1",
    "time_zone": "Asia/Seoul",
    "longitude": 126.9769,
    "latitude": 37.5725,
    "photo": None,
    "state": "live",
    "count": 42,
    "seen_at": "2026-11-21T03:00:10Z",
    "change": 5,
    "usual": {"count": 26.0, "source": "history", "weeks": 4},
    "percent": 162,
    "level": "crowded",
    "seen_now": False,
    "feeds": 1,
    "feeds_silent": 0,
}


def place(identity: str, **values: Any) -> Json:
    """Return a place like the square with another id, name and whatever else is said."""
    return {**SQUARE, "id": identity, "name": identity, "name_en": None, **values}


def stamp(moment: datetime) -> str:
    """Return the moment as the API writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def sample_places() -> list[Json]:
    """Return one place for each level and each state, some of them near each other."""
    silent: Json = {"count": None, "percent": None, "level": None, "change": None, "seen_at": None}
    return [
        place("gwanghwamun", name="광화문광장", name_en="Gwanghwamun Square", seen_now=True),
        place("gangnam", name="강남역 11번 출구", name_en="Gangnam Station Exit 11", longitude=127.0276,
              latitude=37.4979, count=318, change=27, percent=212, level="very_crowded"),
        place("haeundae", name="해운대 해수욕장", name_en="Haeundae Beach", site="busan-1",
              longitude=129.1604, latitude=35.1587, count=120, change=-14, percent=108, level="normal"),
        place("jeju", name="동문시장", name_en="Dongmun Market", site="jeju-1", longitude=126.5261,
              latitude=33.5117, count=17, change=0, percent=63, level="relaxed"),
        place("daejeon", name="엑스포과학공원", name_en="Expo Science Park", site="daejeon-1",
              longitude=127.3845, latitude=36.3764, count=0, change=None, percent=0, level="very_relaxed",
              usual={"count": 12, "source": "manual", "weeks": 0}),
        place("gangneung", name="경포대", name_en="Gyeongpodae", site="gangneung-1", longitude=128.8966,
              latitude=37.795, state="no_data", feeds_silent=1, **silent),
        place("jeonju", name="한옥마을", name_en="Hanok Village", site="jeonju-1", longitude=127.1526,
              latitude=35.8150, state="stale", count=61, seen_at="2026-11-20T22:14:00Z", percent=140,
              level="normal", feeds_silent=1),
        place("gwangju", name="5·18 민주광장", name_en="May 18 Square", site="gwangju-1", longitude=126.9216,
              latitude=35.1468, state="suspect", count=9, percent=None, level=None, usual=None, feeds=3,
              feeds_silent=2),
    ]  # fmt: skip


def statistics_of(live: Json, now: datetime = NOW) -> Json:
    """Return five days of which one is missing and three hours of which two steps are."""
    today = now.astimezone(UTC) + timedelta(hours=9)
    means = [20.1, None, 18.4, 0.0, 24.0]
    days = [
        {
            "date": (today - timedelta(days=4 - index)).date().isoformat(),
            "mean": mean,
            "maximum": None if mean is None else int(mean * 3),
            "minutes_with_data": 0 if mean is None else 1440,
            "complete": index < 4,
        }
        for index, mean in enumerate(means)
    ]
    start = now.replace(minute=now.minute // 10 * 10, second=0) - timedelta(minutes=170)
    hours = [
        {
            "start": stamp(start + timedelta(minutes=10 * step)),
            "mean": None if step in (6, 7) else 8.0 + step,
            "maximum": None if step in (6, 7) else 14 + step,
            "minutes_with_data": 0 if step in (6, 7) else 10,
        }
        for step in range(18)
    ]
    return {"time_zone": live["time_zone"], "live": live, "days": days, "hours": hours}


@dataclass
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, document: Any, status: int = 200, **headers: str) -> Self:
        """Return a JSON answer with the ETag of its body."""
        body = json.dumps(document, ensure_ascii=False).encode()
        return cls(status, body, headers={"ETag": f'"{hashlib.sha256(body).hexdigest()[:16]}"', **headers})

    @classmethod
    def refused(cls, status: int, message: str, field_name: str | None = None) -> Self:
        """Return an error as the contract shapes it."""
        return cls.of({"error": {"message": message, "field": field_name}}, status)


@dataclass
class Asked:
    """A request that came."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)


class FakeApi:
    """Places in memory, and the page, at `url` while the context is open."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        self.reset()

    def reset(self) -> None:
        """Forget everything that a test did."""
        self.places: dict[str, Json] = {one["id"]: one for one in sample_places()}
        self.details: dict[str, Json] = {}
        self.photos: dict[str, tuple[str, bytes]] = {}
        self.asked: list[Asked] = []
        self.me: Json = {"signed_in": False, "may_edit": True, "sites": ["*"]}
        self.config: Json | None = None
        self.token: str | None = None
        self.map: Json = {"tile_url": None, "attribution": "", "outline": "korea"}
        self.refresh_seconds = 1
        self.away: str | None = None
        self.refuse_next: Answer | None = None
        self.tiles_there = True
        self.compress = False
        self.connect_sources = ""
        self.zones: list[Json] = [_zone("plaza-1", "entrance"), _zone("plaza-1", "stairs", ["person", "car"])]
        self.devices: list[Json] = [_device("drone-1")]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def change(self, identity: str, **values: Any) -> None:
        """Let the numbers of a place change."""
        with self.lock:
            self.places[identity] = {**self.places[identity], **values}

    def of(self, method: str, path: str) -> list[Asked]:
        """Return the requests that came for the path."""
        with self.lock:
            return [one for one in self.asked if (one.method, one.path) == (method, path)]

    def policy(self) -> str:
        """Return the content security policy that the page must live under."""
        return (
            "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; "
            f"connect-src 'self' {self.connect_sources}; img-src 'self' blob:; frame-ancestors 'none'"
        )

    def answer(self, asked: Asked) -> Answer:
        """Return the answer to a request."""
        path = unquote(urlsplit(asked.path).path)
        if not path.startswith("/api/v1/"):
            return self._file(path)
        if self.away is not None:
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, b"<h1>503</h1>", "text/html")
        if self.token is not None and asked.headers.get("authorization") != f"Bearer {self.token}":
            return Answer.of({"message": "Unauthorized"}, 401)
        name = path.removeprefix("/api/v1/")
        answer = self._routed(asked, name)
        if asked.method == "GET" and answer.headers.get("ETag") == asked.headers.get("if-none-match", ""):
            return Answer(HTTPStatus.NOT_MODIFIED, headers=answer.headers)
        return answer

    def _routed(self, asked: Asked, name: str) -> Answer:
        fixed: dict[str, Callable[[], Answer]] = {
            "places": self._list,
            "places.csv": lambda: Answer(200, "\ufeffid,name\r\n".encode(), "text/csv; charset=utf-8"),
            "feeds": lambda: Answer.of({"zones": self.zones, "devices": self.devices}),
            "me": lambda: Answer.of(self.me),
        }
        if asked.method == "GET" and name in fixed:
            return fixed[name]()
        if asked.method != "GET" and self.refuse_next is not None:
            refusal, self.refuse_next = self.refuse_next, None
            return refusal
        if asked.method == "POST" and name == "places":
            return self._save(asked.json().get("id") or "made-by-the-fake", asked, 201)
        match = re.fullmatch(r"places/([^/.]+)(/statistics\.csv|/statistics|/photo|)", name)
        if match is None or (match[1] not in self.places):
            return Answer.refused(404, f"there is no {name}")
        return self._one(asked, match[1], match[2])

    def _list(self) -> Answer:
        newest = max((one["seen_at"] for one in self.places.values() if one["seen_at"]), default=None)
        return Answer.of({
            "refresh_seconds": self.refresh_seconds, "as_of": newest, "map": self.map,
            "places": list(self.places.values()),
        })  # fmt: skip

    def _one(self, asked: Asked, identity: str, part: str) -> Answer:
        if part == "/statistics":
            return Answer.of(statistics_of(self.places[identity]))
        if part == "/statistics.csv":
            return Answer(200, "\ufeffday,mean\r\n".encode(), "text/csv; charset=utf-8")
        if part == "/photo":
            return self._photo(asked, identity)
        if asked.method == "GET":
            return self._detail(identity)
        if asked.headers.get("if-match") != self._detail(identity).headers["ETag"]:
            return Answer.refused(409, "the place was changed meanwhile")
        if asked.method == "DELETE":
            del self.places[identity]
            return Answer(204)
        return self._save(identity, asked, 200)

    def _photo(self, asked: Asked, identity: str) -> Answer:
        if asked.method == "GET":
            kind, body = self.photos[identity]
            return Answer(200, body, kind)
        if asked.method == "PUT":
            self.photos[identity] = (asked.headers["content-type"], asked.body)
            version = hashlib.sha256(asked.body).hexdigest()[:16]
            self.change(identity, photo=f"/api/v1/places/{identity}/photo?v={version}")
        else:
            self.change(identity, photo=None)
        return self._detail(identity)

    def _detail(self, identity: str, status: int = 200) -> Answer:
        own = self.details.setdefault(identity, _detail_defaults())
        return Answer.of({**self.places[identity], **own}, status, ETag=f'"v{own["version"]}"')

    def _save(self, identity: str, asked: Asked, status: int) -> Answer:
        body = asked.json()
        before = self.details.get(identity, {"version": 0})
        shown = {name: body[name] for name in ("name", "name_en", "site", "longitude", "latitude")}
        silent = {"state": "no_data", "count": None, "percent": None, "level": None, "change": None}
        known = self.places.get(identity) or place(identity, **silent, seen_at=None, usual=None)
        self.places[identity] = {**known, **shown, "feeds": len(body["feeds"])}
        self.details[identity] = {
            "feeds": [{**one, "state": "no_data", "count": None, "seen_at": None} for one in body["feeds"]],
            "manual_usual": body["manual_usual"],
            "time_zone_set": body["time_zone"],
            "version": before["version"] + 1,
            "updated_at": stamp(NOW),
        }
        return self._detail(identity, status)

    def _file(self, path: str) -> Answer:
        if path == "/config.json":
            return Answer(404) if self.config is None else Answer.of(self.config)
        if path.startswith("/tiles/"):
            return Answer(200, PIXEL, "image/png") if self.tiles_there else Answer(404)
        file = STATIC / (path.removeprefix("/") or "index.html")
        if file.parent != STATIC or not file.is_file():
            return Answer(404, b"", "text/plain")
        headers = {"Content-Security-Policy": self.policy(), "X-Content-Type-Options": "nosniff"}
        if file.suffix != ".html":
            headers["Cache-Control"] = "max-age=600"  # within one module's pages
        return Answer(200, file.read_bytes(), TYPES[file.suffix], headers)


def _zone(camera: str, zone: str, object_classes: list[str] | None = None) -> Json:
    return {
        "site": "seoul-1", "camera": camera, "zone": zone, "object_classes": object_classes or ["person"],
        "device": "jetson-7", "last_seen_at": stamp(NOW), "places": [],
    }  # fmt: skip


def _device(name: str) -> Json:
    return {
        "site": "seoul-1", "device": name, "object_classes": ["person"], "west": 126.976, "south": 37.571,
        "east": 126.978, "north": 37.574, "last_seen_at": stamp(NOW),
    }  # fmt: skip


def _detail_defaults() -> Json:
    feed = {"kind": "zone", "site": "seoul-1", "camera": "plaza-1", "zone": "entrance"}
    live = {"object_classes": ["person"], "state": "live", "count": 42, "seen_at": stamp(NOW)}
    return {
        "feeds": [{**feed, **live}], "manual_usual": 25, "time_zone_set": None, "version": 3,
        "updated_at": stamp(NOW),
    }  # fmt: skip


def _handler(api: FakeApi) -> type[BaseHTTPRequestHandler]:
    class _Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        timeout = 60

        def answer_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            asked = Asked(self.command, self.path, headers, body)
            with api.lock:
                answer = api.answer(asked)
                if api.compress and answer.body and "gzip" in headers.get("accept-encoding", ""):
                    answer.headers["Content-Encoding"] = "gzip"
                    answer.body = gzip.compress(answer.body, 6)
                asked.status = answer.status
                api.asked.append(asked)
            self.send_response(answer.status)
            for name, value in {"Content-Type": answer.content_type, **answer.headers}.items():
                self.send_header(name, value)
            if answer.status not in (204, 304):
                self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            if answer.status not in (204, 304):
                self.wfile.write(answer.body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing on the terminal."""

    for method in ("GET", "POST", "PUT", "DELETE"):
        setattr(_Handler, f"do_{method}", _Handler.answer_any)
    return _Handler
