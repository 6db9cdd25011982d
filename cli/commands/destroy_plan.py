"""`crowdlens destroy-plan`: how a stage is taken away, and what stays then. Changes nothing."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from cli.cloud import clear_cloud_errors
from cli.output import print_json

if TYPE_CHECKING:
    from cli.teardown.plan import Plan
    from cli.teardown.stacks import Stack

EXAMPLE = """examples:
  crowdlens destroy-plan --stage dev                       of the stacks that are deployed
  crowdlens destroy-plan --stage prod --templates cdk.out  of templates, without an account
it only reads: nothing is deleted by it"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens destroy-plan`."""
    parser.epilog = EXAMPLE
    parser.add_argument("--stage", choices=("dev", "prod"), default="dev", help="which stage (default: dev)")
    parser.add_argument("--region", help="AWS region (default: as the AWS tools find it)")
    parser.add_argument(
        "--templates", type=Path, help="a folder that CDK synthesised into, instead of the account"
    )
    parser.add_argument("--json", action="store_true", help="print the plan as JSON")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Print the plan."""
    from cli.teardown.plan import make_plan

    plan = make_plan(_stacks(arguments), region=arguments.region)
    if arguments.json:
        print_json(plan.as_dict())
    else:
        _print(plan, arguments.stage)
    return 0


def _stacks(arguments: argparse.Namespace) -> list[Stack]:
    from cli.teardown.stacks import stacks_of_account, stacks_of_folder

    if arguments.templates is not None:
        return stacks_of_folder(arguments.templates, arguments.stage)
    import boto3

    prefix = f"crowdlens-{arguments.stage}"

    with clear_cloud_errors():
        return stacks_of_account(boto3.client("cloudformation", region_name=arguments.region), prefix)


def _print(plan: Plan, stage: str) -> None:
    print(f"To take {stage} away, in this order:")
    for number, step in enumerate(plan.steps, start=1):
        print(f"\n{number}. {step.why}")
        for command in step.commands:
            print(f"   {command}")
    print("\nWhat stays after that, and what removes it for good:")
    for stays in plan.stays:
        print(f"\n- {stays.what}: {stays.name}\n  {stays.why}")
        for command in stays.commands:
            print(f"    {command}")
    kept = "stay in the lake bucket" if plan.keeps_records else "are DELETED with the lake bucket"
    print(f"\nThe records {kept}.")
