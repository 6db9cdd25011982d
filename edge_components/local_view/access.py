"""Who may look: by which name the page was asked for, from which page, and with which token."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from http.cookies import CookieError, SimpleCookie

from edge_components.local_view.settings import LocalViewSettings

COOKIE = "crowdlens_view"
_COOKIE_PURPOSE = b"crowdlens local view cookie 1"
_LOCAL_NAMES = ("localhost",)


class Verdict(Enum):
    """What becomes of a request."""

    ALLOWED = "allowed"
    ALLOWED_BY_ADDRESS = "allowed by a token in the address"
    OTHER_HOST = "asked for another host"
    OTHER_SITE = "asked by another site's page"
    NO_TOKEN = "a token is needed"  # noqa: S105 - a verdict
    WRONG_TOKEN = "the token is not the one of this device"  # noqa: S105 - a verdict


@dataclass(frozen=True)
class Access:
    """Decides by the headers and the query of a request.

    A Host header with an unknown name is a page elsewhere whose name was pointed at this device (DNS
    rebinding); an address cannot be pointed anywhere.
    """

    token: str | None
    host_names: frozenset[str]

    @classmethod
    def of(cls, settings: LocalViewSettings) -> Access:
        """Return the rules of `settings`."""
        names = {*_LOCAL_NAMES, *settings.host_names}
        if settings.token is not None:
            own = socket.gethostname().lower()
            names |= {own, f"{own}.local"}
        return cls(settings.token, frozenset(names))

    def judge(self, headers: Mapping[str, str], given_token: str | None) -> Verdict:
        """Return the verdict on a request with these headers (names in lower case)."""
        if not self._is_ours(headers.get("host", "")):
            return Verdict.OTHER_HOST
        navigates = headers.get("sec-fetch-mode") == "navigate"
        if headers.get("sec-fetch-site") == "cross-site" and not navigates:
            return Verdict.OTHER_SITE
        if self.token is None:
            return Verdict.ALLOWED
        if given_token is not None:
            return Verdict.ALLOWED_BY_ADDRESS if self._matches(given_token) else Verdict.WRONG_TOKEN
        shown = _from_authorization(headers.get("authorization", ""))
        if shown is not None:
            return Verdict.ALLOWED if self._matches(shown) else Verdict.WRONG_TOKEN
        cookie = _from_cookies(headers.get("cookie", ""))
        if cookie is not None and hmac.compare_digest(cookie.encode(), self.cookie_value().encode()):
            return Verdict.ALLOWED
        return Verdict.NO_TOKEN

    def cookie_value(self) -> str:
        """Return what the cookie holds: it opens this view alone and does not tell the token."""
        return hmac.new((self.token or "").encode(), _COOKIE_PURPOSE, hashlib.sha256).hexdigest()

    def _matches(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), (self.token or "").encode())

    def _is_ours(self, host: str) -> bool:
        name = _name_of(host.lower())
        if name in self.host_names:
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return self.token is not None or address.is_loopback


def _name_of(host: str) -> str:
    """Return the Host header without its port, which a tunnel changes."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0].rstrip(".")


def _from_authorization(value: str) -> str | None:
    """Return the token of ``Bearer TOKEN``, or the password of ``Basic``, which video players send."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip()
    if scheme.lower() != "basic":
        return None
    try:
        decoded = base64.b64decode(rest.strip(), validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return decoded.partition(":")[2]


def _from_cookies(value: str) -> str | None:
    try:
        morsel = SimpleCookie(value).get(COOKIE)
    except CookieError:
        return None
    return None if morsel is None else morsel.value
