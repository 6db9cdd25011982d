"""Findings of cdk-nag that we live with, each with its reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Stack, Validations

from infra.config import StageConfig
from infra.stacks.ingest import WRITTEN_PREFIXES


def acknowledge_findings(*, config: StageConfig, ingest: Stack) -> None:
    """Acknowledge, one by one, what AwsSolutions reports and we decided to keep."""
    lake = config.lake_bucket_name("<AWS::AccountId>")
    for prefix in WRITTEN_PREFIXES:
        _acknowledge(
            ingest,
            f"IAM5[Resource::arn:<AWS::Partition>:s3:::{lake}/{prefix}*]",
            "lake_writer names its objects itself: it may put below this prefix and do nothing else",
        )
    _acknowledge(
        ingest, "L1", "Python 3.13 on arm64 is what the functions are tested for with AWS's pandas layer"
    )


def _acknowledge(stack: Stack, rule: str, reason: str) -> None:
    Validations.of(stack).acknowledge(Acknowledgment(id=f"AwsSolutions::AwsSolutions-{rule}", reason=reason))
