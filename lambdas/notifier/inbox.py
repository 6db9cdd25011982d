"""What lies in the alert queue: alerts as the topic rule forwards them, and reports of silent devices."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from contract.alerts import Alert, AlertError, decode_alert
from contract.silences import SILENCE_REPORT, SilenceReport, decode_report

TOPIC_FIELDS: Final = {"topic_site": "site", "topic_device": "device", "topic_camera": "camera"}
"""What the rule takes from the topic, which a device's policy lets it have only as itself."""


def read_message(body: str) -> Alert | SilenceReport:
    """Return what a message says; raises a `CrowdLensError` for one that nobody can read.

    An alert that names another site, device or camera than the topic it came by is refused.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise AlertError(f"message is no JSON ({error}): expected an object") from error
    if not isinstance(document, dict):
        raise AlertError(f"message is a {type(document).__name__}: expected an object")
    if document.get("type") == SILENCE_REPORT and not TOPIC_FIELDS.keys() & document.keys():
        return decode_report(document)
    _check_topic(document)
    return decode_alert(document)


def _check_topic(document: Mapping[str, Any]) -> None:
    if not TOPIC_FIELDS.keys() & document.keys():
        return
    for topic_field, name in TOPIC_FIELDS.items():
        if document.get(topic_field) != document.get(name):
            said, by_topic = (str(document.get(field))[:70] for field in (name, topic_field))
            raise AlertError(f"{name} is {said!r}: expected {by_topic!r}, whose topic it came by")
