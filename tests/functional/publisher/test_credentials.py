"""Credentials that come late, expire and are replaced, with the real botocore against servers of our own."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from contract.envelope import PackedMessage
from edge_components.publisher.sender import QueueSender, make_client


class Cloud(ThreadingHTTPServer):
    """Greengrass's token exchange and SQS in one: notes the key that each call was signed with."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.ready = True
        self.keys_given = 0
        self.signed_with: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    server: Cloud

    def do_GET(self) -> None:
        if not self.server.ready:
            return self._answer(503, {})
        self.server.keys_given += 1
        # botocore asks anew when less than 15 minutes are left: each call finds the last key nearly expired.
        expires = datetime.now(UTC) + timedelta(seconds=30)
        return self._answer(
            200,
            {
                "AccessKeyId": f"KEY{self.server.keys_given}",
                "SecretAccessKey": "secret",
                "Token": "token",
                "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
            },
        )

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        found = re.search(r"Credential=(\w+)/", self.headers["Authorization"])
        self.server.signed_with.append(found[1] if found else "none")
        self._answer(200, {"Successful": [{"Id": "0", "MessageId": "m", "MD5OfMessageBody": _MD5}]})

    def _answer(self, status: int, body: dict[str, object]) -> None:
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


_MD5 = "99914b932bd37a50b983c5e7c90ae93b"  # of "{}"


@pytest.fixture
def cloud(monkeypatch) -> Iterator[Cloud]:
    server = Cloud()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", server.url + "/credentials")
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    yield server
    server.shutdown()
    server.server_close()


def send(sender: QueueSender) -> dict[str, int]:
    return sender.send([PackedMessage("{}", [])]).failures


def test_expiring_credentials_are_replaced_without_a_failure(cloud: Cloud):
    sender = QueueSender(cloud.url + "/0/queue", lambda: make_client("us-east-1"))
    assert [send(sender) for _ in range(3)] == [{}, {}, {}]
    assert len(cloud.signed_with) == 3
    assert len(set(cloud.signed_with)) >= 2
    assert cloud.keys_given >= 2


def test_credentials_that_come_late_are_found(cloud: Cloud, monkeypatch):
    monkeypatch.delenv("AWS_CONTAINER_CREDENTIALS_FULL_URI")
    sender = QueueSender(cloud.url + "/0/queue", lambda: make_client("us-east-1"))
    assert send(sender) == {"NoCredentialsError": 1}
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", cloud.url + "/credentials")
    assert send(sender) == {}
    assert cloud.signed_with[0].startswith("KEY")


def test_a_token_exchange_that_is_down_is_waited_for(cloud: Cloud, monkeypatch):
    monkeypatch.setattr("botocore.utils.ContainerMetadataFetcher.SLEEP_TIME", 0.0)
    cloud.ready = False
    sender = QueueSender(cloud.url + "/0/queue", lambda: make_client("us-east-1"))
    assert send(sender) == {"CredentialsNotReadyError": 1}
    cloud.ready = True
    assert send(sender) == {}
