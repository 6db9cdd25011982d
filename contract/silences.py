"""What the reconciler tells the notifier of a site's devices: which are silent, and which are heard."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from contract.alerts import AlertError
from contract.columns import NAME_MAXIMUM_LENGTH
from contract.identity import check_identifier

SILENCE_REPORT: Final = "silence_report"
MAXIMUM_DEVICES_A_REPORT: Final = 1_000
"""Some 40 bytes a device: far below SQS's limit, and one write of the notifier's state each."""


@dataclass(frozen=True)
class SilenceReport:
    """Devices of `site` as of `as_of_ms`: when each silent one last told something, and those that are heard.

    A site of many devices is told in several reports; a device that is in none is not known of. `time_zone`
    is what a camera's record of the site named lately, None when none was seen.
    """

    site: str
    as_of_ms: int
    silent: Mapping[str, int]
    heard: Sequence[str]
    time_zone: str | None = None


def encode_reports(report: SilenceReport) -> list[str]:
    """Return `report` as JSON texts of at most `MAXIMUM_DEVICES_A_REPORT` devices each."""
    names = sorted({*report.silent, *report.heard})
    step = MAXIMUM_DEVICES_A_REPORT
    return [_encode(report, frozenset(names[start : start + step])) for start in range(0, len(names), step)]


def _encode(report: SilenceReport, names: frozenset[str]) -> str:
    document = {
        "type": SILENCE_REPORT,
        "site": report.site,
        "as_of_ms": report.as_of_ms,
        "silent": {name: since for name, since in sorted(report.silent.items()) if name in names},
        "heard": sorted(name for name in report.heard if name in names and name not in report.silent),
    }
    if report.time_zone is not None:
        document["time_zone"] = report.time_zone
    return json.dumps(document, separators=(",", ":"))


def decode_report(document: Mapping[str, Any]) -> SilenceReport:
    """Return the report in a document whose `type` is `SILENCE_REPORT`; raises `AlertError`."""
    silent, heard = document.get("silent"), document.get("heard")
    as_of_ms = document.get("as_of_ms")
    if not isinstance(silent, dict) or not isinstance(heard, list):
        raise AlertError("silence report lacks silent or heard: expected an object and a list of devices")
    if not isinstance(as_of_ms, int) or not all(isinstance(since, int) for since in silent.values()):
        raise AlertError("silence report has a time that is none: expected UTC milliseconds")
    zone = document.get("time_zone")
    if zone is not None and not (isinstance(zone, str) and 1 <= len(zone) <= NAME_MAXIMUM_LENGTH):
        raise AlertError("silence report has a time zone that is none: expected a name like Asia/Seoul")
    return SilenceReport(
        check_identifier("site", document.get("site")),
        as_of_ms,
        {check_identifier("device", name): since for name, since in silent.items()},
        tuple(check_identifier("device", name) for name in heard),
        zone,
    )
