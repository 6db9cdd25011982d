"""Bodies of places: what is stored, and the one sentence for what is not."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.live_api.errors import ApiError
from lambdas.live_api.places import ZoneFeed, feed_as_dict, feed_of_row, row_of_feed
from lambdas.live_api.validation import place_draft
from lambdas.shared.geographic_box import GeographicBox

ZONE = {"kind": "zone", "site": "seoul-1", "camera": "plaza-1", "zone": "입구", "object_classes": ["person"]}
BOX = {
    "kind": "box",
    "site": "seoul-1",
    "west": 126.9,
    "south": 37.5,
    "east": 127.0,
    "north": 37.6,
    "object_classes": ["person"],
}
BODY = {"name": "광장", "site": "seoul-1", "longitude": 127, "latitude": 37.5, "feeds": [ZONE, BOX]}


def test_what_was_typed_in_is_stored() -> None:
    draft = place_draft({**BODY, "id": "plaza", "name": " 광장 ", "name_en": "", "manual_usual": 0})
    assert (draft.id, draft.name, draft.name_en, draft.manual_usual) == ("plaza", "광장", None, 0)
    assert draft.feeds[0] == ZoneFeed("seoul-1", "plaza-1", "입구", ("person",))
    assert isinstance(draft.feeds[1], GeographicBox)


def test_a_place_without_an_id_gets_one_of_its_own() -> None:
    assert place_draft(BODY).id != place_draft(BODY).id


def test_an_id_never_changes() -> None:
    assert place_draft(BODY, "plaza").id == "plaza"
    assert place_draft({**BODY, "id": "plaza"}, "plaza").id == "plaza"


@pytest.mark.parametrize("feed", [ZONE, {**BOX, "device": "drone-1", "azimuth_from": 315, "azimuth_to": 45}])
def test_a_feed_comes_back_from_its_row_as_it_was(feed: dict[str, Any]) -> None:
    stored = place_draft({**BODY, "feeds": [feed]}).feeds[0]
    assert feed_of_row(row_of_feed(stored)) == stored
    assert feed.items() <= feed_as_dict(stored).items()


def _with(**changes: Any) -> dict[str, Any]:
    return {**BODY, **changes}


def _feed(**changes: Any) -> dict[str, Any]:
    return _with(feeds=[{**(BOX if "west" in changes or "azimuth_from" in changes else ZONE), **changes}])


@pytest.mark.parametrize(
    ("body", "field"),
    [
        pytest.param([], "body", id="a list"),
        pytest.param(None, "body", id="nothing"),
        pytest.param(_with(colour="red"), "colour", id="a field there is none of"),
        pytest.param(_with(name="  "), "name", id="a blank name"),
        pytest.param(_with(name="a\nb"), "name", id="a name of two lines"),
        pytest.param(_with(name="x" * 101), "name", id="a long name"),
        pytest.param(_with(name=5), "name", id="a number for a name"),
        pytest.param(_with(id="Plaza 1"), "id", id="an id with a space"),
        pytest.param(_with(id="../x"), "id", id="an id that is a path"),
        pytest.param(_with(site="a/b"), "site", id="a site that is a path"),
        pytest.param(_with(longitude=181), "longitude", id="beyond the world"),
        pytest.param(_with(longitude="127"), "longitude", id="text for a number"),
        pytest.param(_with(latitude=float("nan")), "latitude", id="not a number"),
        pytest.param(_with(latitude=True), "latitude", id="true for a number"),
        pytest.param(_with(latitude=None), "latitude", id="no latitude"),
        pytest.param(_with(manual_usual=-1), "manual_usual", id="fewer than nobody"),
        pytest.param(_with(manual_usual=10**400), "manual_usual", id="a number that no double holds"),
        pytest.param(_with(time_zone="Asia/Nowhere"), "time_zone", id="a zone there is none of"),
        pytest.param(_with(time_zone="../etc/passwd"), "time_zone", id="a zone that is a path"),
        pytest.param(_with(feeds={}), "feeds", id="feeds that are no list"),
        pytest.param(_with(feeds=[ZONE] * 51), "feeds", id="too many feeds"),
        pytest.param(_with(feeds=[ZONE, ZONE]), "feeds[1]", id="a feed twice"),
        pytest.param(
            _with(feeds=[ZONE, {**ZONE, "object_classes": ["bicycle", "person"]}]),
            "feeds[1]",
            id="a zone twice with one class in common",
        ),
        pytest.param(
            _with(feeds=[BOX, ZONE, {**BOX, "object_classes": ["bicycle", "person"]}]),
            "feeds[2]",
            id="a box twice with one class in common",
        ),
        pytest.param(_with(feeds=["zone"]), "feeds[0].kind", id="a feed that is text"),
        pytest.param(_feed(kind="line"), "feeds[0].kind", id="a kind there is none of"),
        pytest.param(_feed(site="busan-1"), "feeds[0].site", id="a camera of another site"),
        pytest.param(_feed(camera="a b"), "feeds[0].camera", id="a camera with a space"),
        pytest.param(_feed(zone=""), "feeds[0].zone", id="no zone"),
        pytest.param(_feed(device="drone-1"), "feeds[0].device", id="a zone with a device"),
        pytest.param(_feed(object_classes=[]), "feeds[0].object_classes", id="no class"),
        pytest.param(_feed(object_classes=["a", "a"]), "feeds[0].object_classes", id="a class twice"),
        pytest.param(_feed(object_classes="person"), "feeds[0].object_classes", id="classes as text"),
        pytest.param(_feed(west=127.0), "feeds[0].east", id="a box without width"),
        pytest.param(_feed(west=126, south=38), "feeds[0].north", id="a box upside down"),
        pytest.param(_feed(azimuth_from=10), "feeds[0].azimuth_to", id="half a range"),
        pytest.param(_feed(azimuth_from=10, azimuth_to=10), "feeds[0].azimuth_to", id="a range of nothing"),
        pytest.param(_feed(azimuth_from=360, azimuth_to=0), "feeds[0].azimuth_to", id="nothing at north"),
        pytest.param(_feed(azimuth_from=-1, azimuth_to=10), "feeds[0].azimuth_from", id="below north"),
    ],
)
def test_what_is_wrong_is_named(body: Any, field: str) -> None:
    with pytest.raises(ApiError) as caught:
        place_draft(body)
    assert caught.value.field == field
    assert caught.value.status == 422
    assert len(str(caught.value)) < 400
    assert "\n" not in str(caught.value)


def test_a_zone_may_be_fed_by_two_feeds_of_other_classes() -> None:
    feeds = place_draft(_with(feeds=[ZONE, {**ZONE, "object_classes": ["bicycle"]}])).feeds
    assert [feed.object_classes for feed in feeds] == [("person",), ("bicycle",)]


def test_a_whole_turn_of_azimuths_is_any() -> None:
    (feed,) = place_draft(_feed(azimuth_from=0, azimuth_to=360)).feeds
    assert isinstance(feed, GeographicBox)
    assert feed.azimuths() is None


def test_another_id_than_that_of_the_address_is_refused() -> None:
    with pytest.raises(ApiError, match="never changes"):
        place_draft({**BODY, "id": "gate"}, "plaza")
