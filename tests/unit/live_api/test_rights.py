"""Who may see and edit what."""

from __future__ import annotations

from typing import Any

import pytest

from lambdas.live_api.errors import ApiError
from lambdas.live_api.rights import EVERYTHING, NOTHING, Rights, rights_of
from lambdas.live_api.settings import SignIn


def event(claims: Any) -> dict[str, Any]:
    return {"requestContext": {"authorizer": {"jwt": {"claims": claims}}}}


def claims(groups: Any) -> dict[str, Any]:
    return {"sub": "u-1", "email": "kim@example.org", "cognito:groups": groups}


@pytest.mark.parametrize(
    ("request_event", "signed_in", "may_edit", "sites"),
    [
        pytest.param({}, False, False, [], id="no context"),
        pytest.param({"requestContext": {}}, False, False, [], id="no authorizer"),
        pytest.param({"requestContext": {"authorizer": None}}, False, False, [], id="an empty authorizer"),
        pytest.param(event({}), False, False, [], id="no claims"),
        pytest.param(
            event({"cognito:groups": "[editors all-sites]"}), False, False, [], id="groups of nobody"
        ),
        pytest.param(event(claims(None)), True, False, [], id="no group sees nothing"),
        pytest.param(event(claims("[editors]")), True, True, [], id="an editor of no site"),
        pytest.param(event(claims("[site-seoul-1]")), True, False, ["seoul-1"], id="a site"),
        pytest.param(
            event(claims("[editors site-a site-b]")), True, True, ["a", "b"], id="as a gateway writes it"
        ),
        pytest.param(event(claims(["site-a"])), True, False, ["a"], id="a list"),
        pytest.param(event(claims("[all-sites]")), True, False, ["*"], id="every site"),
        pytest.param(event(claims("[site-]")), True, False, [], id="a site without a name"),
        pytest.param(event(claims("[site-*]")), True, False, ["*"], id="a star is a site's name"),
        pytest.param(event(claims({"editors": True})), True, False, [], id="a claim of another form"),
    ],
)
def test_rights_come_from_groups(
    request_event: dict[str, Any], signed_in: bool, may_edit: bool, sites: list[str]
) -> None:
    found = rights_of(request_event, SignIn.COGNITO)
    assert found.as_dict() == {"signed_in": signed_in, "may_edit": may_edit, "sites": sites}


def test_a_star_does_not_open_every_site() -> None:
    assert not rights_of(event(claims("[site-*]")), SignIn.COGNITO).may_see("seoul-1")


def test_on_ones_own_machine_nobody_signs_in() -> None:
    assert rights_of({}, SignIn.NONE) is EVERYTHING


@pytest.mark.parametrize(
    ("rights", "status"),
    [
        pytest.param(NOTHING, 401, id="nobody"),
        pytest.param(Rights(True, False, None), 403, id="a viewer of every site"),
        pytest.param(Rights(True, True, frozenset({"b"})), 403, id="an editor of another site"),
    ],
)
def test_who_may_not_edit_is_told(rights: Rights, status: int) -> None:
    with pytest.raises(ApiError) as caught:
        rights.must_edit("a")
    assert caught.value.status == status
