"""`crowdlens map --lake`: a folder of records becomes a map, as it was when the data ended."""

from __future__ import annotations

from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from cli.live_map.lake_database import EmptyLakeError, database_of_lake, environment_of
from cli.live_map.places_file import PlacesFileError, add_places, made_up_places
from contract.envelope import decode_message, encode_message
from lambdas.lake_writer.columns import build_tables
from lambdas.lake_writer.objects import raw_objects
from lambdas.live_api.application import make_application
from lambdas.live_api.rights import EVERYTHING
from lambdas.live_api.settings import live_api_settings


def write_lake(folder: Path, records: list[Any]) -> None:
    decoded = [decode_message(encode_message("seoul-1", "jetson-7", records))]
    for rows in build_tables(decoded):
        for upload in raw_objects(rows, ["0"]):
            path = folder / upload.key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(upload.body)


def test_a_lake_becomes_a_map(mariadb_instance: Any, make_records: Any, tmp_path: Path) -> None:
    own = {"zone": "gate", "object_class": "person", "window_seconds": 10.0, "suspect": False}
    write_lake(tmp_path / "lake", make_records(count=40, occupancy_last=7, **own))
    told: list[str] = []
    with database_of_lake(tmp_path, told.append) as loaded:
        assert loaded.ended_at == datetime.fromisoformat("2025-11-21T12:06:40")
        settings = live_api_settings({**environment_of(loaded), "CROWDLENS_SIGN_IN": "none"})
        application = make_application(settings, clock=lambda: loaded.ended_at)
        with closing(application.map.database):
            assert add_places(application, made_up_places(application), "made up") == 1
            (place,) = application.map.snapshot().as_dict(EVERYTHING)["places"]
            assert (place["state"], place["count"], place["change"]) == ("live", 7, 0)
            # The very places again: nothing is made twice.
            body = {**made_up_places(application)[0], "id": place["id"]}
            assert add_places(application, [body], "a file") == 0
            with pytest.raises(PlacesFileError, match=r"a file: place 1: longitude"):
                add_places(application, [{**body, "id": "x", "longitude": 200}], "a file")
    assert any("rows of the lake's last days" in line for line in told)


def test_a_lake_without_counts_is_refused(make_records: Any, tmp_path: Path) -> None:
    write_lake(tmp_path, make_records("gaps"))
    with pytest.raises(EmptyLakeError, match="no counts"), database_of_lake(tmp_path, print):
        pass
