"""The time zone of each site, as a camera of it last named it: devices themselves know none."""

from __future__ import annotations

from typing import Final

from contract.alerts import DEVICE_SILENT, TEST, Alert
from lambdas.notifier.store import Document, Key, Store, change

UNKNOWN_ZONE: Final = "UTC"


class SiteZones:
    """Remembers the time zones of sites from their cameras' alerts; writes only what is new."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[str, str] = {}

    def note(self, alert: Alert) -> None:
        """Take in what an alert says of its site; raises `ControlTableUnavailableError`."""
        if alert.kind in (DEVICE_SILENT, TEST) or self._known.get(alert.site) == alert.time_zone:
            return
        note_site_zone(self._store, alert.site, alert.time_zone)
        self._known[alert.site] = alert.time_zone


def note_site_zone(store: Store, site: str, time_zone: str) -> None:
    """Remember the time zone of `site`; raises `ControlTableUnavailableError`."""
    told = {"time_zone": time_zone}

    def think(known: Document | None) -> tuple[Document | None, None]:
        return (None if known == told else told), None

    change(store, _key(site), think)


def site_zone(store: Store, site: str) -> str:
    """Return the time zone of `site`, `UNKNOWN_ZONE` before one of its cameras named it."""
    stored = store.read(_key(site))
    return UNKNOWN_ZONE if stored is None else str(stored.document["time_zone"])


def _key(site: str) -> Key:
    return Key(f"alert_state#{site}", "time_zone")
