"""Tells the notifier which devices are silent and which are heard; what changed it finds out itself."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import WorkFailedError
from contract.silences import SilenceReport, encode_reports


class SilenceNotToldError(WorkFailedError):
    """Raised when the queue of alerts did not take a report; the next account makes another."""


def silence_reports(
    places: Mapping[str, tuple[int, str]], silent: Collection[str], zones: Mapping[str, str], now: datetime
) -> list[SilenceReport]:
    """Return a report for each site of `places`, which has the latest time and the site by device.

    `zones` has the time zones of sites, as far as they are known.
    """
    now_ms = round(now.timestamp() * 1000)
    reports = []
    for site in sorted({site for _, site in places.values()}):
        own = {name: seen for name, (seen, place) in places.items() if place == site}
        quiet = {name: seen for name, seen in own.items() if name in silent}
        heard = [name for name in own if name not in silent]
        reports.append(SilenceReport(site, now_ms, quiet, heard, zones.get(site)))
    return reports


def send_reports(client: Any, queue_url: str, reports: Iterable[SilenceReport]) -> int:
    """Send the reports and return how many messages that took; raises `SilenceNotToldError`."""
    sent = 0
    for report in reports:
        for body in encode_reports(report):
            try:
                client.send_message(QueueUrl=queue_url, MessageBody=body)
            except (ClientError, BotoCoreError) as error:
                raise SilenceNotToldError(
                    f"the report of site {report.site} was not sent: {error}"
                ) from error
            sent += 1
    return sent
