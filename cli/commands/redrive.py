"""`crowdlens redrive`: messages in quarantine, dead letters above all, back to the queues they came from."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from cli.cloud import (
    add_account_arguments,
    add_bucket_argument,
    bucket_of,
    clear_cloud_errors,
    control_table_of,
    dynamodb_client,
    s3_client,
    sqs_client,
)
from cli.output import print_json, say
from cli.quarantine.arguments import (
    Progress,
    add_filter_arguments,
    add_sending_arguments,
    limited,
    selection_of,
    summary_table,
)

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from cli.quarantine.places import Kept, Quarantine
    from cli.quarantine.sending import SendBack

EXAMPLE = """examples:
  crowdlens redrive --bucket my-lake --dry-run
  crowdlens redrive --bucket my-lake --day 2026-11-21 --table tracks --limit 1
  crowdlens redrive --bucket my-lake --kind refused --device jetson-7     after the cause was mended
a message leaves quarantine only after its queue has accepted it; stopped or killed, the same command goes on.
In identity mode enforce, a message is judged by who sent it first, not by who sends it back"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens redrive`."""
    parser.epilog = EXAMPLE
    add_bucket_argument(parser)
    add_filter_arguments(parser, kind="dead_letter")
    add_sending_arguments(parser)
    add_account_arguments(parser)
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Send the messages back, or say which would be."""
    from cli.quarantine.places import BucketQuarantine, select

    bucket = bucket_of(arguments)
    with clear_cloud_errors():
        place = BucketQuarantine(s3_client(arguments.region), bucket)
        letters = limited(select(place, selection_of(arguments), skipped=say), arguments)
        # Made for a dry run, too: it must ask for whatever the real one asks for.
        send_back = sender(arguments, place)
        if arguments.dry_run:
            return dry_run(letters, as_json=arguments.json)
        progress = Progress()
        result = send_back.send(letters, progress=progress)
    if arguments.json:
        print_json({"sent": dict(result.sent), "failed": result.failed})
    return progress.end(result)


def sender(arguments: argparse.Namespace, place: Quarantine) -> SendBack:
    """Return what sends messages of `place` back, as the options say."""
    from cli.quarantine.sending import QueueDirectory, SendBack
    from lambdas.shared.original_senders import OriginalSenders

    def client(region: str | None) -> SQSClient:
        return sqs_client(region or arguments.region)

    senders = OriginalSenders(control_table_of(arguments), dynamodb_client(arguments.region))
    return SendBack(place, QueueDirectory(lru_cache(client), arguments.queue), senders)


def dry_run(letters: Iterable[Kept], *, as_json: bool) -> int:
    """Print which messages would be sent back."""
    if as_json:
        print_json([{"key": letter.key, "queue": letter.message.queue_arn} for letter in letters])
        return 0
    count, listed = summary_table(letters)
    print(listed)
    say(f"{count} would be sent back")
    return 0
