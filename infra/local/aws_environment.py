"""The environment and clients that reach this run's MiniStack and nothing else.

A user's own profile, credentials or proxy must never leak into a local run: neither may the run reach a
real account, nor may their settings break it.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

REPOSITORY_ROOT = Path(__file__).resolve().parents[2]
LOCAL_REGION = "ap-northeast-2"
_ACCESS_KEY_ID = "local"
_SECRET_ACCESS_KEY = "local"  # noqa: S105 - MiniStack accepts anything
_KEPT_VARIABLES = (
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "VIRTUAL_ENV",
    "LD_LIBRARY_PATH",
    "SSL_CERT_FILE",
)


@dataclass(frozen=True)
class AwsEndpoint:
    """Where a local AWS answers."""

    url: str
    region: str = LOCAL_REGION

    def environment(self) -> dict[str, str]:
        """Return the variables that send every AWS SDK of a subprocess to this endpoint."""
        return {
            "AWS_ENDPOINT_URL": self.url,
            "AWS_ACCESS_KEY_ID": _ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": _SECRET_ACCESS_KEY,
            "AWS_REGION": self.region,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }

    def client(self, service: str, *, account: str | None = None) -> Any:
        """Return a client of any service of this endpoint, in `account` (12 digits) when one is named."""
        session: Any = self._session(account)
        return session.client(service, endpoint_url=self.url, config=Config(proxies={}, read_timeout=120))

    def _session(self, account: str | None = None) -> boto3.Session:
        # To MiniStack, an access key of twelve digits is its account.
        return boto3.Session(
            aws_access_key_id=account or _ACCESS_KEY_ID,
            aws_secret_access_key=_SECRET_ACCESS_KEY,
            region_name=self.region,
        )

    def s3(self) -> S3Client:
        """Return an S3 client of this endpoint."""
        config = Config(s3={"addressing_style": "path"}, proxies={}, retries={"max_attempts": 2})
        return self._session().client("s3", endpoint_url=self.url, config=config)

    def sqs(self) -> SQSClient:
        """Return an SQS client of this endpoint."""
        config = Config(proxies={}, retries={"max_attempts": 2})
        return self._session().client("sqs", endpoint_url=self.url, config=config)

    def dynamodb(self) -> Any:
        """Return a DynamoDB client of this endpoint."""
        config = Config(proxies={}, retries={"max_attempts": 2})
        return self._session().client("dynamodb", endpoint_url=self.url, config=config)

    def athena(self) -> AthenaClient:
        """Return an Athena client of this endpoint."""
        config = Config(proxies={}, retries={"max_attempts": 2})
        return self._session().client("athena", endpoint_url=self.url, config=config)


def base_environment(temporary: Path, extra: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a child process: what it needs of ours, its temporary folder and `extra`."""
    kept = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(REPOSITORY_ROOT),
        "PYTHONUNBUFFERED": "1",
        "TMPDIR": str(temporary),
        **extra,
    }
