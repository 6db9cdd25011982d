"""Places as people make and change them: rights, races, photos, the export."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pymysql
import pytest

from lambdas.live_api.errors import ApiError
from lambdas.live_api.validation import place_draft
from lambdas.shared.mysql import DatabaseError

JPEG = b"\xff\xd8\xff\xe0" + bytes(100)
WEBP = b"RIFF\x24\0\0\0WEBPVP8 " + bytes(60)


def body(**fields: Any) -> dict[str, Any]:
    return {"name": "광장", "site": "seoul-1", "longitude": 127, "latitude": 37.5, "feeds": [], **fields}


def test_a_place_is_made_changed_and_removed(api: Any, zone_feed: Any) -> None:
    made = api.make(name_en="Plaza", manual_usual=12.5)
    assert (made.status, made.headers["Location"]) == (201, "/api/v1/places/plaza")
    changed = api.call("PUT", "/places/plaza", body(name="역"), headers={"If-Match": made.etag})
    assert (changed.status, changed.json["name"]) == (200, "역")
    assert changed.json["version"] == made.json["version"] + 1
    # What is not said is not kept: the body is the whole place.
    assert (changed.json["name_en"], changed.json["feeds"], changed.json["manual_usual"]) == (None, [], None)
    removed = api.call("DELETE", "/places/plaza", headers={"If-Match": changed.etag})
    assert (removed.status, removed.body) == (204, b"")
    assert api.call("GET", "/places/plaza").status == 404
    assert api.query("SELECT COUNT(*) FROM place_feeds") == [(0,)]


def test_a_place_keeps_what_was_typed_in(api: Any, zone_feed: Any, box_feed: Any) -> None:
    feeds = [
        zone_feed("plaza-1", "입구", "bicycle", "person"),
        box_feed(device="drone-1", azimuth_from=315.5, azimuth_to=45.25),
    ]
    api.make(feeds=feeds, time_zone="Europe/Berlin")
    found = api.get("/places/plaza")
    assert [
        {name: feed[name] for name in sent} for feed, sent in zip(found["feeds"], feeds, strict=True)
    ] == feeds
    assert (found["time_zone"], found["time_zone_set"]) == ("Europe/Berlin", "Europe/Berlin")


def test_an_id_that_is_taken_is_refused(api: Any) -> None:
    api.make()
    again = api.make(name="another")
    assert (again.status, again.json["error"]["field"]) == (409, "id")
    assert api.get("/places/plaza")["name"] == "광장"


def test_a_live_count_does_not_come_between_an_editor_and_the_place(api: Any) -> None:
    etag = api.make().etag
    api.count(10, 5)
    api.settle()
    assert api.call("GET", "/places/plaza").etag != etag
    assert api.call("PUT", "/places/plaza", body(), headers={"If-Match": etag}).status == 200


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 428, id="without If-Match"),
        pytest.param({"If-Match": '"v1-00"'}, 409, id="an older version"),
        pytest.param({"If-Match": '"v999999999999999-00"'}, 409, id="a version that is not there yet"),
        pytest.param({"If-Match": "7"}, 400, id="no ETag"),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_who_saw_another_version_changes_nothing(
    api: Any, method: str, headers: dict[str, str], status: int
) -> None:
    etag = api.make().etag
    api.call("PUT", "/places/plaza", body(name="second"), headers={"If-Match": etag})
    sent = body(name="third") if method == "PUT" else None
    assert api.call(method, "/places/plaza", sent, headers=headers).status == status
    assert api.get("/places/plaza")["name"] == "second"


def test_of_editors_at_the_same_moment_one_wins(api: Any, zone_feed: Any) -> None:
    made = api.make()
    etag, version = made.etag, made.json["version"]
    drafts = [body(name=f"editor {number}", feeds=[zone_feed(f"plaza-{number}")]) for number in range(6)]
    application = api.application

    def edit(draft: dict[str, Any]) -> int:
        try:
            application.editor.change(place_draft(draft, "plaza"), version, None)
        except ApiError as error:
            return int(error.status)
        return 200

    with ThreadPoolExecutor(6) as pool:
        results = list(pool.map(edit, drafts))
    assert sorted(results) == [200] + [409] * 5
    found = api.get("/places/plaza")
    # Name and feeds are of one editor: nothing of the others is mixed in.
    winner = results.index(200)
    assert (found["name"], found["version"]) == (f"editor {winner}", version + 1)
    assert [feed["camera"] for feed in found["feeds"]] == [f"plaza-{winner}"]
    assert api.call("PUT", "/places/plaza", body(), headers={"If-Match": etag}).status == 409


def test_an_edit_of_a_place_that_is_gone(api: Any) -> None:
    etag = api.make().etag
    api.call("DELETE", "/places/plaza", headers={"If-Match": etag})
    for method, sent in (("PUT", body()), ("DELETE", None)):
        assert api.call(method, "/places/plaza", sent, headers={"If-Match": etag}).status == 404
    assert api.call("PUT", "/places/plaza/photo", JPEG).status == 404


def test_what_is_wrong_is_told_and_stores_nothing(api: Any) -> None:
    refused = api.make(longitude=190)
    assert (refused.status, refused.json["error"]["field"]) == (422, "longitude")
    assert api.call("POST", "/places", None).status == 400
    assert api.call("POST", "/places", body(), headers={"Content-Type": "text/plain"}).status == 415
    assert api.get("/places")["places"] == []


def test_a_photo_is_stored_served_replaced_and_removed(api: Any) -> None:
    version = api.make().json["version"]
    assert api.call("GET", "/places/plaza/photo").status == 404
    stored = api.call("PUT", "/places/plaza/photo", JPEG)
    address = stored.json["photo"].removeprefix("/api/v1")
    shown = api.call("GET", address)
    assert (shown.body, shown.headers["Content-Type"]) == (JPEG, "image/jpeg")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert "sandbox" in shown.headers["Content-Security-Policy"]
    # The next user of this browser may have no right to it.
    assert shown.headers["Cache-Control"] == "private, no-cache"
    assert "Authorization" in shown.headers["Vary"]
    kept = api.call("GET", address, headers={"If-None-Match": shown.headers["ETag"]})
    assert (kept.status, kept.body) == (304, b"")
    other = api.call("PUT", "/places/plaza/photo", WEBP)
    assert other.json["photo"] != stored.json["photo"]
    assert api.call("GET", address).headers["Content-Type"] == "image/webp"
    removed = api.call("DELETE", "/places/plaza/photo")
    assert (removed.json["photo"], removed.json["version"]) == (None, version + 3)


def test_what_is_no_photo_is_not_stored(api: Any) -> None:
    api.make()
    assert api.call("PUT", "/places/plaza/photo", b"<svg onload=alert(1)>" + bytes(100)).status == 415
    assert api.call("PUT", "/places/plaza/photo", JPEG + bytes(1024 * 1024)).status == 413
    assert api.get("/places/plaza")["photo"] is None
    assert not (api.folder / "photos").exists()


def test_every_edit_is_exported(api: Any) -> None:
    made = api.make()
    api.make(id="gate", name="문")
    exported = api.folder / "places" / "places.json"
    assert [json.loads(line)["place_id"] for line in exported.read_text().splitlines()] == ["gate", "plaza"]
    api.call("DELETE", "/places/plaza", headers={"If-Match": made.etag})
    (line,) = exported.read_text().splitlines()
    assert set(json.loads(line)) == {
        "place_id", "name", "name_en", "site", "longitude", "latitude", "updated_at"
    }  # fmt: skip


def test_an_export_that_fails_does_not_undo_the_edit(api: Any) -> None:
    (api.folder / "places").write_text("a file where the folder should be")
    assert api.make().status == 201


def test_a_new_box_asks_for_its_totals(api: Any, box_feed: Any) -> None:
    api.make()
    assert api.query("SELECT COUNT(*) FROM hours_due") == [(0,)]
    api.make(id="box", feeds=[box_feed()])
    ((hours, sources),) = api.query("SELECT COUNT(*), MIN(source) FROM hours_due WHERE site = 'seoul-1'")
    assert (hours, sources) == (72, "tracks")


def test_a_box_that_is_not_new_asks_for_nothing(api: Any, box_feed: Any) -> None:
    made = api.make(feeds=[box_feed()])
    api.write("DELETE FROM hours_due")
    changed = api.call(
        "PUT", "/places/plaza", body(name="renamed", feeds=[box_feed()]), headers={"If-Match": made.etag}
    )
    api.make(id="twin", feeds=[box_feed()])
    assert api.query("SELECT COUNT(*) FROM hours_due") == [(0,)]
    api.call("PUT", "/places/plaza", body(feeds=[box_feed(west=126.5)]), headers={"If-Match": changed.etag})
    assert api.query("SELECT COUNT(*) FROM hours_due") == [(72,)]


@pytest.mark.parametrize(
    ("limit", "sentence"),
    [
        pytest.param("MOST_BOXES_OF_A_SITE", "over all places of site seoul-1", id="a site"),
        pytest.param("MOST_BOXES", "over all sites", id="all sites"),
    ],
)
def test_more_boxes_than_the_map_can_read_are_refused(
    api: Any, box_feed: Any, monkeypatch: pytest.MonkeyPatch, limit: str, sentence: str
) -> None:
    monkeypatch.setattr(f"lambdas.live_api.editing.{limit}", 2)
    assert api.make(feeds=[box_feed(), box_feed(west=126.5)]).status == 201
    refused = api.make(id="more", feeds=[box_feed(west=126.6)])
    assert (refused.status, refused.json["error"]["field"]) == (409, "feeds")
    assert sentence in refused.json["error"]["message"]
    assert api.call("GET", "/places/more").status == 404


def test_the_version_of_a_removed_place_fits_no_other_with_its_id(api: Any) -> None:
    old = api.make().etag
    api.call("DELETE", "/places/plaza", headers={"If-Match": old})
    api.make(name="new")
    assert api.call("PUT", "/places/plaza", body(), headers={"If-Match": old}).status == 409
    assert api.get("/places/plaza")["name"] == "new"


def test_a_place_that_moved_to_another_site_meanwhile_keeps_its_photo(api: Any) -> None:
    api.make(feeds=[])
    api.write("UPDATE places SET site = 'busan-1'")
    with pytest.raises(ApiError, match="no such place"):
        api.application.editor.set_photo("plaza", "0" * 64, "image/png", None, site="seoul-1")
    assert api.get("/places/plaza")["photo"] is None


def test_a_commit_whose_answer_was_lost_is_no_conflict(
    api: Any, zone_feed: Any, box_feed: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = pymysql.connections.Connection.commit
    lost: list[int] = []

    def commit(connection: Any) -> None:
        plain(connection)
        if not lost:
            lost.append(1)
            raise pymysql.OperationalError(2013, "Lost connection to MySQL server during query")

    monkeypatch.setattr(pymysql.connections.Connection, "commit", commit)
    feeds = [zone_feed(), box_feed(azimuth_from=10.1, azimuth_to=45.25)]
    draft = body(id="plaza", feeds=feeds, manual_usual=12.3)
    editor = api.application.editor
    version = editor.make(place_draft(draft), None)
    assert lost == [1]
    lost.clear()
    editor.change(place_draft({**draft, "name": "second"}), version, None)
    assert lost == [1]
    found = api.get("/places/plaza")
    assert (found["name"], found["version"]) == ("second", version + 1)


EVERY_READ = [
    "/places",
    "/places.csv",
    "/places/plaza",
    "/places/plaza/statistics",
    "/places/plaza/statistics.csv",
]
EVERY_READ += ["/places/plaza/photo", "/feeds"]


@pytest.mark.parametrize("path", EVERY_READ)
def test_in_the_cloud_nobody_reads_without_a_token(cloud_api: Any, path: str) -> None:
    assert cloud_api.call("GET", path).status == 401


def test_who_one_is_and_what_there_is_to_ask_is_told_to_everybody(cloud_api: Any) -> None:
    assert cloud_api.get("/me") == {"signed_in": False, "may_edit": False, "sites": []}
    assert cloud_api.get("/openapi.json")["openapi"] == "3.1.0"


def fill(cloud_api: Any) -> None:
    for site in ("seoul-1", "busan-1"):
        feed = {"kind": "zone", "site": site, "camera": "c", "zone": "z", "object_classes": ["person"]}
        made = cloud_api.call(
            "POST", "/places", body(id=site, site=site, feeds=[feed]), groups="editors all-sites"
        )
        assert made.status == 201
        cloud_api.count(10, 5, site=site, camera="c", zone="z")
        cloud_api.track(10, 1, site=site)
    cloud_api.settle()


def test_a_user_of_one_site_never_sees_another(cloud_api: Any) -> None:
    fill(cloud_api)
    for path in ("/places", "/places.csv", "/places/seoul-1", "/feeds", "/places/seoul-1/statistics"):
        answer = cloud_api.call("GET", path, groups="site-seoul-1")
        assert (answer.status, b"busan" in answer.body) == (200, False)
    for path in ("/places/busan-1", "/places/busan-1/statistics", "/places/busan-1/photo"):
        assert cloud_api.call("GET", path, groups="site-seoul-1").status == 404
    assert cloud_api.get("/places", groups="editors") == {
        **cloud_api.get("/places", groups="x"),
        "places": [],
    }


def test_an_answer_kept_for_one_is_not_given_to_another(cloud_api: Any) -> None:
    fill(cloud_api)
    groups = ("all-sites", "site-seoul-1", "site-busan-1", "site-seoul-1 site-busan-1", "", "site-seoul-1")
    found = [{place["id"] for place in cloud_api.get("/places", groups=one)["places"]} for one in groups]
    both = {"seoul-1", "busan-1"}
    assert found == [both, {"seoul-1"}, {"busan-1"}, both, set(), {"seoul-1"}]
    etags = [cloud_api.call("GET", "/places", groups=one).etag for one in groups]
    assert len(set(etags)) == 4


@pytest.mark.parametrize(
    ("groups", "status"),
    [
        pytest.param(None, 401, id="nobody"),
        pytest.param("all-sites", 403, id="a viewer"),
        pytest.param("site-busan-1", 404, id="a viewer of another site"),
        pytest.param("editors site-busan-1", 404, id="an editor of another site"),
        pytest.param("editors site-seoul-1", 200, id="an editor of this site"),
    ],
)
def test_who_may_edit_a_place(cloud_api: Any, groups: str | None, status: int) -> None:
    fill(cloud_api)
    etag = cloud_api.call("GET", "/places/seoul-1", groups="all-sites").etag
    changed = cloud_api.call(
        "PUT", "/places/seoul-1", body(name="x"), groups=groups, headers={"If-Match": etag}
    )
    assert changed.status == status
    assert cloud_api.call("PUT", "/places/seoul-1/photo", JPEG, groups=groups).status == status
    latest = cloud_api.call("GET", "/places/seoul-1", groups="all-sites").etag
    removed = cloud_api.call("DELETE", "/places/seoul-1", groups=groups, headers={"If-Match": latest})
    assert removed.status == (204 if status == 200 else status)


def test_an_editor_makes_and_moves_places_within_their_sites(cloud_api: Any) -> None:
    mine = {"groups": "editors site-seoul-1"}
    assert cloud_api.call("POST", "/places", body(id="a", site="busan-1"), **mine).status == 403
    made = cloud_api.call("POST", "/places", body(id="a"), **mine)
    assert made.status == 201
    moved = cloud_api.call("PUT", "/places/a", body(site="busan-1"), headers={"If-Match": made.etag}, **mine)
    assert (moved.status, moved.json["error"]["field"]) == (403, "site")
    assert cloud_api.query("SELECT updated_by FROM places") == [("kim@example.org",)]


def test_a_writer_that_is_refused_is_an_error_and_no_edit(api: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from cli.live_map.requests import answer_of, event_of

    def refused(*arguments: Any) -> None:
        raise DatabaseError("INSERT command denied to user", 1142)

    monkeypatch.setattr(api.application.editor, "make", refused)
    event = event_of(
        "POST", "/api/v1/places", {"Content-Type": "application/json"}, json.dumps(body()).encode()
    )
    status, _, content = answer_of(api.handler(event, None))
    assert status == 500
    assert b"INSERT" not in content
