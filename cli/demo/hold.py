"""Keeps the demo's cloud up for a person who wants to try the operator's commands on it."""

from __future__ import annotations

import shlex
import threading
import time
from collections.abc import Callable
from typing import Protocol

_LOOK_AGAIN_SECONDS = 0.2
_NAMES = ("AWS_ENDPOINT_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")


class Cloud(Protocol):
    """A running local cloud."""

    bucket: str
    control_table: str

    def alert_environment(self) -> dict[str, str]:
        """Return the variables that name the queue and the topic of alerts, empty without them."""

    def aws_environment(self) -> dict[str, str]:
        """Return the variables that send an AWS SDK there."""


def hold(
    cloud: Cloud, stop: threading.Event, say: Callable[[str], None], mysql_url: str | None = None
) -> None:
    """Wait until `stop` is set once more, having said how the other commands reach `cloud`.

    `mysql_url` is that of the private MySQL; the password of a person's own is not shown.
    """
    # What ended the camera, Ctrl-C or the time it was given, does not end this.
    stop.clear()
    given = cloud.aws_environment()
    environment = {name: given[name] for name in _NAMES}
    environment |= {"LAKE_BUCKET": cloud.bucket, "CONTROL_TABLE": cloud.control_table}
    environment |= cloud.alert_environment()
    say("the local cloud stays up until Ctrl-C; in another terminal:")
    say("export " + " ".join(f"{name}={shlex.quote(value)}" for name, value in environment.items()))
    if mysql_url is not None:
        say(f"crowdlens map --mysql-url {shlex.quote(mysql_url)}      (the live map of this cloud)")
    # Asked again and again: an event that the handler of a signal sets while it is waited for may hang.
    while not stop.is_set():
        time.sleep(_LOOK_AGAIN_SECONDS)
