"""`crowdlens doctor`: what this machine lacks, and the command that mends it."""

from __future__ import annotations

import argparse

from cli.output import print_json, table

EXAMPLE = """example:
  crowdlens doctor
  exit status 1 when something that the demo needs is missing; what is optional never fails"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens doctor`."""
    parser.epilog = EXAMPLE
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run every check and print what was found."""
    from cli.checks import run_checks

    findings = run_checks()
    if arguments.json:
        print_json([finding.as_dict() for finding in findings])
    else:
        print(table(("", "check", "found", "mend it with"), [finding.row() for finding in findings]))
    return 1 if any(finding.blocks for finding in findings) else 0
