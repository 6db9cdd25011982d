"""Alerts on this machine: queue, topic and a mailbox of files around the real notifier."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from infra.ingest_settings import NOTIFIER, NOTIFIER_SCHEDULE, ScheduledFunction
from infra.local.aws_environment import AwsEndpoint
from infra.local.mailbox import MailboxSettings
from infra.local.processes import ManagedProcess, start_process, wait_until_done, wait_until_ready
from infra.local.queues import Queue, make_queue
from infra.local.run_directory import RunDirectory

_READY_SECONDS = 60.0
_SEND_EVERY_SECONDS = 5.0
_ALL_THAT_WAITS_SECONDS = 2 * 86_400


@dataclass(frozen=True)
class AlertOptions:
    """Where the mail of local alerts goes: files in `folder`, one reader a language in `readers`."""

    folder: Path
    readers: Mapping[str, str]
    map_url: str | None = None


class LocalAlerts:
    """The queue and the topic of a local stack's alerts, and the process that writes their mail."""

    def __init__(
        self,
        endpoint: AwsEndpoint,
        run: RunDirectory,
        options: AlertOptions,
        *,
        visibility_timeout_seconds: int,
    ) -> None:
        self._run = run
        self._options = options
        self.queue: Queue = make_queue(
            endpoint.sqs(), NOTIFIER, visibility_timeout_seconds=visibility_timeout_seconds
        )
        sns = endpoint.client("sns")
        self.topic_arn: str = sns.create_topic(Name="crowdlens-alerts")["TopicArn"]
        for language, address in options.readers.items():
            policy = json.dumps({"language": [language]})
            sns.subscribe(
                TopicArn=self.topic_arn,
                Protocol="email",
                Endpoint=address,
                Attributes={"FilterPolicy": policy},
            )

    def environment(self) -> dict[str, str]:
        """Return what the notifier is told beside what every function is."""
        link = {} if self._options.map_url is None else {"LIVE_MAP_URL": self._options.map_url}
        return {"ALERT_TOPIC_ARN": self.topic_arn, **link}

    def schedule(self) -> ScheduledFunction:
        """Return the notifier's schedule, quicker than EventBridge can: a demo is over in a minute."""
        return replace(
            NOTIFIER_SCHEDULE, function_name="notifier_schedule", every_seconds=_SEND_EVERY_SECONDS
        )

    def start_mailbox(self, environment: dict[str, str]) -> ManagedProcess:
        """Start the mailbox and return once every reader has one."""
        ready, path = self._run.path / "mailbox.ready", self._run.path / "mailbox.settings.json"
        MailboxSettings(self.topic_arn, str(self._options.folder), str(ready)).write(path)
        process = start_process(
            "mailbox",
            [sys.executable, "-m", "infra.local.mailbox", str(path)],
            log_path=self._run.log_path("mailbox"),
            environment=environment,
            grace_seconds=10.0,
        )
        wait_until_ready(process, ready.exists, deadline_seconds=_READY_SECONDS)
        return process

    def send_all(self, environment: dict[str, str]) -> None:
        """Send what waits for company or for the end of quiet hours: nobody will when the stack is gone."""
        event = {**NOTIFIER_SCHEDULE.event, "ahead_seconds": _ALL_THAT_WAITS_SECONDS}
        process = start_process(
            "notifier-last",
            [sys.executable, "-m", "infra.local.invoke", NOTIFIER.handler, json.dumps(event)],
            log_path=self._run.log_path("notifier-last"),
            environment=environment,
        )
        wait_until_done(process, deadline_seconds=_READY_SECONDS)

    @property
    def mail(self) -> list[Path]:
        """The mail that has been written."""
        return sorted(self._options.folder.glob("*.eml"))
