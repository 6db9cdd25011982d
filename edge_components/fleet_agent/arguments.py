"""The agent's command line."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from edge_components.fleet_agent.settings import DEFAULT_LINK_TEST_BYTES
from edge_components.runtime.folder_options import add_folder_options

_EXAMPLE = """examples:
  python -m edge_components.fleet_agent --once --json     what this machine tells, and what it cannot tell
  python -m edge_components.fleet_agent --device jetson-7 --folder /tmp/device     report into a spool
  python -m edge_components.fleet_agent link-test --download https://example.com/10MB.bin --bytes 10000000

Started by Greengrass it takes no arguments: its configuration comes from the nucleus.
"""
LINK_TEST = "link-test"


def parse(argv: Sequence[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and what it read; ``link-test`` as the first word has a parser of its own."""
    words = sys.argv[1:] if argv is None else list(argv)
    parser = _link_test_parser() if words[:1] == [LINK_TEST] else _agent_parser()
    arguments = parser.parse_args(words[1:] if words[:1] == [LINK_TEST] else words)
    arguments.is_link_test = words[:1] == [LINK_TEST]
    arguments.has_words = bool(words)
    if not arguments.is_link_test:
        _refuse_ignored(parser, arguments)
    return parser, arguments


def _refuse_ignored(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """End with status 2 for an option that what was asked for would leave unused."""
    if arguments.json and not arguments.once:
        parser.error("--json goes with --once alone: the agent itself prints nothing")
    unused = ("device", "report_seconds", "log_level") if arguments.once else ()
    for name in unused:
        if getattr(arguments, name) != parser.get_default(name):
            parser.error(f"--{name.replace('_', '-')} does not go with --once, which reports nothing")


def _agent_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m edge_components.fleet_agent",
        description="Report the health of this device.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--once", action="store_true", help="print what is known now, and end")
    parser.add_argument("--json", action="store_true", help="print it as JSON")
    parser.add_argument("--device", default="device", help="name of this device (default: device)")
    add_folder_options(parser)
    parser.add_argument(
        "--report-seconds", type=float, default=60.0, metavar="S", help="between reports (default: 60)"
    )
    parser.add_argument("--log-level", choices=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO")
    return parser


def _link_test_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=f"python -m edge_components.fleet_agent {LINK_TEST}",
        description="Measure the link's speed with a bounded number of bytes in each direction.",
    )
    parser.add_argument("--download", metavar="URL", help="read this (HTTP GET)")
    parser.add_argument("--upload", metavar="URL", help="send to this (HTTP PUT)")
    parser.add_argument(
        "--bytes",
        type=int,
        default=DEFAULT_LINK_TEST_BYTES,
        metavar="N",
        help=f"at most so many in each direction (default: {DEFAULT_LINK_TEST_BYTES})",
    )
    parser.add_argument(
        "--seconds", type=float, default=20.0, metavar="S", help="at most so long in each (default: 20)"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    return parser
