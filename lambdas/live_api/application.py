"""The parts of the API put together from its settings, for the life of a process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from aws_lambda_powertools.logging import Logger

from lambdas.live_api.editing import PlaceEditor
from lambdas.live_api.export import FILE_NAME, export_places
from lambdas.live_api.live_map import LiveMap, utc_now
from lambdas.live_api.settings import LiveApiSettings, SignIn
from lambdas.live_api.stores import Store, StoreError, store_and_name, store_at
from lambdas.shared.mysql import Connector, Database
from lambdas.shared.observability import make_logger

QUERY_SECONDS = 5
"""A viewer asks again in five seconds: an answer that takes longer is of no use to them."""
READ_SECONDS = 7
"""The server ends a query before the wait for it is over: one that nobody waits for would run on."""
ATTEMPTS = 2
"""A connection that was lost while nobody asked is made anew, once."""


@dataclass(frozen=True)
class Application:
    """What the routes work with; `photos` None means that none are kept."""

    map: LiveMap
    editor: PlaceEditor
    photos: Store | None
    sign_in: SignIn
    places_export: str | None
    logger: Logger

    def export(self) -> None:
        """Write the places to the lake; what fails is logged, for the edit itself is done."""
        if self.places_export is None:
            return
        store, name = store_and_name(self.places_export, FILE_NAME)
        try:
            export_places(store, name, self.map.places)
        except StoreError as error:
            # The next edit writes them all.
            self.logger.warning("places not exported", extra={"reason": str(error)})


def make_application(settings: LiveApiSettings, *, clock: Callable[[], datetime] = utc_now) -> Application:
    """Return the application; it connects to MySQL when it is first asked."""
    connector = Connector(
        settings.mysql, statement_seconds=READ_SECONDS, query_seconds=QUERY_SECONDS, local_rows=False
    )
    map_settings = {
        "tile_url": settings.tile_url,
        "attribution": settings.tile_attribution,
        "outline": "korea",
    }
    return Application(
        map=LiveMap(
            Database(settings.mysql, connect=connector.connect, attempts=ATTEMPTS, repeat_slow=False),
            map_settings=map_settings,
            time_zone=settings.time_zone,
            clock=clock,
        ),
        editor=PlaceEditor(settings.places_mysql),
        photos=None if settings.photos is None else store_at(settings.photos),
        sign_in=settings.sign_in,
        places_export=settings.places_export,
        logger=make_logger("live_api"),
    )
