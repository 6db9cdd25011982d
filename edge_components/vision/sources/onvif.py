"""Asks an ONVIF camera where its stream is.

The least of ONVIF that does it (https://www.onvif.org/profiles/specifications/): the camera's clock, because
it refuses a login of another time, its media service, its profiles, and the stream of one of them. Requests
carry a WS-Security user name token with a password digest, and answer HTTP digest where the camera wants it.
"""

from __future__ import annotations

import base64
import hashlib
import http.client
import os
import re
import urllib.error
import urllib.request
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import IO, Any
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.etree.ElementTree import Element, ParseError, fromstring
from xml.sax.saxutils import escape

from edge_components.vision.sources.address import shown
from edge_components.vision.sources.capture import CaptureError
from edge_components.vision.sources.frames import SourceError

DEVICE_PATH = "/onvif/device_service"
TIMEOUT_SECONDS = 5.0
MAXIMUM_ANSWER_BYTES = 256 * 1024
_DEVICE = "http://www.onvif.org/ver10/device/wsdl"
_MEDIA = "http://www.onvif.org/ver10/media/wsdl"
_SCHEMA = "http://www.onvif.org/ver10/schema"
_SECURITY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
_DIGEST = f"{_SECURITY}-username-token-profile-1.0#PasswordDigest"
_BASE64 = f"{_SECURITY}-soap-message-security-1.0#Base64Binary"
_HTTP_UNAUTHORISED = 401
_PATH = "/%:@!$&'()*+,;=~"
"""What stays as it is in a path; a camera may name one that is not ASCII."""
_CHALLENGE = re.compile(r",\s*(?=[A-Za-z][\w-]*\s+[\w-]+\s*=)")
"""Between two challenges in one header: a comma, a scheme and its first parameter (RFC 9110, 11.6.1)."""


@dataclass(frozen=True)
class OnvifAddress:
    """A camera's address: ``onvif://[user:password@]host[:port][/path][?profile=NAME]``."""

    host: str
    port: int
    path: str
    user: str
    password: str
    profile: str | None

    @staticmethod
    def parse(text: str) -> OnvifAddress:
        """Return the address in `text`, whose host is known to be usable; raises `SourceError`."""
        parts = urlsplit(text)
        options = parse_qs(parts.query, keep_blank_values=True)
        unknown = [name for name in options if name != "profile"]
        if unknown:
            raise SourceError(f"source {shown(text)} has the option {unknown[0]!r}: expected profile")
        return OnvifAddress(
            host=parts.hostname or "",
            port=parts.port or 80,
            path=parts.path if parts.path not in ("", "/") else DEVICE_PATH,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            profile=options["profile"][-1] if "profile" in options else None,
        )

    def stream_url(self) -> str:
        """Ask the camera and return its RTSP address with the login in it; raises `CaptureError`.

        The host is always the one of this address, whatever the camera says: it may not know its own behind a
        router, and nobody else shall get the password.
        """
        given = _Conversation(self).stream_url()
        try:
            parts = urlsplit(given)
            port = parts.port
        except ValueError as error:
            raise CaptureError("its ONVIF service names a stream with a broken address") from error
        if parts.scheme not in ("rtsp", "rtsps"):
            raise CaptureError(f"its ONVIF service names {shown(given)}: expected rtsp://…")
        login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@" if self.user else ""
        return parts._replace(netloc=f"{login}{self.netloc(port)}").geturl()

    def netloc(self, port: int | None) -> str:
        """Return the host, and the port unless it is None, as a URL has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if port is None else f"{host}:{port}"


class _Conversation:
    """The four questions to one camera, under its own clock."""

    def __init__(self, address: OnvifAddress) -> None:
        self._address = address
        base = f"http://{address.netloc(address.port)}"
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, base, address.user, address.password)
        # No proxy of the environment and no other host: the camera is on the device's own network.
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), _DigestLogin(passwords), _NoRedirect()
        )
        self._base = base
        self._ahead = timedelta()

    def stream_url(self) -> str:
        """Return the address of the stream as the camera gives it."""
        self._ahead = self._clock_difference()
        media = self._media_path()
        token = self._profile_token(media)
        body = (
            f'<GetStreamUri xmlns="{_MEDIA}"><StreamSetup><Stream xmlns="{_SCHEMA}">RTP-Unicast</Stream>'
            f'<Transport xmlns="{_SCHEMA}"><Protocol>RTSP</Protocol></Transport></StreamSetup>'
            f"<ProfileToken>{escape(token)}</ProfileToken></GetStreamUri>"
        )
        return _text(self._ask(media, body), "Uri")

    def _clock_difference(self) -> timedelta:
        """Return by how much the camera's clock is ahead; it is asked without a login."""
        answer = self._ask(self._address.path, f'<GetSystemDateAndTime xmlns="{_DEVICE}"/>', login=False)
        there = _found(answer, "UTCDateTime")
        if there is None:
            return timedelta()
        names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
        try:
            year, month, day, hour, minute, second = (int(_text(there, name)) for name in names)
            moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
        except ValueError:
            return timedelta()
        return moment - datetime.now(timezone.utc)

    def _media_path(self) -> str:
        answer = self._ask(
            self._address.path,
            f'<GetCapabilities xmlns="{_DEVICE}"><Category>Media</Category></GetCapabilities>',
        )
        media = _found(answer, "Media")
        if media is None:
            raise CaptureError("its ONVIF service has no media service: expected a camera")
        try:
            return urlsplit(_text(media, "XAddr")).path or self._address.path
        except ValueError as error:
            raise CaptureError("its ONVIF service names a media service with a broken address") from error

    def _profile_token(self, media: str) -> str:
        profiles = self._ask(media, f'<GetProfiles xmlns="{_MEDIA}"/>')
        tokens = {
            name: profile.get("token", "")
            for profile in profiles.iter()
            if _local_name(profile) == "Profiles"
            for name in (_text(profile, "Name"),)
        }
        wanted = self._address.profile
        if not tokens:
            raise CaptureError("its ONVIF service has no profiles: expected one to be set up on the camera")
        if wanted is None:
            return next(iter(tokens.values()))
        if wanted in tokens:
            return tokens[wanted]
        if wanted in tokens.values():
            return wanted
        raise CaptureError(f"its ONVIF profiles are {', '.join(tokens)}: expected {wanted!r} among them")

    def _ask(self, path: str, body: str, *, login: bool = True) -> Element:
        header = self._login() if login and self._address.user else ""
        envelope = (
            '<?xml version="1.0" encoding="UTF-8"?><Envelope xmlns="http://www.w3.org/2003/05/soap-envelope">'
            f"<Header>{header}</Header><Body>{body}</Body></Envelope>"
        )
        request = urllib.request.Request(  # noqa: S310 - the scheme is http, spelled above
            f"{self._base}{quote(path, safe=_PATH)}",
            envelope.encode(),
            {"Content-Type": "application/soap+xml; charset=utf-8"},
        )
        return _parsed(self._content(request))

    def _content(self, request: urllib.request.Request) -> bytes:
        try:
            with self._opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                return bytes(answer.read(MAXIMUM_ANSWER_BYTES + 1))
        except urllib.error.HTTPError as error:
            content = _error_content(error)
            refused = error.code == _HTTP_UNAUTHORISED or b"NotAuthorized" in content
            if refused:
                raise CaptureError("its ONVIF service refused the user or the password") from error
            raise CaptureError(
                f"its ONVIF service answered {error.code} {_reason(content)}".rstrip()
            ) from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            # urllib raises ValueError for a login or an address that it cannot deal with.
            reason = getattr(error, "reason", error)
            why = getattr(reason, "strerror", None) or reason
            raise CaptureError(f"its ONVIF service does not answer ({why})") from error

    def _login(self) -> str:
        """Return the user name token: the digest is Base64(SHA-1(nonce + created + password))."""
        nonce = os.urandom(16)
        created = (datetime.now(timezone.utc) + self._ahead).strftime("%Y-%m-%dT%H:%M:%SZ")
        digest = hashlib.sha1(  # noqa: S324 - the profile of WS-Security says so
            nonce + created.encode() + self._address.password.encode()
        ).digest()
        return (
            f'<Security xmlns="{_SECURITY}-wssecurity-secext-1.0.xsd"><UsernameToken>'
            f"<Username>{escape(self._address.user)}</Username>"
            f'<Password Type="{_DIGEST}">{base64.b64encode(digest).decode()}</Password>'
            f'<Nonce EncodingType="{_BASE64}">{base64.b64encode(nonce).decode()}</Nonce>'
            f'<Created xmlns="{_SECURITY}-wssecurity-utility-1.0.xsd">{created}</Created>'
            "</UsernameToken></Security>"
        )


class _DigestLogin(urllib.request.HTTPDigestAuthHandler):
    """Answers the first digest challenge, of all that a camera offers, that asks for MD5 or SHA-256."""

    def http_error_401(
        self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: http.client.HTTPMessage
    ) -> Any:
        """Ask again with a login; return None where none is to be had, which ends in an `HTTPError`."""
        del fp, code, msg
        offered = [one for line in headers.get_all("WWW-Authenticate", []) for one in _CHALLENGE.split(line)]
        usable = next((one for one in offered if _is_usable(one)), None)
        if usable is None:
            return None
        chosen = http.client.HTTPMessage()
        chosen["WWW-Authenticate"] = usable
        ask: Any = self.http_error_auth_reqed
        answer = ask("www-authenticate", urlsplit(req.full_url).netloc, req, chosen)
        self.reset_retry_count()
        return answer

    def get_algorithm_impls(self, algorithm: str) -> Any:
        """Return the hash H(text) and the keyed hash KD(secret, text) of RFC 7616, 3.3."""
        new = hashlib.sha256 if algorithm.upper() == "SHA-256" else hashlib.md5

        def digest(text: str) -> str:
            return new(text.encode()).hexdigest()

        return digest, lambda secret, text: digest(f"{secret}:{text}")


def _is_usable(challenge: str) -> bool:
    scheme, _, rest = challenge.strip().partition(" ")
    named = {
        name.lower(): value.strip('"')
        for name, value in re.findall(r'([\w-]+)\s*=\s*("[^"]*"|[^\s,]+)', rest)
    }
    algorithm = named.get("algorithm", "MD5").upper()
    return (
        scheme.lower() == "digest" and {"realm", "nonce"} <= named.keys() and algorithm in ("MD5", "SHA-256")
    )


def _error_content(error: urllib.error.HTTPError) -> bytes:
    """Return the body of an answer; urllib's own, for a login refused again and again, has none."""
    body: IO[bytes] | None = error.fp
    if body is None:
        return b""
    with error:
        return body.read(MAXIMUM_ANSWER_BYTES)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Follows nobody elsewhere."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Answer that there is no request to follow with."""


def _parsed(content: bytes) -> Element:
    if len(content) > MAXIMUM_ANSWER_BYTES or b"<!DOCTYPE" in content:
        raise CaptureError("its ONVIF service answers something else than a SOAP message")
    try:
        answer = fromstring(content)  # noqa: S314 - without a DOCTYPE there are no entities to expand
    except ParseError as error:
        raise CaptureError("its ONVIF service answers something else than XML") from error
    if _found(answer, "Fault") is not None:
        refused = b"NotAuthorized" in content
        raise CaptureError(
            "its ONVIF service refused the user or the password"
            if refused
            else f"its ONVIF service refused: {_reason(content)}"
        )
    return answer


def _reason(content: bytes) -> str:
    if b"<!DOCTYPE" in content:
        return ""
    try:
        return _text(fromstring(content), "Text")[:120]  # noqa: S314 - as above
    except (ParseError, CaptureError):
        return ""


def _local_name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _found(parent: Element, name: str) -> Element | None:
    return next((element for element in parent.iter() if _local_name(element) == name), None)


def _text(parent: Element, name: str) -> str:
    found = _found(parent, name)
    if found is None or not (found.text or "").strip():
        raise CaptureError(f"its ONVIF service answers without {name}")
    return (found.text or "").strip()
