"""A deployment sets MySQL up by two functions, and CloudFormation hears how it went, whatever happens."""

from __future__ import annotations

import io
import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from lambdas.database_setup import handler as entry
from lambdas.database_setup.settings import DatabaseSetupSettings, database_setup_settings
from lambdas.database_setup.setup import BUSY_ATTEMPTS, BUSY_PAUSE_SECONDS, SetupError, set_up
from lambdas.shared.cloudformation import LONGEST_REASON, response, send
from lambdas.shared.settings import SettingError

SETTINGS = DatabaseSetupSettings("arn:aws:secretsmanager:x:1:secret:rds!db-1", "crowdlens-dev-migrations")
MASTER = {"username": "crowdlens_master", "password": "p'w\"1"}
EVENT = {
    "RequestType": "Create",
    "StackId": "stack",
    "RequestId": "request",
    "LogicalResourceId": "Schema",
    "ResponseURL": "http://127.0.0.1:1/",
}


def refused(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, operation)


class FakeSecrets:
    """Secrets Manager with one secret, or an error."""

    def __init__(self, text: str | Exception) -> None:
        self._text = text

    def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - boto3's spelling
        assert SecretId == SETTINGS.secret_arn
        if isinstance(self._text, Exception):
            raise self._text
        return {"SecretString": self._text}


class FakeFunctions:
    """Lambda: each call takes the next of `answers`."""

    def __init__(self, *answers: dict[str, Any] | Exception) -> None:
        self._answers = list(answers)
        self.calls: list[dict[str, Any]] = []

    def invoke(self, *, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's
        assert FunctionName == SETTINGS.migrations_function
        self.calls.append(json.loads(Payload))
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answered(content: dict[str, Any], **more: str) -> dict[str, Any]:
    return {"Payload": io.BytesIO(json.dumps(content).encode()), **more}


def test_the_function_inside_gets_the_masters_name_and_password() -> None:
    functions = FakeFunctions(answered({"applied": ["0001.sql"]}))
    assert set_up(SETTINGS, FakeSecrets(json.dumps(MASTER)), functions) == {"applied": ["0001.sql"]}
    assert functions.calls == [{"master": MASTER}]


def test_a_function_that_is_still_being_put_into_the_vpc_is_waited_for() -> None:
    pauses: list[float] = []
    busy = refused("ResourceConflictException", "Invoke")
    functions = FakeFunctions(busy, busy, answered({}))
    set_up(SETTINGS, FakeSecrets(json.dumps(MASTER)), functions, sleep=pauses.append)
    assert len(pauses) == 2


@pytest.mark.parametrize(
    ("secret", "answers", "sentence"),
    [
        pytest.param(
            refused("AccessDeniedException", "GetSecretValue"),
            [],
            "secret could not be read",
            id="secret denied",
        ),
        pytest.param("no json", [], "secret has no username and password", id="secret of another form"),
        pytest.param('{"username": "a"}', [], "secret has no username and password", id="no password"),
        pytest.param(
            json.dumps(MASTER),
            [refused("ResourceNotFoundException", "Invoke")],
            "could not be called",
            id="no function",
        ),
        pytest.param(
            json.dumps(MASTER),
            [refused("ResourceConflictException", "Invoke")] * BUSY_ATTEMPTS,
            "could not be called",
            id="busy for ever",
        ),
        pytest.param(
            json.dumps(MASTER),
            [ReadTimeoutError(endpoint_url="https://lambda")],
            "could not be called",
            id="no answer in time",
        ),
        pytest.param(
            json.dumps(MASTER),
            [
                answered(
                    {"errorType": "MigrationError", "errorMessage": "0004_x.sql was changed"},
                    FunctionError="Unhandled",
                )
            ],
            "migrations failed: MigrationError: 0004_x.sql was changed",
            id="migration fails",
        ),
    ],
)
def test_what_fails_is_told_without_the_secret(secret: Any, answers: list[Any], sentence: str) -> None:
    with pytest.raises(SetupError) as caught:
        set_up(SETTINGS, FakeSecrets(secret), FakeFunctions(*answers), sleep=lambda _: None)
    assert sentence in str(caught.value)
    assert MASTER["password"] not in str(caught.value)


@pytest.mark.parametrize("missing", ["MASTER_SECRET_ARN", "MIGRATIONS_FUNCTION"])
def test_a_missing_setting_is_named(missing: str) -> None:
    environment = {"MASTER_SECRET_ARN": "arn", "MIGRATIONS_FUNCTION": "name", missing: " "}
    with pytest.raises(SettingError, match=f"^{missing} is not set"):
        database_setup_settings(environment)


def test_an_answer_names_the_request_and_keeps_the_resource() -> None:
    made = response(EVENT, "mysql-schema", None)
    assert (made["Status"], made["PhysicalResourceId"]) == ("SUCCESS", "mysql-schema")
    failed = response({**EVENT, "PhysicalResourceId": "as-before"}, "mysql-schema", "x" * 5_000)
    assert (failed["Status"], failed["PhysicalResourceId"]) == ("FAILED", "as-before")
    assert len(failed["Reason"]) == LONGEST_REASON
    assert {failed[name] for name in ("StackId", "RequestId", "LogicalResourceId")} == {
        "stack",
        "request",
        "Schema",
    }


class CloudFormation:
    """Takes answers at an address of its own; refuses the first `refusals` of them."""

    def __init__(self, refusals: int = 0) -> None:
        self.answers: list[dict[str, Any]] = []
        self.content_types: list[str | None] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.content_types.append(self.headers.get("Content-Type"))
                outer.answers.append(json.loads(body))
                self.send_response(503 if len(outer.answers) <= refusals else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/answer?signature=x"
        self._thread = Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> CloudFormation:
        self._thread.start()
        return self

    def __exit__(self, *arguments: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def test_an_answer_is_put_again_until_it_is_taken() -> None:
    with CloudFormation(refusals=2) as cloudformation:
        send(cloudformation.url, {"Status": "SUCCESS"}, sleep=lambda _: None)
    assert cloudformation.answers == [{"Status": "SUCCESS"}] * 3
    # The address is signed for an empty one.
    assert set(cloudformation.content_types) == {""}


def test_an_address_that_never_answers_is_told() -> None:
    with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
        send(EVENT["ResponseURL"], {}, sleep=lambda _: None)


@pytest.mark.parametrize(
    ("kind", "works", "status"),
    [
        pytest.param("Create", True, "SUCCESS", id="made"),
        pytest.param("Update", True, "SUCCESS", id="changed"),
        pytest.param("Create", False, "FAILED", id="fails"),
        pytest.param("Delete", False, "SUCCESS", id="a deletion never fails"),
    ],
)
def test_cloudformation_hears_of_every_request(
    kind: str, works: bool, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MASTER_SECRET_ARN", SETTINGS.secret_arn)
    monkeypatch.setenv("MIGRATIONS_FUNCTION", SETTINGS.migrations_function)
    secret = json.dumps(MASTER) if works else refused("AccessDeniedException", "GetSecretValue")
    clients: dict[str, object] = {
        "secretsmanager": FakeSecrets(secret),
        "lambda": FakeFunctions(answered({"applied": []})),
    }
    monkeypatch.setattr(entry.boto3, "client", lambda name, **_: clients[name])
    with CloudFormation() as cloudformation:
        entry.handler({**EVENT, "RequestType": kind, "ResponseURL": cloudformation.url}, None)
    (answer,) = cloudformation.answers
    assert answer["Status"] == status
    assert ("secret could not be read" in answer["Reason"]) is (status == "FAILED")


def test_even_an_unexpected_failure_is_heard_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entry.boto3, "client", lambda name, **_: 1 / 0)
    monkeypatch.setenv("MASTER_SECRET_ARN", SETTINGS.secret_arn)
    monkeypatch.setenv("MIGRATIONS_FUNCTION", SETTINGS.migrations_function)
    with CloudFormation() as cloudformation:
        entry.handler({**EVENT, "ResponseURL": cloudformation.url}, None)
    assert cloudformation.answers[0]["Status"] == "FAILED"
    assert cloudformation.answers[0]["Reason"] == "database_setup failed: ZeroDivisionError, see its log"


def test_the_longest_wait_for_a_function_and_its_answer_fit_into_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A Lambda that is killed tells CloudFormation nothing."""
    monkeypatch.setenv("MASTER_SECRET_ARN", SETTINGS.secret_arn)
    monkeypatch.setenv("MIGRATIONS_FUNCTION", SETTINGS.migrations_function)
    read_timeouts: list[float] = []

    def client(name: str, config: Any = None) -> object:
        if config is not None:
            read_timeouts.append(config.read_timeout)
        return FakeSecrets(json.dumps(MASTER)) if name == "secretsmanager" else FakeFunctions(answered({}))

    class Context:
        def get_remaining_time_in_millis(self) -> int:
            return 900_000

    monkeypatch.setattr(entry.boto3, "client", client)
    with CloudFormation() as cloudformation:
        entry.handler({**EVENT, "ResponseURL": cloudformation.url}, Context())
    (read_timeout,) = read_timeouts
    assert read_timeout > 600
    assert (BUSY_ATTEMPTS - 1) * BUSY_PAUSE_SECONDS + read_timeout + entry.ANSWER_SECONDS <= 900
