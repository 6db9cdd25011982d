"""The account that a command works on: its bucket, control table and queues, by option or environment."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from contract.errors import CrowdLensError, WorkFailedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

BUCKET_VARIABLE = "LAKE_BUCKET"
CONTROL_TABLE_VARIABLE = "CONTROL_TABLE"


class CloudArgumentError(CrowdLensError):
    """Raised when nothing says which bucket or region to work on."""


class CloudError(WorkFailedError):
    """Raised when AWS refused or did not answer; the text is its reason."""


def add_bucket_argument(parser: argparse.ArgumentParser | argparse._MutuallyExclusiveGroup) -> None:
    """Add the option that names the lake's bucket."""
    parser.add_argument("--bucket", help=f"the lake's bucket (default: {BUCKET_VARIABLE} of the environment)")


def add_account_arguments(parser: argparse.ArgumentParser, *, control_table: bool = True) -> None:
    """Add the options that say in which region, and where the device registry is."""
    parser.add_argument("--region", help="AWS region (default: as the AWS tools find it)")
    if control_table:
        parser.add_argument(
            "--control-table",
            help=f"DynamoDB table (default: {CONTROL_TABLE_VARIABLE} of the environment, crowdlens-control)",
        )


def bucket_of(arguments: argparse.Namespace) -> str:
    """Return the bucket that was named; raises `CloudArgumentError` when none was."""
    bucket = arguments.bucket or os.environ.get(BUCKET_VARIABLE)
    if not bucket:
        raise CloudArgumentError(
            f"no bucket is named: expected --bucket or {BUCKET_VARIABLE} in the environment"
        )
    return str(bucket)


def control_table_of(arguments: argparse.Namespace) -> str:
    """Return the control table that was named, or the usual one."""
    from lambdas.shared.control_table import DEFAULT_CONTROL_TABLE

    return str(arguments.control_table or os.environ.get(CONTROL_TABLE_VARIABLE) or DEFAULT_CONTROL_TABLE)


def s3_client(region: str | None) -> S3Client:
    """Return an S3 client for several threads."""
    import boto3
    from botocore.config import Config

    return boto3.client("s3", region_name=region, config=Config(max_pool_connections=16))


def sqs_client(region: str | None) -> SQSClient:
    """Return an SQS client."""
    import boto3

    return boto3.client("sqs", region_name=region)


def dynamodb_client(region: str | None) -> Any:
    """Return a DynamoDB client."""
    import boto3

    return boto3.client("dynamodb", region_name=region)


@contextmanager
def clear_cloud_errors() -> Iterator[None]:
    """Turn what boto3 raises into one sentence: `CloudArgumentError` or `CloudError`."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

    try:
        yield
    except NoRegionError as error:
        raise CloudArgumentError("no AWS region is named: expected --region or AWS_REGION") from error
    except NoCredentialsError as error:
        raise CloudError(
            "no AWS credentials were found: expected a profile or variables of the AWS tools"
        ) from error
    except ClientError as error:
        said = error.response.get("Error", {})
        why = f"{said.get('Code')}: {said.get('Message') or 'no reason given'}"
        raise CloudError(f"{error.operation_name} was refused: {why}") from error
    except BotoCoreError as error:
        raise CloudError(f"AWS did not answer: {error}") from error
