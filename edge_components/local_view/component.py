"""The local view as a component: settings from the nucleus, changed live where they can be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edge_components.local_view.service import ViewService, url_of
from edge_components.local_view.settings import LocalViewSettings, parse_settings
from edge_components.runtime.component import ComponentContext


class LocalView:
    """Serves pictures and status; implements `Component` of the runtime."""

    name = "local_view"

    def __init__(self) -> None:
        self._service: ViewService | None = None
        self._context: ComponentContext | None = None

    @property
    def port(self) -> int:
        """Where it listens; 0 before the start."""
        return 0 if self._service is None else self._service.port

    def settings(self, configuration: Mapping[str, Any]) -> LocalViewSettings:
        """Return the settings in `configuration`; raises `CrowdLensError`."""
        return parse_settings(configuration)

    def start(self, settings: LocalViewSettings, context: ComponentContext) -> None:
        """Serve from now on; raises `AddressBusyError`."""
        self._service = ViewService(settings, context.folders, context.thing_name)
        self._context = context
        self._service.start()
        self._tell(settings)

    def apply(self, settings: LocalViewSettings) -> bool:
        """Work with `settings`; raises `AddressBusyError`, and everything stays as it was.

        A port cannot be had for all addresses while it is held for one: that takes a new process.
        """
        if self._service is None or not self._service.take(settings):
            return False
        self._tell(settings)
        return True

    def stop(self) -> None:
        """Let every viewer go."""
        if self._service is not None:
            self._service.stop()

    def _tell(self, settings: LocalViewSettings) -> None:
        if self._context is None:
            return
        details = {"url": url_of(settings.address, self.port), "token_needed": settings.token is not None}
        self._context.status.report("running", None, details)
