"""A test alert: what a crowd would make, marked as a test, through the queue that devices' alerts come by."""

from __future__ import annotations

import secrets
import time

from contract.alerts import START, TEST, Alert


def make_alert(site: str, camera: str | None, zone: str | None, time_zone: str) -> Alert:
    """Return a test alert of now; each is an event of its own."""
    now_ms = round(time.time() * 1000)
    return Alert(
        event=f"test-{secrets.token_hex(6)}",
        kind=TEST,
        phase=START,
        site=site,
        device="crowdlens-alerts-test",
        camera=camera,
        time_zone=time_zone,
        started_ms=now_ms,
        at_ms=now_ms,
        zone=zone,
    )
