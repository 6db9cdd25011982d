"""Who sent a message, as SQS in AWS would say it: MiniStack knows only one account.

The IoT credentials provider names a device's role session after its certificate. Here every device has a
certificate by its name, unless a message says otherwise, so that impostors can be played, too.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from typing import Final

from lambdas.shared.sqs import SENT_BACK_ATTRIBUTE

LOCAL_SENDER_ATTRIBUTE: Final = "crowdlens_local_sender"
"""A message attribute that names the SenderId to inject; it goes no further than the poller."""
OPERATOR_SENDER_ID: Final = "AROAOPERATOR:operator"
"""Whoever sends a message back does it under credentials of their own."""
_DEVICE_ROLE: Final = "AROADEVICE"
_DEVICE = re.compile(r'"device"\s*:\s*"([A-Za-z0-9_-]{1,64})"')
_HEADER_LENGTH = 512


def local_certificate_id(device: str) -> str:
    """Return the certificate id that `device` has on this machine."""
    return hashlib.sha256(f"crowdlens local certificate of {device}".encode()).hexdigest()


def device_sender_id(certificate_id: str) -> str:
    """Return the SenderId of a device that authenticates with `certificate_id`."""
    return f"{_DEVICE_ROLE}:{certificate_id}"


def sender_id_of(body: str, attributes: Collection[str]) -> str | None:
    """Return the SenderId of a message, None when it names no device in its first characters.

    `attributes` are the names of its message attributes.
    """
    if SENT_BACK_ATTRIBUTE in attributes:
        return OPERATOR_SENDER_ID
    named = _DEVICE.search(body, 0, _HEADER_LENGTH)
    return None if named is None else device_sender_id(local_certificate_id(named[1]))
