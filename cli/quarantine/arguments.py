"""What the commands about quarantine ask alike, and what they print alike."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Iterable
from datetime import date
from itertools import islice
from typing import TYPE_CHECKING

from cli.arguments import identifier, positive_integer
from cli.output import say, table, write_progress
from contract.tables import TABLES

if TYPE_CHECKING:
    from cli.quarantine.places import Kept, Selection
    from cli.quarantine.sending import SendResult

KINDS = ("refused", "identity", "dead_letter")
EVERY_KIND = "all"
_LINE_SECONDS = 5.0


def utc_day(text: str) -> str:
    """Return a day as it stands in keys, ``YYYY-MM-DD``."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a UTC day like 2026-11-21") from error


def add_filter_arguments(parser: argparse.ArgumentParser, *, kind: str | None) -> None:
    """Add the options that select messages; `kind` is the default kind, None for a command of one kind."""
    parser.add_argument("--day", type=utc_day, help="only messages sent on this UTC day")
    if kind is not None:
        parser.add_argument("--kind", choices=(*KINDS, EVERY_KIND), default=kind, help="why they are there")
    parser.add_argument("--device", type=identifier, help="only messages that name this device")
    parser.add_argument(
        "--table", choices=sorted(TABLES), help="only messages with rows, or objects, of this table"
    )
    parser.add_argument("--limit", type=positive_integer, help="at most so many")


def add_sending_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of a command that sends messages back."""
    parser.add_argument(
        "--queue", help="send to this queue (name, ARN or URL) instead of where they came from"
    )
    parser.add_argument("--dry-run", action="store_true", help="say what would be sent, and send nothing")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def selection_of(arguments: argparse.Namespace, *, kind: str | None = None) -> Selection:
    """Return which messages the options select; `kind` overrides theirs."""
    from cli.quarantine.places import Selection
    from lambdas.shared.quarantine import QuarantineKind

    wanted = kind or arguments.kind
    return Selection(
        day=arguments.day,
        kind=None if wanted == EVERY_KIND else QuarantineKind(wanted),
        device=arguments.device,
        table=arguments.table,
    )


def limited(letters: Iterable[Kept], arguments: argparse.Namespace) -> Iterable[Kept]:
    """Return no more of `letters` than the options allow."""
    return letters if arguments.limit is None else islice(letters, arguments.limit)


def summary_table(letters: Iterable[Kept]) -> tuple[int, str]:
    """Return the number of `letters` and a table of them by day, kind, error and device."""
    counted: Counter[tuple[str, str, str, str]] = Counter()
    for letter in letters:
        message = letter.message
        day = message.sent_at.strftime("%Y-%m-%d")
        counted[day, message.kind.value, message.error, message.device or "-"] += 1
    rows = [(*key, count) for key, count in sorted(counted.items())]
    return sum(counted.values()), table(("day", "kind", "error", "device", "messages"), rows)


class Progress:
    """Says how many were sent so far: on one line of a terminal, else in a line every few seconds."""

    def __init__(self) -> None:
        self._is_terminal = sys.stderr.isatty()
        self._said_at = time.monotonic()
        self._open_line = False

    def __call__(self, result: SendResult) -> None:
        """Say it when it is time to."""
        told = f"{result.sent.total()} sent, {len(result.failed)} not accepted"
        if self._is_terminal:
            write_progress(f"\r{told}")
            self._open_line = True
        elif time.monotonic() - self._said_at >= _LINE_SECONDS:
            say(told)
            self._said_at = time.monotonic()

    def end(self, result: SendResult, *, left: int = 0) -> int:
        """Say what became of the messages and return the exit status: 1 when SQS did not accept some.

        `left` is how many others there were that may not be sent.
        """
        if self._open_line:
            write_progress("\n")
        for queue, count in sorted(result.sent.items()):
            say(f"{count} sent to {queue} and removed from quarantine")
        for key, reason in sorted(result.failed.items()):
            say(f"stays in quarantine: {key}: {reason}")
        if not result.sent and not result.failed and not left:
            say("nothing to send back")
        return 1 if result.failed else 0
