"""Who may see and edit what: by the groups of the token that API Gateway has checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from lambdas.live_api.errors import ApiError
from lambdas.live_api.settings import SignIn

EDITORS_GROUP = "editors"
SITE_GROUP_PREFIX = "site-"
ALL_SITES_GROUP = "all-sites"
_GROUPS_CLAIM = "cognito:groups"


@dataclass(frozen=True)
class Rights:
    """What the caller may do; `sites` None means every site, empty means none."""

    signed_in: bool
    may_edit: bool
    sites: frozenset[str] | None
    name: str | None = None

    def may_see(self, site: str) -> bool:
        """Return whether places of `site` are the caller's to see."""
        return self.sites is None or site in self.sites

    def must_be_signed_in(self) -> None:
        """Raise `ApiError` (401) for somebody who is not."""
        if not self.signed_in:
            raise ApiError(HTTPStatus.UNAUTHORIZED, "nobody is signed in: expected a token in Authorization")

    def must_be_editor(self) -> None:
        """Raise `ApiError` (401 or 403) for somebody who may not edit."""
        self.must_be_signed_in()
        if not self.may_edit:
            raise ApiError(
                HTTPStatus.FORBIDDEN, f"you may look, not edit: expected the group {EDITORS_GROUP}"
            )

    def must_edit(self, site: str, field: str | None = None) -> None:
        """Raise `ApiError` (401 or 403) for somebody who may not edit places of `site`."""
        self.must_be_editor()
        if not self.may_see(site):
            raise ApiError(HTTPStatus.FORBIDDEN, f"site {site!r} is not one of yours", field)

    def as_dict(self) -> dict[str, object]:
        """Return what `GET /me` tells."""
        sites = ["*"] if self.sites is None else sorted(self.sites)
        return {"signed_in": self.signed_in, "may_edit": self.may_edit, "sites": sites}


EVERYTHING = Rights(signed_in=True, may_edit=True, sites=None)
NOTHING = Rights(signed_in=False, may_edit=False, sites=frozenset())


def rights_of(event: Mapping[str, Any], sign_in: SignIn) -> Rights:
    """Return the caller's rights from an event of an HTTP API; without checked claims there are none."""
    if sign_in is SignIn.NONE:
        return EVERYTHING
    authorizer = (event.get("requestContext") or {}).get("authorizer") or {}
    claims = (authorizer.get("jwt") or {}).get("claims")
    if not isinstance(claims, Mapping) or not claims.get("sub"):
        return NOTHING
    groups = _groups(claims.get(_GROUPS_CLAIM))
    named = frozenset(
        group.removeprefix(SITE_GROUP_PREFIX)
        for group in groups
        if group.startswith(SITE_GROUP_PREFIX) and group != SITE_GROUP_PREFIX
    )
    return Rights(
        signed_in=True,
        may_edit=EDITORS_GROUP in groups,
        sites=None if ALL_SITES_GROUP in groups else named,
        name=str(claims.get("email") or claims.get("cognito:username") or claims["sub"])[:128],
    )


def _groups(claim: object) -> frozenset[str]:
    """Return the groups of a claim: an HTTP API writes a list as the text ``[one two]``."""
    if isinstance(claim, str):
        claim = claim.strip().removeprefix("[").removesuffix("]").replace(",", " ").split()
    if not isinstance(claim, list):
        return frozenset()
    return frozenset(str(group) for group in claim)
