"""MySQL's ledger through another function: the same answers as from MySQL itself."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.reconciler.remote_ledger import RemoteLedger, RemoteLedgerError
from lambdas.shared import load_ledger
from lambdas.shared.load_ledger import KEYS_AT_ONCE, QuestionError, answer


class FakeLedger:
    """A ledger in memory."""

    def __init__(self, etags: dict[str, str]) -> None:
        self._etags = etags

    def etags(self, keys: Sequence[str]) -> dict[str, str]:
        return {key: self._etags[key] for key in keys if key in self._etags}

    def rows(self, table: str, day: str) -> int:
        return len(table) * 1_000 + int(day[-2:])


class Loader:
    """Answers as `rds_loader` would, and counts the calls."""

    def __init__(self, ledger: FakeLedger) -> None:
        self._ledger = ledger
        self.calls = 0

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert FunctionName == "crowdlens-dev-rds-loader"
        self.calls += 1
        event = json.loads(Payload)
        assert event["task"] == load_ledger.TASK
        content = answer(self._ledger, event)  # type: ignore[arg-type]  # what it asks of a ledger, this has
        return {"Payload": io.BytesIO(json.dumps(content).encode())}


def test_etags_come_in_as_few_calls_as_can_be() -> None:
    etags = {f"raw/{number}": f"etag-{number}" for number in range(2_500)}
    loader = Loader(FakeLedger(etags))
    ledger = RemoteLedger(loader, "crowdlens-dev-rds-loader")
    assert ledger.etags([*etags, "raw/unknown"]) == etags
    assert loader.calls == -(-2_501 // KEYS_AT_ONCE)
    assert ledger.etags([]) == {}


def test_rows_are_asked_by_table_and_day() -> None:
    ledger = RemoteLedger(Loader(FakeLedger({})), "crowdlens-dev-rds-loader")
    assert ledger.rows("tracks", "2026-11-21") == 6_021


class Failing:
    """Lambda that refuses, or a function that fails."""

    def __init__(self, answer: dict[str, Any] | Exception) -> None:
        self._answer = answer

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


@pytest.mark.parametrize(
    ("failure", "words"),
    [
        pytest.param(
            ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "m"}}, "Invoke"),
            "could not be asked",
            id="throttled",
        ),
        pytest.param(
            {
                "FunctionError": "Unhandled",
                "Payload": io.BytesIO(b'{"errorType": "DatabaseUnavailableError", "errorMessage": "gone"}'),
            },
            "could not answer: DatabaseUnavailableError: gone",
            id="MySQL is away",
        ),
    ],
)
def test_no_answer_is_an_error_and_never_an_empty_ledger(failure: Any, words: str) -> None:
    with pytest.raises(RemoteLedgerError, match=words):
        RemoteLedger(Failing(failure), "loader").etags(["raw/1"])


@pytest.mark.parametrize(
    "event",
    [
        pytest.param({"task": "ledger"}, id="nothing asked"),
        pytest.param({"task": "ledger", "etags": "raw/1"}, id="one key"),
        pytest.param({"task": "ledger", "rows": {"table": "tracks"}}, id="no day"),
    ],
)
def test_a_question_of_another_form_is_refused(event: dict[str, Any]) -> None:
    with pytest.raises(QuestionError, match="expected etags, or rows of a table and day"):
        answer(FakeLedger({}), event)  # type: ignore[arg-type]  # as above
