"""An ONVIF camera is asked for its stream; a small server checks the login as a real one does."""

from __future__ import annotations

import base64
import hashlib
import re
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from edge_components.vision.sources import SourceError, open_source
from edge_components.vision.sources.capture import CaptureError
from edge_components.vision.sources.onvif import OnvifAddress

ENVELOPE = (
    '<?xml version="1.0"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
    'xmlns:tds="http://www.onvif.org/ver10/device/wsdl" xmlns:trt="http://www.onvif.org/ver10/media/wsdl" '
    'xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body>{}</s:Body></s:Envelope>'
)
FAULT = (
    '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:ter="http://www.onvif.org/ver10/error">'
    "ter:NotAuthorized</s:Value></s:Subcode></s:Code><s:Reason><s:Text>no</s:Text></s:Reason></s:Fault>"
)
CAPABILITIES = (
    "<tds:GetCapabilitiesResponse><tds:Capabilities><tt:Media><tt:XAddr>http://10.99.0.5/onvif/media</tt:XAddr>"
    "</tt:Media></tds:Capabilities></tds:GetCapabilitiesResponse>"
)
PROFILES = (
    '<trt:GetProfilesResponse><trt:Profiles token="tok1" fixed="true"><tt:Name>main</tt:Name></trt:Profiles>'
    '<trt:Profiles token="tok2"><tt:Name>sub</tt:Name></trt:Profiles></trt:GetProfilesResponse>'
)


class Camera:
    """A camera with a clock of its own and one user."""

    def __init__(self) -> None:
        self.user, self.password = "viewer", "hun<ter&2"
        self.ahead = timedelta(0)
        self.challenges: list[str] = []
        self.logins: list[str] = []
        self.answers: dict[str, str] = {}
        self.asked: list[tuple[str, str]] = []
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                camera._answer(self)

            def log_message(self, *_: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        if not self._thread.is_alive():
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["Content-Length"])).decode()
        found = re.search(r"<Body><(\w+)", body)
        operation = found.group(1) if found else ""
        self.asked.append((handler.path, operation))
        status, content = 200, self.answers.get(operation) or self._usual(operation, body)
        if self.challenges and operation != "GetSystemDateAndTime" and not self._logged_in(handler):
            status, content = 401, ""
        elif operation != "GetSystemDateAndTime" and not self._authorised(body):
            status, content = 400, FAULT
        raw = (
            content.encode() if content.startswith("<?") or not content else ENVELOPE.format(content).encode()
        )
        handler.send_response(status)
        if status == 401:
            for challenge in self.challenges:
                handler.send_header("WWW-Authenticate", challenge)
        handler.send_header("Content-Length", str(len(raw)))
        handler.end_headers()
        handler.wfile.write(raw)

    def _logged_in(self, handler: BaseHTTPRequestHandler) -> bool:
        """Check the answer to a digest challenge as RFC 7616 says."""
        login = handler.headers.get("Authorization", "")
        given = dict(re.findall(r'(\w+)="?([^",]*)"?', login))
        new = hashlib.sha256 if given.get("algorithm") == "SHA-256" else hashlib.md5

        def digest(*parts: str) -> str:
            return new(":".join(parts).encode()).hexdigest()

        if not login:
            return False
        self.logins.append(given.get("algorithm", ""))
        return given["response"] == digest(
            digest(self.user, "camera", self.password),
            given["nonce"], given["nc"], given["cnonce"], given["qop"],
            digest("POST", handler.path),
        )  # fmt: skip

    def _usual(self, operation: str, body: str) -> str:
        now = self.now()
        if operation == "GetSystemDateAndTime":
            return (
                "<tds:GetSystemDateAndTimeResponse><tds:SystemDateAndTime><tt:UTCDateTime><tt:Time>"
                f"<tt:Hour>{now.hour}</tt:Hour><tt:Minute>{now.minute}</tt:Minute><tt:Second>{now.second}</tt:Second>"
                f"</tt:Time><tt:Date><tt:Year>{now.year}</tt:Year><tt:Month>{now.month}</tt:Month>"
                f"<tt:Day>{now.day}</tt:Day></tt:Date></tt:UTCDateTime></tds:SystemDateAndTime>"
                "</tds:GetSystemDateAndTimeResponse>"
            )
        if operation == "GetStreamUri":
            token = re.search(r"<ProfileToken>(\w+)", body)
            assert token is not None
            return (
                "<trt:GetStreamUriResponse><trt:MediaUri><tt:Uri>rtsp://10.99.0.5:8554/"
                f"{token.group(1)}?a=1&amp;b=2</tt:Uri></trt:MediaUri></trt:GetStreamUriResponse>"
            )
        return {"GetCapabilities": CAPABILITIES, "GetProfiles": PROFILES}[operation]

    def _authorised(self, body: str) -> bool:
        if not self.user:
            return True
        parts = [
            re.search(pattern, body)
            for pattern in (
                r"<Username>(.*?)</Username>",
                r"<Password [^>]*>(.*?)</Password>",
                r"<Nonce [^>]*>(.*?)</Nonce>",
                r"<Created [^>]*>(.*?)</Created>",
            )
        ]
        if not all(parts):
            return False
        user, digest, nonce, created = (part.group(1) for part in parts if part is not None)
        expected = hashlib.sha1(  # noqa: S324 - WS-Security's own
            base64.b64decode(nonce) + created.encode() + self.password.encode()
        ).digest()
        moment = datetime.fromisoformat(created.replace("Z", "+00:00"))
        return (
            user == self.user
            and base64.b64decode(digest) == expected
            and abs(moment - self.now()) < timedelta(minutes=2)
        )


@pytest.fixture
def camera() -> Iterator[Camera]:
    served = Camera()
    yield served
    served.close()


def stream_url(camera: Camera, *, login: str = "viewer:hun%3Cter%262@", more: str = "") -> str:
    return OnvifAddress.parse(f"onvif://{login}127.0.0.1:{camera.port}{more}").stream_url()


@pytest.mark.parametrize(
    ("more", "token"),
    [
        pytest.param("", "tok1", id="the first profile"),
        pytest.param("?profile=sub", "tok2", id="a profile by name"),
        pytest.param("?profile=tok2", "tok2", id="a profile by token"),
        pytest.param("/onvif/device_service?profile=main", "tok1", id="a path of its own"),
    ],
)
def test_the_stream_of_a_profile(camera: Camera, more: str, token: str) -> None:
    url = stream_url(camera, more=more)
    # The host asked gets the password, not the one the camera believes to be.
    assert url == f"rtsp://viewer:hun%3Cter%262@127.0.0.1:8554/{token}?a=1&b=2"
    assert camera.asked == [
        ("/onvif/device_service", "GetSystemDateAndTime"),
        ("/onvif/device_service", "GetCapabilities"),
        ("/onvif/media", "GetProfiles"),
        ("/onvif/media", "GetStreamUri"),
    ]


def test_a_camera_whose_clock_is_wrong_still_takes_the_login(camera: Camera) -> None:
    camera.ahead = timedelta(days=-20_000)
    assert stream_url(camera).startswith("rtsp://")


MD5 = 'Digest realm="camera", nonce="abc", qop="auth"'
SHA_256 = 'Digest realm="camera", nonce="abc", qop="auth", algorithm=SHA-256'
SHA_512 = 'Digest realm="camera", nonce="abc", qop="auth", algorithm=SHA-512-256'


@pytest.mark.parametrize(
    ("challenges", "algorithm"),
    [
        pytest.param([MD5], "MD5", id="one without an algorithm"),
        pytest.param([SHA_256, f"{MD5}, algorithm=MD5"], "SHA-256", id="SHA-256 and MD5"),
        pytest.param([SHA_512, 'Basic realm="camera"', MD5], "MD5", id="after what nobody can"),
        pytest.param([f'Bearer realm="x", {SHA_512}, {MD5}'], "MD5", id="all in one header"),
    ],
)
def test_a_camera_that_wants_http_digest_too(camera: Camera, challenges: list[str], algorithm: str) -> None:
    camera.challenges = challenges
    assert stream_url(camera).startswith("rtsp://")
    assert set(camera.logins) == {algorithm}


@pytest.mark.parametrize(
    "challenge",
    [
        pytest.param('Bearer realm="x"', id="Bearer"),
        pytest.param('Basic realm="x"', id="Basic"),
        pytest.param(SHA_512, id="an algorithm of nobody's"),
        pytest.param('Digest nonce="abc"', id="no realm"),
        pytest.param('Digest realm="other", nonce="abc", qop="auth"', id="a login that is refused"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_login_that_cannot_be_given_is_one_sentence(camera: Camera, challenge: str) -> None:
    camera.challenges = [challenge]
    with pytest.raises(CaptureError, match="refused the user or the password"):
        stream_url(camera)


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        pytest.param("http://[bad/onvif", "a media service with a broken address", id="broken"),
        pytest.param("http://h/a b\u00a0c", "has no profiles", id="spaces"),
        pytest.param("http://h/메디아", "has no profiles", id="not ASCII"),
    ],
)
def test_a_media_address_of_any_form(camera: Camera, address: str, sentence: str) -> None:
    wrong("GetCapabilities", f"<tt:Media><tt:XAddr>{address}</tt:XAddr></tt:Media>")(camera)
    wrong("GetProfiles", "<trt:GetProfilesResponse/>")(camera)
    with pytest.raises(CaptureError, match=sentence):
        stream_url(camera)


def test_a_camera_without_a_login(camera: Camera) -> None:
    camera.user = ""
    assert stream_url(camera, login="") == "rtsp://127.0.0.1:8554/tok1?a=1&b=2"


def wrong(name: str, answer: str) -> Callable[[Camera], None]:
    return lambda camera: camera.answers.update({name: answer})


@pytest.mark.parametrize(
    ("change", "more", "sentence"),
    [
        pytest.param(
            lambda _: None, "?profile=x", "profiles are main, sub: expected 'x' among", id="no profile"
        ),
        pytest.param(
            lambda c: setattr(c, "password", "x"), "", "refused the user or the password", id="login"
        ),
        pytest.param(
            wrong("GetProfiles", "<trt:GetProfilesResponse/>"), "", "has no profiles", id="profiles missing"
        ),
        pytest.param(wrong("GetCapabilities", "<tds:X/>"), "", "no media service", id="no media"),
        pytest.param(wrong("GetStreamUri", "<tds:X/>"), "", "without Uri", id="no address"),
        pytest.param(
            wrong("GetStreamUri", "<tt:Uri>http://a:b@evil/x</tt:Uri>"),
            "",
            r"names http://\*\*\*@evil/x: expected rtsp",
            id="another scheme",
        ),
        pytest.param(
            wrong("GetProfiles", "<?xml version='1.0'?><a"), "", "something else than XML", id="no XML"
        ),
        pytest.param(
            wrong("GetProfiles", '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
            "",
            "something else than a SOAP message",
            id="entities",
        ),
        pytest.param(
            wrong("GetProfiles", "<?xml version='1.0'?><a>" + "x" * 300_000 + "</a>"),
            "",
            "something else than a SOAP message",
            id="without end",
        ),
        pytest.param(
            wrong("GetProfiles", "<s:Fault><s:Reason><s:Text>busy</s:Text></s:Reason></s:Fault>"),
            "",
            "refused: busy",
            id="a fault",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence(
    camera: Camera, change: Callable[[Camera], None], more: str, sentence: str
) -> None:
    change(camera)
    with pytest.raises(CaptureError, match=sentence) as caught:
        stream_url(camera, more=more)
    assert "hun" not in str(caught.value)


def test_nobody_listens(camera: Camera) -> None:
    camera.close()
    address = f"onvif://viewer:hunter2@127.0.0.1:{camera.port}"
    with pytest.raises(SourceError, match=r"onvif://\*\*\*@127.*: its ONVIF service does not") as caught:
        open_source(address, first_connection_seconds=0.01)
    assert "hunter2" not in str(caught.value)
