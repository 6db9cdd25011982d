"""The publisher's command line."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

from edge_components.publisher.settings import PROFILES, PublisherSettings

_EXAMPLE = """example:
  python -m edge_components.publisher --spool /var/lib/crowdlens/spool.sqlite \\
      --site seoul-1 --device jetson-7 --profile live \\
      --queue-url https://sqs.ap-northeast-2.amazonaws.com/123456789012/crowdlens-ingest

Credentials, region and AWS_ENDPOINT_URL are read from where every AWS tool reads them. Stops within five
seconds on SIGTERM or Ctrl-C: one last flush, and what is left stays in the spool for the next start.
"""


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of ``python -m edge_components.publisher``."""
    parser = argparse.ArgumentParser(
        prog="python -m edge_components.publisher",
        description="Send the records that wait in a device's spool to the ingest queue.",
        epilog=_EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--spool", type=Path, required=True, help="spool file; made when there is none")
    parser.add_argument("--site", required=True, help="site the device belongs to")
    parser.add_argument("--device", required=True, help="name of this device")
    parser.add_argument("--queue-url", required=True, help="URL of the ingest queue")
    # Greengrass sets AWS_REGION, which boto3 alone does not read.
    parser.add_argument(
        "--region",
        default=os.environ.get("AWS_REGION"),
        help="AWS region (default: the environment's, or the one in the queue URL)",
    )
    parser.add_argument(
        "--profile",
        choices=sorted(PROFILES),
        default="live",
        help="live: records leave within 5 s; economy: within 60 s, fewer messages (default: live)",
    )
    parser.add_argument(
        "--maximum-messages-per-second",
        type=float,
        default=20.0,
        metavar="N",
        help="sending rate that a backlog is drained at (default: 20 messages of up to 60 KiB)",
    )
    parser.add_argument("--log-level", choices=("DEBUG", "INFO", "WARNING", "ERROR"), default="INFO")
    return parser


def parse_settings(arguments: argparse.Namespace) -> PublisherSettings:
    """Return the settings the arguments ask for; raises `CrowdLensError` for a bad value."""
    return PublisherSettings(
        spool=arguments.spool,
        site=arguments.site,
        device=arguments.device,
        queue_url=arguments.queue_url,
        profile=PROFILES[arguments.profile],
        maximum_messages_per_second=arguments.maximum_messages_per_second,
    )


def parse(argv: Sequence[str] | None) -> tuple[argparse.ArgumentParser, argparse.Namespace]:
    """Return the parser and what it read from `argv` (None: the process's own arguments)."""
    parser = build_parser()
    return parser, parser.parse_args(argv)
