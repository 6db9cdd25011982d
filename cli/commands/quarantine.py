"""`crowdlens quarantine`: what was refused and why; release what its device was enrolled for meanwhile."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.cloud import (
    add_account_arguments,
    add_bucket_argument,
    bucket_of,
    clear_cloud_errors,
    control_table_of,
    dynamodb_client,
    s3_client,
)
from cli.commands.redrive import dry_run, sender
from cli.lake_location import open_lake
from cli.output import print_json, printable, say, table
from cli.quarantine.arguments import (
    EVERY_KIND,
    Progress,
    add_filter_arguments,
    add_sending_arguments,
    limited,
    selection_of,
    summary_table,
)

if TYPE_CHECKING:
    from cli.quarantine.places import Kept, Quarantine
    from lambdas.lake_writer.identity import IdentityFault

EXAMPLE = """examples:
  crowdlens quarantine list --bucket my-lake --kind identity
  crowdlens quarantine list --lake out/demo/lake --by-message
  crowdlens quarantine show --bucket my-lake quarantine/day=2026-11-21/….json --body
  crowdlens quarantine release --bucket my-lake --device jetson-7 --dry-run
`release` sends back what was refused for its sender and would be let in now, after `crowdlens devices enrol`;
`crowdlens redrive` sends back dead letters and, on request, everything else"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens quarantine`."""
    parser.epilog = EXAMPLE
    actions = parser.add_subparsers(metavar="action", required=True)
    listing = actions.add_parser("list", help="count what is there, by day, kind, error and device")
    _add_place(listing)
    add_filter_arguments(listing, kind=EVERY_KIND)
    listing.add_argument("--by-message", action="store_true", help="a line for each message, with its key")
    listing.add_argument("--json", action="store_true", help="print the messages as JSON")
    listing.set_defaults(execute=_list)
    show = actions.add_parser("show", help="show one message: its reason, where it came from, its body")
    _add_place(show)
    show.add_argument("key", help="the key of its document, as `list --by-message` prints it")
    form = show.add_mutually_exclusive_group()
    form.add_argument("--body", action="store_true", help="print the original body and nothing else")
    form.add_argument("--json", action="store_true", help="print the document as JSON")
    show.set_defaults(execute=_show)
    release = actions.add_parser("release", help="send back what would be let in now")
    add_bucket_argument(release)
    add_filter_arguments(release, kind=None)
    add_sending_arguments(release)
    add_account_arguments(release)
    release.set_defaults(execute=_release)


def _add_place(parser: argparse.ArgumentParser) -> None:
    place = parser.add_mutually_exclusive_group()
    add_bucket_argument(place)
    place.add_argument("--lake", type=Path, help="the lake in a folder, as a demo leaves it")
    add_account_arguments(parser, control_table=False)


def _place(arguments: argparse.Namespace) -> Quarantine:
    from cli.quarantine.places import BucketQuarantine, FolderQuarantine

    if arguments.lake is not None:
        # Where nothing was ever refused there is no quarantine: the raw objects show that it is a lake.
        open_lake(arguments.lake)
        return FolderQuarantine(arguments.lake)
    return BucketQuarantine(s3_client(arguments.region), bucket_of(arguments))


def _list(arguments: argparse.Namespace) -> int:
    from cli.quarantine.places import select

    with clear_cloud_errors():
        letters = limited(select(_place(arguments), selection_of(arguments), skipped=say), arguments)
        if arguments.json:
            print(json.dumps([_without_body(letter) for letter in letters], indent=2))
        elif arguments.by_message:
            print(table(("key", "kind", "device", "reason"), [_row(letter) for letter in letters]))
        else:
            count, listed = summary_table(letters)
            print(listed)
            say(f"{count} messages in quarantine")
    return 0


def _row(letter: Kept) -> tuple[str, ...]:
    message = letter.message
    return (
        letter.key,
        message.kind.value,
        message.device or "-",
        printable(f"{message.error}: {message.reason}"),
    )


def _without_body(letter: Kept) -> dict[str, Any]:
    document = json.loads(letter.message.to_bytes())
    body = document.pop("body")
    return {"key": letter.key, **document, "body_characters": len(body)}


def _show(arguments: argparse.Namespace) -> int:
    from lambdas.shared.quarantine import Quarantined

    with clear_cloud_errors():
        content = _place(arguments).read(arguments.key)
    message = Quarantined.from_bytes(content, arguments.key)
    if arguments.body:
        sys.stdout.buffer.write(message.body.encode("utf-8", "surrogatepass"))
    elif arguments.json:
        # ASCII, as it is stored: a body may hold what no terminal can show.
        print(message.to_bytes().decode("ascii"))
    else:
        document = json.loads(message.to_bytes())
        document.pop("body")
        print(table(("", arguments.key), [(name, printable(str(value))) for name, value in document.items()]))
        say(f"the body has {len(message.body)} characters: --body prints it")
    return 0


def _release(arguments: argparse.Namespace) -> int:
    from cli.quarantine.places import BucketQuarantine, select
    from cli.quarantine.release import judge
    from lambdas.shared.original_senders import OriginalSenders
    from lambdas.shared.registry import DeviceRegistry

    bucket = bucket_of(arguments)
    still: Counter[str] = Counter()
    with clear_cloud_errors():
        control_table, client = control_table_of(arguments), dynamodb_client(arguments.region)
        registry = DeviceRegistry(control_table, client)
        originals = OriginalSenders(control_table, client)
        place = BucketQuarantine(s3_client(arguments.region), bucket)
        letters = select(place, selection_of(arguments, kind="identity"), skipped=say)
        lawful = limited(_lawful(judge(registry, originals, letters), still), arguments)
        if arguments.dry_run:
            status = dry_run(lawful, as_json=arguments.json)
        else:
            progress = Progress()
            result = sender(arguments, place).send(lawful, progress=progress)
            if arguments.json:
                print_json({"sent": dict(result.sent), "failed": result.failed, "still_refused": dict(still)})
            status = progress.end(result, left=sum(still.values()))
    for fault, count in sorted(still.items()):
        say(f"{count} stay in quarantine: {fault}")
    return status


def _lawful(judged: Iterable[tuple[Kept, IdentityFault | None]], still: Counter[str]) -> Iterator[Kept]:
    """Yield what may be let in now; count the others by what is wrong."""
    for letter, fault in judged:
        if fault is None:
            yield letter
        else:
            still[fault.value] += 1
