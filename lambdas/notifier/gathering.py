"""What comes together is told together: windows that gather, bursts of a site, and news that is late."""

from __future__ import annotations

from typing import Final

from contract.alerts import DEVICE_SILENT, TEST, Alert
from contract.tables import CLOCK_SYNCED
from lambdas.notifier.batches import KEPT_SECONDS, BatchName
from lambdas.notifier.store import Document, Key, Store, change

LATE_SECONDS: Final = 900
"""News older than this when it arrives is told as late, in a summary."""
LATE_GROUP_SECONDS: Final = 300
"""So long a queue that empties after an outage is gathered into one message a site."""
BURST_MESSAGES: Final = 5
"""So many messages of a site are told at once; what follows within a minute is told together."""
BURST_GROUP_SECONDS: Final = 60
LATE, BURST = "late", "burst"
_GATHERING_SECONDS: Final = {LATE: LATE_GROUP_SECONDS, BURST: BURST_GROUP_SECONDS}
WINDOW_PREFIX: Final = "window-"


def is_late(alert: Alert, now_ms: int, entered_ms: int | None) -> bool:
    """Return whether an alert tells what happened long ago.

    `entered_ms` is when it came into the cloud's queue. A clock that is not set says nothing: of such a
    device only the time in the queue counts.
    """
    if alert.kind in (DEVICE_SILENT, TEST):
        return False
    known = [] if entered_ms is None else [entered_ms]
    if alert.clock_quality == CLOCK_SYNCED:
        known.append(alert.at_ms)
    return bool(known) and now_ms - min(known) > LATE_SECONDS * 1000


def gathering_seconds(family: str, group_seconds: int) -> int:
    """Return how long a window of `family` gathers, with a rule's `group_seconds`."""
    return _GATHERING_SECONDS.get(family, max(1, group_seconds))


def family_of(window: BatchName) -> str:
    """Return the family of a window that `gather` named."""
    return window.name.removeprefix(WINDOW_PREFIX).partition("-")[0]


def gather(
    store: Store, site: str, family: str, seconds: int, *, now_ms: int, refused: str | None = None
) -> BatchName:
    """Return the batch that gathers what comes now; it begins with the first that comes."""

    def think(known: Document | None) -> tuple[Document | None, BatchName]:
        if known is not None and now_ms < known["due_ms"] and known["batch"] != refused:
            return None, BatchName(site, known["batch"], known["due_ms"])
        number = 0 if known is None else known["number"] + 1
        new = BatchName(site, f"{WINDOW_PREFIX}{family}-{now_ms}-{number}", now_ms + seconds * 1000)
        return {"batch": new.name, "due_ms": new.due_ms, "number": number}, new

    key = Key(f"alert_state#{site}", f"window#{family}")
    return change(store, key, think, now_ms // 1000 + KEPT_SECONDS)


def is_burst(store: Store, site: str, name: str, now_ms: int) -> bool:
    """Return whether the message `name` comes after too many of its site; a quiet minute ends a burst."""
    length_ms = BURST_GROUP_SECONDS * 1000

    def think(known: Document | None) -> tuple[Document | None, bool]:
        if known is None or now_ms >= known["until_ms"]:
            return {"until_ms": now_ms + length_ms, "told": [name]}, False
        if name in known["told"]:
            return None, False
        if len(known["told"]) < BURST_MESSAGES:
            return {**known, "told": [*known["told"], name]}, False
        # Written twice a minute at most, however many come.
        goes_on = known["until_ms"] - now_ms < length_ms // 2
        return ({**known, "until_ms": now_ms + length_ms} if goes_on else None), True

    return change(store, Key(f"alert_state#{site}", "burst"), think, now_ms // 1000 + KEPT_SECONDS)
