"""How a stack says which finding of cdk-nag it lives with, and why, next to the resource."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct

RULES = "AwsSolutions::AwsSolutions"


def acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    """Accept the finding `rule` (``L1``, ``RDS3``) of AwsSolutions at `construct` and what is in it."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"{RULES}-{rule}", reason=reason))


def acknowledge_wildcard(construct: IConstruct, resource: str, reason: str) -> None:
    """Accept `resource`, a pattern as cdk-nag writes it, in the policies of `construct`.

    cdk-nag writes tokens as ``<AWS::AccountId>``.
    """
    acknowledge(construct, f"IAM5[Resource::{resource}]", reason)
