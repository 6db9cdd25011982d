"""Cooldowns: after a start of a place and kind, those that follow are held and told together when it is over.

While starts keep coming, one message tells of each cooldown's worth of them. What is critical does not wait
for what is not.
"""

from __future__ import annotations

from typing import Any

from contract.alerts import Alert
from lambdas.notifier.rules import CRITICAL, severity_of
from lambdas.notifier.store import Document, Key, Store, change


def cooldown_key(alert: Alert) -> Key:
    """Return where the cooldown of the alert's place and kind is kept; what is critical has its own."""
    place = alert.zone or alert.line or ""
    critical = "#critical" if severity_of(alert) == CRITICAL else ""
    sort = f"cooldown#{alert.camera or alert.device}#{alert.kind}#{place}{critical}"
    return Key(f"alert_state#{alert.site}", sort)


def held_until_ms(
    store: Store, alert: Alert, seconds: int, now_ms: int, *, group_seconds: int = 0
) -> int | None:
    """Return until when a start is held (UTC milliseconds), None when it may be told now.

    What follows within `group_seconds` of the first may join it, for that is still being gathered. The same
    event asks again, also after its answer was lost, and is told the same.
    """
    if seconds <= 0:
        return None
    length_ms = seconds * 1000
    event = f"{alert.device}#{alert.event}"

    def think(known: Document | None) -> tuple[Document | None, int | None]:
        if known is None or now_ms >= max(known["until_ms"], known.get("next_ms", 0)):
            return {"until_ms": now_ms + length_ms, "owner": event}, None
        if known.get("owner") == event:
            return None, None
        if "owner" in known and now_ms < known["until_ms"] - length_ms + group_seconds * 1000:
            return None, None
        if now_ms < known["until_ms"]:
            held = {**known, "next_ms": known["until_ms"] + length_ms}
            return (None if held == known else held), known["until_ms"]
        # What was held is being told: a new cooldown began with that.
        rolled: dict[str, Any] = {"until_ms": known["next_ms"], "next_ms": known["next_ms"] + length_ms}
        return rolled, known["next_ms"]

    return change(store, cooldown_key(alert), think, now_ms // 1000 + 3 * seconds + 3_600)
