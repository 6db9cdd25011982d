"""A real MariaDB with counts in it, the API over it, and a check of answers against the description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from cli.live_map.requests import answer_of, event_of
from contract.mysql import upsert_statement
from contract.tables import TRACKS, ZONE_COUNTS, Table
from infra.local.mariadb import MySqlServer
from lambdas.live_api import application, readings
from lambdas.live_api.application import make_application
from lambdas.live_api.handler import make_handler
from lambdas.live_api.routes import openapi
from lambdas.live_api.settings import live_api_settings
from lambdas.migrations.runner import apply_migrations
from lambdas.rds_loader import live

EMPTIED = (
    "places",
    "place_feeds",
    "zone_hours",
    "box_hours",
    "hours_due",
    "zone_live",
    "zone_counts",
    "tracks",
    "projection_state",
)
KINDS = {
    "object": dict,
    "array": list,
    "string": str,
    "number": (int, float),
    "integer": int,
    "boolean": bool,
    "null": type(None),
}


class Answer:
    """What the API answered: status, headers, and the body as it is read."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def etag(self) -> str:
        return self.headers["ETag"]


class Api:
    """The API over a database, at a clock that a test moves."""

    def __init__(self, server: MySqlServer, folder: Path, sign_in: str = "none") -> None:
        self.server, self.folder = server, folder
        self.now = datetime.fromisoformat("2026-03-02T03:00:00")
        environment = {
            **server.environment(),
            "CROWDLENS_SIGN_IN": sign_in,
            "CROWDLENS_PHOTOS": str(folder / "photos"),
            "CROWDLENS_PLACES_EXPORT": str(folder / "places"),
        }
        self.application = make_application(live_api_settings(environment), clock=lambda: self.now)
        self.handler = make_handler(lambda: self.application)
        self._sequence = 0

    def close(self) -> None:
        self.application.map.database.close()

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        groups: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask the API, and hold its answer to the description; `groups` are those of somebody signed in."""
        sent = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        kind = "image/jpeg" if isinstance(body, bytes) else "application/json"
        event = event_of(method, f"/api/v1{path}", {"Content-Type": kind, **(headers or {})}, sent)
        if groups is not None:
            claims = {"sub": "u-1", "email": "kim@example.org", "cognito:groups": f"[{groups}]"}
            event["requestContext"]["authorizer"] = {"jwt": {"claims": claims}}
        answer = Answer(*answer_of(self.handler(event, None)))
        check_described(method, path, answer)
        return answer

    def get(self, path: str, **options: Any) -> Any:
        answer = self.call("GET", path, **options)
        assert answer.status == 200, answer.body
        return answer.json

    def make(self, **fields: Any) -> Answer:
        """Make a place, fed by a zone when nothing else is said."""
        body = {"id": "plaza", "name": "광장", "site": "seoul-1", "longitude": 127, "latitude": 37.5}
        return self.call("POST", "/places", {**body, "feeds": [zone()], **fields})

    def count(self, ago: float, number: float, **fields: Any) -> None:
        """Store a window of a zone that began `ago` seconds before now."""
        own = {
            "zone": "entrance",
            "frames": 10,
            "occupancy_mean": float(number),
            "occupancy_maximum": int(number) + 1,
            "occupancy_last": int(number),
            **dict.fromkeys(("entries", "exits", "appeared", "vanished", "dwell_count"), 0),
            "dwell_seconds_sum": 0.0,
            "density_per_m2": None,
        }
        self._store(ZONE_COUNTS, ago, {**own, **fields})

    def track(self, ago: float, number: int, **fields: Any) -> None:
        """Store a window of a track on the map."""
        own: dict[str, Any] = dict.fromkeys(
            ("confidence_mean", "box_left", "box_top", "box_width", "box_height", "image_x", "image_y"), 0.5
        )
        own |= dict.fromkeys(
            ("ground_x_m", "ground_y_m", "device_height_m", "speed_mps", "speed_uncertainty_mps")
        )
        where = {"longitude": 127.0, "latitude": 37.5, "device_azimuth_degrees": 0.0}
        self._store(TRACKS, ago, {**own, "track": number, "frames": 10, **where, **fields})

    def _store(self, table: Table, ago: float, fields: Mapping[str, Any]) -> None:
        self._sequence += 1
        row = {
            "record_id": f"r{self._sequence}",
            "site": "seoul-1",
            "device": "jetson-1",
            "camera": "plaza-1",
            "epoch": "0123456789ab",
            "stream": "s",
            "sequence": self._sequence,
            "scene_version": None,
            "time_zone": "Asia/Seoul",
            "event_time": self.now - timedelta(seconds=ago),
            "clock_quality": "synced",
            "window_seconds": 10.0,
            "object_class": "person",
            "suspect": 0,
            **fields,
        }
        self.write(upsert_statement(table), [row[column.name] for column in table.columns])

    def settle(self) -> None:
        """Bring live state up to date, as the loader does."""
        self.write("DELETE FROM projection_state")
        with closing(self.server.connect()) as connection, connection.cursor() as cursor:
            live.settle(cursor, self.now)
            connection.commit()

    def write(self, sql: str, values: Any = None) -> None:
        with closing(self.server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            connection.commit()

    def query(self, sql: str, values: Any = None) -> list[tuple[Any, ...]]:
        with closing(self.server.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values)
            return list(cursor.fetchall())


def zone(camera: str = "plaza-1", name: str = "entrance", *classes: str) -> dict[str, Any]:
    """A feed that is a zone."""
    listed = list(classes) or ["person"]
    return {"kind": "zone", "site": "seoul-1", "camera": camera, "zone": name, "object_classes": listed}


def box(**fields: Any) -> dict[str, Any]:
    """A feed that is a box around 127 east, 37.5 north."""
    edges = {"west": 126.9, "south": 37.4, "east": 127.1, "north": 37.6}
    return {"kind": "box", "site": "seoul-1", **edges, "object_classes": ["person"], **fields}


def check_described(method: str, path: str, answer: Answer) -> None:
    """Hold an answer to the description: its status, its kind of body, and every field of it."""
    template = next(
        one
        for one in openapi()["paths"]
        if re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one), path.partition("?")[0])
    )
    described = openapi()["paths"][template][method.lower()]["responses"]
    assert str(answer.status) in described, f"{method} {path} answered {answer.status}: {answer.body[:300]!r}"
    content = described[str(answer.status)].get("content")
    if content is None:
        assert answer.body == b""
        return
    kind = answer.headers["Content-Type"].partition(";")[0]
    assert kind in content
    if kind == "application/json":
        check_schema(answer.json, content[kind]["schema"], "answer")


def check_schema(value: Any, schema: Mapping[str, Any], where: str) -> None:
    """Hold `value` to the parts of JSON Schema that the description uses; an unknown part fails."""
    known = {"$ref", "type", "const", "enum", "oneOf", "properties", "required", "additionalProperties"}
    known |= {"items", "minItems", "maxItems", "minLength", "maxLength", "minimum", "maximum", "pattern"}
    unknown = set(schema) - known - {"description", "examples", "format", "contentMediaType"}
    assert not unknown, f"{where}: the check knows nothing of {unknown}"
    if "$ref" in schema:
        check_schema(value, openapi()["components"]["schemas"][schema["$ref"].rpartition("/")[2]], where)
    if "oneOf" in schema:
        fitting = [one for one in schema["oneOf"] if _fits(value, one, where)]
        assert len(fitting) == 1, f"{where}: fits {len(fitting)} of {len(schema['oneOf'])} forms: {value}"
    if "const" in schema:
        assert value == schema["const"], f"{where}: {value!r}"
    if "enum" in schema:
        assert value in schema["enum"], f"{where}: {value!r}"
    _check_type(value, schema, where)
    if isinstance(value, dict):
        _check_object(value, schema, where)
    elif isinstance(value, list):
        assert schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", 10**6), where
        for number, item in enumerate(value):
            check_schema(item, schema.get("items", {}), f"{where}[{number}]")
    elif isinstance(value, str):
        assert schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", 10**6), where
        assert re.search(schema.get("pattern", ""), value), f"{where}: {value!r}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        assert schema.get("minimum", value) <= value <= schema.get("maximum", value), f"{where}: {value}"


def _fits(value: Any, schema: Mapping[str, Any], where: str) -> bool:
    try:
        check_schema(value, schema, where)
    except AssertionError:
        return False
    return True


def _check_type(value: Any, schema: Mapping[str, Any], where: str) -> None:
    names = schema.get("type", list(KINDS))
    allowed = [KINDS[name] for name in ([names] if isinstance(names, str) else names)]
    right = any(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) for kind in allowed)
    assert right, f"{where}: {value!r} is no {names}"


def _check_object(value: Mapping[str, Any], schema: Mapping[str, Any], where: str) -> None:
    properties = schema.get("properties", {})
    missing = set(schema.get("required", ())) - set(value)
    assert not missing, f"{where} lacks {missing}"
    if schema.get("additionalProperties") is False:
        assert not set(value) - set(properties), f"{where} has {set(value) - set(properties)}"
    for name, item in value.items():
        check_schema(item, properties.get(name, {}), f"{where}.{name}")


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test machine may be busy for seconds: what is right must not depend on how fast it is."""
    monkeypatch.setattr(readings, "BOXES_SECONDS", 60.0)
    monkeypatch.setattr(readings, "BOX_SECONDS", 60.0)
    monkeypatch.setattr(application, "QUERY_SECONDS", 60)
    monkeypatch.setattr(application, "READ_SECONDS", 70)


@pytest.fixture
def empty_tables(mariadb_instance: MySqlServer) -> MySqlServer:
    """The private MariaDB at the newest schema, with no row in what the map reads."""
    with closing(mariadb_instance.connect()) as connection:
        apply_migrations(connection)
        with connection.cursor() as cursor:
            for table in EMPTIED:
                cursor.execute(f"DELETE FROM `{table}`")  # noqa: S608
        connection.commit()
    return mariadb_instance


@pytest.fixture
def api(empty_tables: MySqlServer, tmp_path: Path) -> Iterator[Api]:
    """The API with nobody signed in and every right."""
    with closing(Api(empty_tables, tmp_path)) as made:
        yield made


@pytest.fixture
def cloud_api(empty_tables: MySqlServer, tmp_path: Path) -> Iterator[Api]:
    """The API as it is in the cloud: who has no token gets nothing."""
    with closing(Api(empty_tables, tmp_path, sign_in="cognito")) as made:
        yield made


@pytest.fixture
def zone_feed() -> Any:
    """A factory of feeds that are zones."""
    return zone


@pytest.fixture
def box_feed() -> Any:
    """A factory of feeds that are boxes."""
    return box


@pytest.fixture
def second_api(empty_tables: MySqlServer, tmp_path: Path) -> Iterator[Api]:
    """Another process over the same database."""
    with closing(Api(empty_tables, tmp_path)) as made:
        yield made


@pytest.fixture
def schema_check() -> Any:
    """What holds a value to a schema of the description."""
    return check_schema
