"""MySQL's ledger, asked through `rds_loader`, which is in the VPC where the reconciler is not."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import WorkFailedError
from lambdas.shared.load_ledger import KEYS_AT_ONCE, question_of_etags, question_of_rows


class RemoteLedgerError(WorkFailedError):
    """Raised when `rds_loader` did not answer, or MySQL did not answer it."""


class Functions(Protocol):
    """The one call of a Lambda client that is needed."""

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Any:  # noqa: N803 - boto3's spelling
        """Call a function and wait for its answer."""


class RemoteLedger:
    """`load_ledger` in MySQL, behind the function called `function_name`."""

    def __init__(self, functions: Functions, function_name: str) -> None:
        self._functions = functions
        self._function_name = function_name

    def etags(self, keys: Sequence[str]) -> dict[str, str]:
        """Return the ETags of those objects that are in MySQL; raises `RemoteLedgerError`."""
        found: dict[str, str] = {}
        for start in range(0, len(keys), KEYS_AT_ONCE):
            found |= self._ask(question_of_etags(keys[start : start + KEYS_AT_ONCE]))["etags"]
        return found

    def rows(self, table: str, day: str) -> int:
        """Return how many rows a table and day brought; raises `RemoteLedgerError`."""
        return int(self._ask(question_of_rows(table, day))["rows"])

    def _ask(self, question: dict[str, Any]) -> dict[str, Any]:
        try:
            answer = self._functions.invoke(
                FunctionName=self._function_name, Payload=json.dumps(question).encode()
            )
            content = json.loads(answer["Payload"].read())
        except (ClientError, BotoCoreError) as error:
            raise RemoteLedgerError(f"{self._function_name} could not be asked: {error}") from error
        if answer.get("FunctionError"):
            reason = f"{content.get('errorType')}: {content.get('errorMessage')}"
            raise RemoteLedgerError(f"{self._function_name} could not answer: {reason}")
        return dict(content)
