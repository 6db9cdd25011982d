"""Reports of silent devices against what is known: what began is a start, what is over is an end."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

from contract.alerts import DEVICE_SILENT, END, START, Alert
from contract.silences import SilenceReport
from lambdas.notifier.batches import KEPT_SECONDS
from lambdas.notifier.notifier import Notifier, Taken, event_key
from lambdas.notifier.site_zones import UNKNOWN_ZONE, note_site_zone, site_zone
from lambdas.notifier.store import Document, Key, Store, Stored, change

_KEEP_AFTER_MS: Final = 86_400_000


def take_report(store: Store, notifier: Notifier, report: SilenceReport) -> Taken:
    """Take the alerts of a report, and only then remember whom it told of: a failure tells them again.

    Again, or out of order, a report tells nothing twice: a silence is one event, named by when it began.
    """
    silent = {stored.key.sort: stored for stored in store.query(_partition(report.site))}
    known = {name: stored.document for name, stored in silent.items()}
    began = {name: since for name, since in report.silent.items() if name not in known}
    over = {
        name: known[name]["since_ms"]
        for name in report.heard
        if name in known and known[name]["as_of_ms"] < report.as_of_ms
    }
    _keep(store, report, silent.values())
    if report.time_zone is not None:
        note_site_zone(store, report.site, report.time_zone)
    zone = site_zone(store, report.site) if began or over else UNKNOWN_ZONE
    alerts = [_alert(report, name, since, START, zone) for name, since in sorted(began.items())]
    alerts += [_alert(report, name, since, END, zone) for name, since in sorted(over.items())]
    taken = notifier.take(alerts)
    for position, alert in enumerate(alerts):
        if position in taken.failed:
            continue
        key = Key(_partition(report.site), alert.device)
        if alert.phase == END:
            store.delete(key)
        else:
            expires_at = report.as_of_ms // 1000 + KEPT_SECONDS
            think = _remembering(alert.started_ms, report.as_of_ms)
            change(store, key, think, expires_at, seen=silent.get(alert.device))
    return taken


def _keep(store: Store, report: SilenceReport, silent: Iterable[Stored]) -> None:
    """Keep what is known of devices that are silent still, once a day: forgotten, they were told anew."""
    expires_at = report.as_of_ms // 1000 + KEPT_SECONDS
    for stored in silent:
        since_ms, as_of_ms = stored.document["since_ms"], stored.document["as_of_ms"]
        if stored.key.sort in report.silent and report.as_of_ms - as_of_ms >= _KEEP_AFTER_MS:
            event = event_key(_alert(report, stored.key.sort, since_ms, START, UNKNOWN_ZONE))
            change(store, event, lambda known: (known, None), expires_at)
            change(store, stored.key, _remembering(since_ms, report.as_of_ms), expires_at, seen=stored)


def _remembering(since_ms: int, as_of_ms: int) -> Callable[[Document | None], tuple[Document | None, None]]:
    def think(known: Document | None) -> tuple[Document | None, None]:
        newer = known is None or known["as_of_ms"] < as_of_ms
        return ({"since_ms": since_ms, "as_of_ms": as_of_ms} if newer else None), None

    return think


def _partition(site: str) -> str:
    return f"alert_state#{site}#silent"


def _alert(report: SilenceReport, device: str, since_ms: int, phase: str, time_zone: str) -> Alert:
    return Alert(
        event=f"silent-{since_ms}",
        kind=DEVICE_SILENT,
        phase=phase,
        site=report.site,
        device=device,
        camera=None,
        time_zone=time_zone,
        started_ms=since_ms,
        at_ms=report.as_of_ms,
        duration_seconds=max(0, report.as_of_ms - since_ms) / 1000,
    )
