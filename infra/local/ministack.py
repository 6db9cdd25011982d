"""MiniStack, a local SQS and S3, in its own Python environment on the loopback address.

Queues and objects live in its memory and end with it: fine for the tens of megabytes of parquet of a demo,
not for gigabytes.
"""

from __future__ import annotations

import http.client
import json
import os
import secrets
from pathlib import Path

from contract.errors import CrowdLensError
from infra.local.aws_environment import LOCAL_REGION, REPOSITORY_ROOT, AwsEndpoint, base_environment
from infra.local.ports import LOOPBACK, check_port, free_port
from infra.local.processes import ManagedProcess, ProcessError, start_process, wait_until_ready
from infra.local.run_directory import RUN_VARIABLE, RunDirectory

PYTHON_VARIABLE = "CROWDLENS_MINISTACK_PYTHON"
_READY_SECONDS = 60.0
_ATTEMPTS = 3


class MiniStackError(CrowdLensError):
    """Raised when MiniStack is not installed."""


def ministack_python(configured: Path | None = None) -> Path:
    """Return the Python that has MiniStack: `configured`, $CROWDLENS_MINISTACK_PYTHON or .tools/ministack.

    Raises `MiniStackError`.
    """
    named = configured or os.environ.get(PYTHON_VARIABLE)
    python = Path(named) if named else REPOSITORY_ROOT / ".tools" / "ministack" / "bin" / "python"
    if not python.exists():
        raise MiniStackError(
            f"MiniStack's Python is {python}, which does not exist: `make setup` installs it"
        )
    return python


class MiniStack:
    """A MiniStack process and the endpoint it answers at."""

    def __init__(self, process: ManagedProcess, endpoint: AwsEndpoint) -> None:
        self.process = process
        self.endpoint = endpoint

    @classmethod
    def start(cls, run: RunDirectory, *, python: Path | None = None, port: int | None = None) -> MiniStack:
        """Start MiniStack and wait until it answers.

        Without `port` a free one is chosen. Raises `MiniStackError`, `PortError` and `ProcessError`.
        """
        executable = ministack_python(python)
        if port is not None:
            return cls._start_at(run, executable, check_port(port, "MiniStack"))
        for _ in range(_ATTEMPTS - 1):
            try:
                return cls._start_at(run, executable, free_port())
            except ProcessError as error:
                if "in use" not in str(error):  # somebody was quicker on that port
                    raise
        return cls._start_at(run, executable, free_port())

    @classmethod
    def _start_at(cls, run: RunDirectory, executable: Path, port: int) -> MiniStack:
        token = secrets.token_hex(8)
        process = start_process(
            "MiniStack",
            [str(executable), "-m", "ministack"],
            log_path=run.log_path("ministack"),
            environment=_environment(run, port, token),
            directory=run.path,
            # It has nothing to save, and waits for connections that are kept alive.
            grace_seconds=0.3,
        )
        try:
            wait_until_ready(process, lambda: _answers(port, token), deadline_seconds=_READY_SECONDS)
        except BaseException:
            process.stop()
            raise
        return cls(process, AwsEndpoint(f"http://{LOOPBACK}:{port}"))


def _environment(run: RunDirectory, port: int, token: str) -> dict[str, str]:
    settings = {
        "BIND_HOST": LOOPBACK,
        "GATEWAY_PORT": str(port),
        # Its answers hold addresses of queues: the name and port under which we reach it.
        "MINISTACK_HOST": LOOPBACK,
        "MINISTACK_REGION": LOCAL_REGION,
        # Shown in the health answer: tells ours from another that took the port first.
        "MINISTACK_EDITION": token,
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        RUN_VARIABLE: str(run.path),
    }
    return base_environment(run.temporary, settings) | {"PYTHONPATH": ""}


def _answers(port: int, token: str) -> bool:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=5)
    try:
        connection.request("GET", "/_ministack/health")
        health = json.loads(connection.getresponse().read())
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
    return bool(health.get("edition") == token)
