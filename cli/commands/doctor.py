"""`crowdlens doctor`: what this machine or an AWS account lacks, and the command that mends it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.output import print_json, table

if TYPE_CHECKING:
    from cli.checks import Finding

EXAMPLE = """examples:
  crowdlens doctor                      can the demo run here?
  .tools/cdk/cdk synth --quiet -c stage=prod -c account=123456789012
  crowdlens doctor --aws --stage prod   can these templates be deployed with these credentials?
exit status 1 when something that is needed is missing; what is optional never fails. It changes nothing"""
_ASSEMBLY = Path("cdk.out")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens doctor`."""
    parser.epilog = EXAMPLE
    parser.add_argument("--aws", action="store_true", help="look at the AWS account instead of this machine")
    parser.add_argument("--stage", choices=("dev", "prod"), default="dev", help="which stage, with --aws")
    parser.add_argument(
        "--templates", type=Path, default=_ASSEMBLY, help="what would be deployed, with --aws"
    )
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run every check and print what was found."""
    from cli.checks import run_checks

    findings = _aws_findings(arguments) if arguments.aws else run_checks()
    if arguments.json:
        print_json([finding.as_dict() for finding in findings])
    else:
        print(table(("", "check", "found", "mend it with"), [finding.row() for finding in findings]))
    return 1 if any(finding.blocks for finding in findings) else 0


def _aws_findings(arguments: argparse.Namespace) -> list[Finding]:
    import boto3

    from cli.aws_checks.run import run_aws_checks
    from cli.aws_checks.wanted import read_wanted
    from cli.cloud import clear_cloud_errors

    wanted = read_wanted(arguments.templates, arguments.stage)

    def clients(service: str, region: str | None) -> Any:
        session: Any = boto3.Session(region_name=region or wanted.region)
        return session.client(service)

    with clear_cloud_errors():
        return run_aws_checks(wanted, clients)
