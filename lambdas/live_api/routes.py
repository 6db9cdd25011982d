"""The addresses of the API: each asks for rights, then for the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response

from lambdas.live_api import responses
from lambdas.live_api.application import Application
from lambdas.live_api.errors import ApiError
from lambdas.live_api.live_map import LiveMap
from lambdas.live_api.photos import MOST_BYTES, checked_photo, photo_name
from lambdas.live_api.requests import body_bytes, expected_version, json_body
from lambdas.live_api.rights import Rights, rights_of
from lambdas.live_api.spreadsheet import places_csv, statistics_csv
from lambdas.live_api.validation import place_draft

BASE = "/api/v1"


class Routes:
    """What each address answers; `application` is asked for at each request, and made at the first."""

    def __init__(self, resolver: APIGatewayHttpResolver, application: Callable[[], Application]) -> None:
        self._resolver = resolver
        self._application = application

    def register(self) -> None:
        """Tell the resolver every address."""
        one = f"{BASE}/places/<place_id>"
        for method, path, answer in (
            ("GET", f"{BASE}/places", self.list_places),
            ("POST", f"{BASE}/places", self.make_place),
            ("GET", f"{BASE}/places.csv", self.places_as_csv),
            ("GET", one, self.show_place),
            ("PUT", one, self.change_place),
            ("DELETE", one, self.remove_place),
            ("GET", f"{one}/statistics", self.statistics),
            ("GET", f"{one}/statistics.csv", self.statistics_as_csv),
            ("GET", f"{one}/photo", self.show_photo),
            ("PUT", f"{one}/photo", self.change_photo),
            ("DELETE", f"{one}/photo", self.remove_photo),
            ("GET", f"{BASE}/feeds", self.list_feeds),
            ("GET", f"{BASE}/me", self.who_am_i),
            ("GET", f"{BASE}/openapi.json", self.description),
        ):
            self._resolver.route(path, method)(answer)

    def list_places(self) -> Response[Any]:
        """Return every place with its live count."""
        rights = self._signed_in()
        return responses.kept_answer(self._event, self._map.snapshot().answer(rights))

    def places_as_csv(self) -> Response[Any]:
        """Return the same as a table."""
        rights = self._signed_in()
        shown = [one.as_dict() for one in self._map.snapshot().visible(rights)]
        return responses.csv_answer(places_csv(shown), "places.csv")

    def show_place(self, place_id: str) -> Response[Any]:
        """Return one place with its feeds."""
        return self._detail(place_id, self._signed_in())

    def make_place(self) -> Response[Any]:
        """Make a place."""
        rights = self._signed_in()
        rights.must_be_editor()
        draft = place_draft(json_body(self._event))
        rights.must_edit(draft.site, "site")
        self._application().editor.make(draft, rights.name)
        self._application().export()
        location = {"Location": f"{BASE}/places/{draft.id}"}
        return self._detail(draft.id, rights, status=HTTPStatus.CREATED, headers=location)

    def change_place(self, place_id: str) -> Response[Any]:
        """Change a place."""
        rights, _ = self._editor_of(place_id)
        version = expected_version(self._event)
        draft = place_draft(json_body(self._event), place_id)
        rights.must_edit(draft.site, "site")
        self._application().editor.change(draft, version, rights.name)
        self._application().export()
        return self._detail(place_id, rights)

    def remove_place(self, place_id: str) -> Response[Any]:
        """Remove a place."""
        self._editor_of(place_id)
        self._application().editor.remove(place_id, expected_version(self._event))
        self._application().export()
        return responses.nothing()

    def statistics(self, place_id: str) -> Response[Any]:
        """Return the last five days and three hours of a place."""
        return responses.json_answer(self._event, self._statistics(place_id))

    def statistics_as_csv(self, place_id: str) -> Response[Any]:
        """Return the same as a table."""
        return responses.csv_answer(statistics_csv(self._statistics(place_id)), f"{place_id}.csv")

    def show_photo(self, place_id: str) -> Response[Any]:
        """Return the photo of a place."""
        _, one = self._map.place(place_id, self._signed_in())
        place, photos = one.place, self._application().photos
        content = None
        if photos is not None and place.photo_digest is not None and place.photo_type is not None:
            content = photos.read(photo_name(place.id, place.photo_digest, place.photo_type))
        if content is None:
            raise ApiError(HTTPStatus.NOT_FOUND, "the place has no photo")
        return responses.photo_answer(self._event, content, str(place.photo_type), str(place.photo_digest))

    def change_photo(self, place_id: str) -> Response[Any]:
        """Store the photo of a place."""
        rights, site = self._editor_of(place_id)
        photos = self._application().photos
        if photos is None:
            raise ApiError(HTTPStatus.NOT_FOUND, "no photos are kept here: CROWDLENS_PHOTOS is not set")
        photo = checked_photo(body_bytes(self._event, MOST_BYTES))
        # First the photo, then its name: a place never names one that is not there.
        photos.write(photo.name(place_id), photo.content, photo.content_type)
        editor = self._application().editor
        editor.set_photo(place_id, photo.digest, photo.content_type, rights.name, site=site)
        self._application().export()
        return self._detail(place_id, rights)

    def remove_photo(self, place_id: str) -> Response[Any]:
        """Take the photo of a place away."""
        rights, site = self._editor_of(place_id)
        self._application().editor.set_photo(place_id, None, None, rights.name, site=site)
        self._application().export()
        return self._detail(place_id, rights)

    def list_feeds(self) -> Response[Any]:
        """Return the zones and devices that a place may be fed by."""
        rights = self._signed_in()
        return responses.json_answer(self._event, self._feed_choices(rights))

    def who_am_i(self) -> Response[Any]:
        """Return who asks and what they may do."""
        return responses.json_answer(self._event, self._rights().as_dict())

    def description(self) -> Response[Any]:
        """Return the description of the API."""
        return responses.json_answer(self._event, openapi())

    @property
    def _event(self) -> Mapping[str, Any]:
        return self._resolver.current_event.raw_event

    @property
    def _map(self) -> LiveMap:
        return self._application().map

    def _rights(self) -> Rights:
        return rights_of(self._event, self._application().sign_in)

    def _signed_in(self) -> Rights:
        rights = self._rights()
        rights.must_be_signed_in()
        return rights

    def _editor_of(self, place_id: str) -> tuple[Rights, str]:
        """Return the rights of a caller who may edit a place, and its site; another site's is not there."""
        rights = self._signed_in()
        _, one = self._map.place(place_id, rights)
        rights.must_edit(one.place.site)
        return rights, one.place.site

    def _detail(
        self,
        place_id: str,
        rights: Rights,
        *,
        status: HTTPStatus = HTTPStatus.OK,
        headers: Mapping[str, str] | None = None,
    ) -> Response[Any]:
        snapshot, one = self._map.place(place_id, rights)
        version = one.place.version
        return responses.json_answer(
            self._event, snapshot.detail(one), version=version, status=status, headers=headers
        )

    def _statistics(self, place_id: str) -> dict[str, Any]:
        return self._map.statistics(place_id, self._signed_in())

    def _feed_choices(self, rights: Rights) -> dict[str, Any]:
        return self._map.feed_choices(rights)


@lru_cache(maxsize=1)
def openapi() -> dict[str, Any]:
    """Return the description of the API."""
    text = (files("lambdas.live_api") / "openapi.json").read_text(encoding="utf-8")
    return dict(json.loads(text))
