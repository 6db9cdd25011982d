"""Asks Athena over its API, the local endpoint and the account's own alike."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import WorkFailedError
from quicksight.console.settings import ConsoleSettings

if TYPE_CHECKING:
    from mypy_boto3_athena import AthenaClient

_LOOK_AGAIN_SECONDS = 0.02
_LOOK_AGAIN_AT_MOST_SECONDS = 0.5
_PATIENCE_SECONDS = 300.0
DEFAULT_WORKGROUP = "primary"
_LOCAL_KEY = "local"


class AskingError(WorkFailedError):
    """Raised when Athena refused a question or could not be reached; the text is its reason."""


@dataclass(frozen=True)
class Answer:
    """Names, Athena types and rows of an answer; values are text as Athena's API writes it, NULL is None."""

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[str | None, ...], ...]


class Athena:
    """One database asked over Athena's API; safe to use from several threads."""

    def __init__(self, settings: ConsoleSettings) -> None:
        self._settings = settings
        self._client = _client(settings)

    @property
    def where(self) -> tuple[str, str]:
        """What tells this database from another one."""
        return self._settings.athena_url or self._settings.region, self._settings.database

    def ask(self, sql: str) -> Answer:
        """Return the answer to one SELECT; raises `AskingError`."""
        try:
            execution = self._client.start_query_execution(
                QueryString=sql,
                QueryExecutionContext={"Database": self._settings.database},
                WorkGroup=self._settings.workgroup or DEFAULT_WORKGROUP,
            )["QueryExecutionId"]
            self._wait(execution)
            return self._read(execution)
        except ClientError as error:
            raise AskingError(error.response["Error"]["Message"]) from error
        except BotoCoreError as error:
            raise AskingError(f"Athena cannot be reached: {error}") from error

    def _wait(self, execution: str) -> None:
        pause = _LOOK_AGAIN_SECONDS
        patience = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < patience:
            status = self._client.get_query_execution(QueryExecutionId=execution)["QueryExecution"]["Status"]
            if status["State"] == "SUCCEEDED":
                return
            if status["State"] in ("FAILED", "CANCELLED"):
                raise AskingError(status.get("StateChangeReason", status["State"]))
            time.sleep(pause)
            pause = min(2 * pause, _LOOK_AGAIN_AT_MOST_SECONDS)
        raise AskingError(f"the question took longer than {_PATIENCE_SECONDS:.0f} s")

    def _read(self, execution: str) -> Answer:
        columns: Sequence[Any] = ()
        rows: list[tuple[str | None, ...]] = []
        pages = self._client.get_paginator("get_query_results").paginate(QueryExecutionId=execution)
        for page in pages:
            columns = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            rows += [
                tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in page["ResultSet"]["Rows"]
            ]
        # The first row of a SELECT's answer has the names.
        return Answer(
            tuple(column["Name"] for column in columns),
            tuple(column["Type"] for column in columns),
            tuple(rows[1:]),
        )


def _client(settings: ConsoleSettings) -> AthenaClient:
    config = Config(retries={"max_attempts": 3}, read_timeout=120)
    if settings.athena_url is None:
        return boto3.Session(region_name=settings.region).client("athena", config=config)
    local = boto3.Session(
        aws_access_key_id=_LOCAL_KEY, aws_secret_access_key=_LOCAL_KEY, region_name=settings.region
    )
    return local.client("athena", endpoint_url=settings.athena_url, config=config.merge(Config(proxies={})))
