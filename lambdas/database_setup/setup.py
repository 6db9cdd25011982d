"""Has the function inside the VPC bring MySQL to the newest schema, with the master's password."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from contract.errors import WorkFailedError
from lambdas.database_setup.settings import DatabaseSetupSettings

BUSY_ATTEMPTS = 12
BUSY_PAUSE_SECONDS = 10.0
"""A function that was just put into a VPC is Pending for up to a minute or two."""
LONGEST_BUSY_SECONDS = (BUSY_ATTEMPTS - 1) * BUSY_PAUSE_SECONDS
_BUSY = frozenset({"ResourceConflictException", "TooManyRequestsException"})


class SetupError(WorkFailedError):
    """Raised when MySQL could not be set up; the text says at which step, and never holds the secret."""


class Secrets(Protocol):
    """The one call of a Secrets Manager client that is needed."""

    def get_secret_value(self, *, SecretId: str) -> Any:  # noqa: N803 - boto3's spelling
        """Return the secret."""


class Functions(Protocol):
    """The one call of a Lambda client that is needed."""

    def invoke(self, *, FunctionName: str, Payload: bytes) -> Any:  # noqa: N803 - boto3's spelling
        """Call a function and wait for its answer."""


def set_up(
    settings: DatabaseSetupSettings,
    secrets: Secrets,
    functions: Functions,
    *,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, Any]:
    """Return what `migrations` answered: the files applied, those present, the accounts.

    Raises `SetupError`.
    """
    try:
        secret = json.loads(secrets.get_secret_value(SecretId=settings.secret_arn)["SecretString"])
        master = {"username": secret["username"], "password": secret["password"]}
    except (ClientError, BotoCoreError) as error:
        raise SetupError(f"the master's secret could not be read: {error}") from error
    except (ValueError, KeyError, TypeError):
        raise SetupError("the master's secret has no username and password") from None
    answer = _invoke(settings.migrations_function, {"master": master}, functions, sleep)
    return _result(answer)


def _invoke(name: str, event: dict[str, Any], functions: Functions, sleep: Callable[[float], None]) -> Any:
    payload = json.dumps(event).encode()
    for attempt in range(1, BUSY_ATTEMPTS + 1):
        try:
            return functions.invoke(FunctionName=name, Payload=payload)
        except ClientError as error:
            busy = error.response.get("Error", {}).get("Code") in _BUSY
            if attempt == BUSY_ATTEMPTS or not busy:
                raise SetupError(f"{name} could not be called: {error}") from error
        except BotoCoreError as error:
            raise SetupError(f"{name} could not be called: {error}") from error
        sleep(BUSY_PAUSE_SECONDS)
    raise AssertionError("unreachable")


def _result(answer: Any) -> dict[str, Any]:
    content = json.loads(answer["Payload"].read())
    if answer.get("FunctionError"):
        # Lambda's form of an exception; its log has the trace.
        raise SetupError(f"migrations failed: {content.get('errorType')}: {content.get('errorMessage')}")
    return dict(content)
