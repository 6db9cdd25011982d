"""What the devices' publisher is set to, as far as the model needs it: infra imports nothing of devices.

`tests/consistency` holds these equal to `edge_components.publisher.settings`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """How soon records leave: `flush_seconds` at the latest, the ledger every `ledger_seconds`."""

    flush_seconds: float
    ledger_seconds: float


PROFILES: Mapping[str, Profile] = {"live": Profile(5.0, 60.0), "economy": Profile(60.0, 300.0)}
MAXIMUM_MESSAGES_A_SECOND = 20.0
"""What one device sends at most, after an outage."""
