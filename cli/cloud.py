"""The account that a command works on: its bucket, control table and queues, by option or environment."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from contract.errors import CrowdLensError, WorkFailedError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

BUCKET_VARIABLE = "LAKE_BUCKET"
CONTROL_TABLE_VARIABLE = "CONTROL_TABLE"
REGION_VARIABLE = "AWS_REGION"
STAGES = ("dev", "prod")
_BOTO3_REGION_VARIABLE = "AWS_DEFAULT_REGION"
_BUCKET_NAME = re.compile(r"bucket name \"(.*?)\"", re.IGNORECASE | re.DOTALL)
_ENDPOINT_FAULT = "Invalid endpoint: "


class CloudArgumentError(CrowdLensError):
    """Raised when nothing usable says which bucket, region, profile or endpoint to work on."""


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


def add_stage_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which stage, and so which artifacts bucket, is worked on."""
    parser.add_argument(
        "--stage", choices=STAGES, default=STAGES[0], help=f"stage of the deployment (default: {STAGES[0]})"
    )
    parser.add_argument("--bucket", help="artifacts bucket (default: the stage's)")


def check_account(region: str | None) -> None:
    """Raise what is missing to reach AWS, before any work is done; asks no service."""
    import boto3
    from botocore.exceptions import NoCredentialsError, NoRegionError

    with region_of_environment(), clear_cloud_errors():
        session = boto3.session.Session(region_name=region)
        if not session.region_name:
            raise NoRegionError
        if session.get_credentials() is None:
            raise NoCredentialsError


def artifacts_bucket(arguments: argparse.Namespace) -> str:
    """Return the bucket that was named, or the one that the stage's stack has in this account and region."""
    if arguments.bucket:
        return str(arguments.bucket)
    import boto3

    with region_of_environment():
        session = boto3.session.Session(region_name=arguments.region)
        account = session.client("sts").get_caller_identity()["Account"]
        return f"crowdlens-{arguments.stage}-artifacts-{account}-{session.region_name}"


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
def region_of_environment() -> Iterator[None]:
    """Let boto3 find the region in AWS_REGION, too, as every other AWS tool does."""
    region, before = os.environ.get(REGION_VARIABLE), os.environ.get(_BOTO3_REGION_VARIABLE)
    if not region:
        yield
        return
    os.environ[_BOTO3_REGION_VARIABLE] = region
    try:
        yield
    finally:
        if before is None:
            os.environ.pop(_BOTO3_REGION_VARIABLE, None)
        else:
            os.environ[_BOTO3_REGION_VARIABLE] = before


@contextmanager
def clear_cloud_errors() -> Iterator[None]:
    """Turn what boto3 raises into one sentence: `CloudArgumentError` (wrong input) or `CloudError`.

    A fault of the call or the account's settings reads alike from whichever function it comes: also from one
    that had put it into an error of its own.
    """
    try:
        yield
    except CrowdLensError as error:
        clear = _wrong_setting(error.__cause__)
        if clear is None:
            raise
        raise clear from error
    except Exception as error:
        clear = _wrong_setting(error) or _no_answer(error)
        if clear is None:
            raise
        raise clear from error


def _wrong_setting(error: BaseException | None) -> CrowdLensError | None:
    """Return the sentence for what is wrong with the call or the settings; None for anything else."""
    # Who never loaded botocore met none of its errors, and loading it here would slow every command.
    if error is None or "botocore.exceptions" not in sys.modules:
        return None
    from botocore import exceptions as boto

    if isinstance(error, boto.NoRegionError):
        return CloudArgumentError(f"no AWS region is named: expected --region or {REGION_VARIABLE}")
    if isinstance(error, boto.ProfileNotFound):
        return CloudArgumentError(f"{error}: expected AWS_PROFILE to name one of the AWS tools' profiles")
    if isinstance(error, boto.NoCredentialsError | boto.PartialCredentialsError):
        return CloudError("no AWS credentials were found: expected a profile or variables of the AWS tools")
    if isinstance(error, boto.ParamValidationError | boto.ClientError):
        return _wrong_bucket(error)
    if isinstance(error, boto.ConnectionError | boto.HTTPClientError):
        return _no_answer(error)
    if isinstance(error, boto.InvalidRegionError):
        return CloudArgumentError(f"{error}: expected one like ap-northeast-2")
    if isinstance(error, ValueError) and str(error).startswith(_ENDPOINT_FAULT):
        endpoint = str(error).removeprefix(_ENDPOINT_FAULT)
        return CloudArgumentError(
            f"the AWS endpoint is {endpoint!r}: expected a URL like http://127.0.0.1:4566 in AWS_ENDPOINT_URL"
        )
    return None


def _wrong_bucket(error: Exception) -> CloudArgumentError | None:
    """Return the sentence for a bucket that there is not, or cannot be; None for any other error."""
    said = getattr(error, "response", {}).get("Error", {})
    if said.get("Code") == "NoSuchBucket":
        named = f" {said['BucketName']!r}" if said.get("BucketName") else ""
        return CloudArgumentError(f"bucket{named} does not exist (NoSuchBucket): expected the lake's bucket")
    invalid = _BUCKET_NAME.search(str(error))
    if invalid is None and said.get("Code") != "InvalidBucketName":
        return None
    bucket = invalid[1] if invalid else said.get("BucketName", "")
    return CloudArgumentError(f"bucket is {bucket!r}: expected 3 to 63 of a-z, 0-9, dots and hyphens")


def _no_answer(error: Exception) -> CloudError | None:
    """Return the sentence for what AWS refused or did not answer; None for what is not boto3's."""
    if "botocore.exceptions" not in sys.modules:
        return None
    from botocore.exceptions import BotoCoreError, ClientError

    if isinstance(error, ClientError):
        said = error.response.get("Error", {})
        why = f"{said.get('Code')}: {said.get('Message') or 'no reason given'}"
        return CloudError(f"{error.operation_name} was refused: {why}")
    return CloudError(f"AWS did not answer: {error}") if isinstance(error, BotoCoreError) else None
