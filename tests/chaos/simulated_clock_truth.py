"""Whether a record that lies in the lake under an unknown time had to: the device did not know it either."""

from __future__ import annotations

from collections.abc import Mapping

from contract.envelope import decode_message, record_ids
from contract.errors import CrowdLensError
from edge_components.runtime.clock import PROBE_INTERVAL_SECONDS
from tests.chaos.simulated_device import TURN_SECONDS
from tests.chaos.simulated_sqs import Queue


def first_shown(ingest: Queue) -> dict[str, float]:
    """Return when the queue first saw a message with each record, by record id."""
    shown: dict[str, float] = {}
    for moment, body in ingest.shown:
        try:
            message = decode_message(body)
        except CrowdLensError:
            continue
        for block in message.blocks:
            for identity in record_ids(message.device, block):
                shown[identity] = min(moment, shown.get(identity, moment))
    return shown


def sent_needlessly_unsynced(
    identity: str, knew_the_time_at: float | None, shown: Mapping[str, float]
) -> bool:
    """Return whether an unsynced record was sent for the first time by a device that knew the time.

    `knew_the_time_at` is None for a boot that never did, and one whose publisher died before it did: what
    that had read may have been sent, for all that the next one knows.
    """
    if knew_the_time_at is None or identity not in shown:
        return False
    return shown[identity] > knew_the_time_at + PROBE_INTERVAL_SECONDS + TURN_SECONDS
