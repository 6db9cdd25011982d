"""The evaluator against IAM's own rules, one row a rule."""

from __future__ import annotations

from typing import Any

import pytest

from infra.access.conditions import UnsupportedConditionError
from infra.access.policy import Decision, PolicyError, Request, decide, read_statement, read_statements

ALLOWED, NOT_ALLOWED, DENIED = Decision.ALLOWED, Decision.NOT_ALLOWED, Decision.DENIED
OBJECT = "arn:aws:s3:::lake/raw/tracks/day=2026-11-21/a.parquet"


def allow(action: Any = "s3:GetObject", resource: Any = "arn:aws:s3:::lake/*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "s3:*", resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **more}


def asked(*statements: dict[str, Any], request: Request) -> Decision:
    return decide(read_statements({"Statement": list(statements)}), request)


def read(resource: str = OBJECT, action: str = "s3:GetObject", **context: Any) -> Request:
    return Request(
        action, resource, context={name.replace("__", ":"): value for name, value in context.items()}
    )


@pytest.mark.parametrize(
    ("statements", "request_made", "expected"),
    [
        pytest.param([], read(), NOT_ALLOWED, id="no statement allows nothing"),
        pytest.param([allow()], read(), ALLOWED, id="an allow that matches"),
        pytest.param([allow(), deny()], read(), DENIED, id="a deny outweighs an allow"),
        pytest.param([deny(), allow()], read(), DENIED, id="in any order"),
        pytest.param([allow(), deny("s3:PutObject")], read(), ALLOWED, id="a deny of something else"),
        pytest.param([allow("s3:PutObject")], read(), NOT_ALLOWED, id="another action"),
        pytest.param([allow("s3:Get*")], read(), ALLOWED, id="a wildcard in an action"),
        pytest.param([allow("S3:getobject")], read(), ALLOWED, id="actions have no case"),
        pytest.param([allow("s3:GetObject?")], read(), NOT_ALLOWED, id="a question mark is one character"),
        pytest.param([allow(["sqs:*", "s3:GetObject"])], read(), ALLOWED, id="one of several actions"),
        pytest.param(
            [allow(resource="arn:aws:s3:::lake/raw/*")], read(), ALLOWED, id="a star crosses slashes"
        ),
        pytest.param(
            [allow(resource="arn:aws:s3:::lake/raw/*")],
            read("arn:aws:s3:::lake/rawer"),
            NOT_ALLOWED,
            id="a prefix ends where it ends",
        ),
        pytest.param(
            [allow(resource="arn:aws:s3:::Lake/*")], read(), NOT_ALLOWED, id="resources have a case"
        ),
        pytest.param(
            [allow(resource="arn:aws:s3:::lake.raw/*")],
            read("arn:aws:s3:::lakeXraw/a"),
            NOT_ALLOWED,
            id="a dot is a dot",
        ),
        pytest.param(
            [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}],
            read(action="sqs:SendMessage"),
            ALLOWED,
            id="all but some actions",
        ),
        pytest.param(
            [{"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}],
            read(),
            NOT_ALLOWED,
            id="one of the actions left out",
        ),
        pytest.param(
            [
                allow("s3:*", "*"),
                {"Effect": "Deny", "Action": "s3:*", "NotResource": "arn:aws:s3:::lake/compacted/*"},
            ],
            read(),
            DENIED,
            id="everything but a prefix denied",
        ),
    ],
)
def test_effects_actions_and_resources(
    statements: list[dict[str, Any]], request_made: Request, expected: Decision
) -> None:
    assert asked(*statements, request=request_made) is expected


@pytest.mark.parametrize(
    ("condition", "context", "expected"),
    [
        pytest.param({"StringEquals": {"a:b": "x"}}, {"a__b": "x"}, True, id="equal"),
        pytest.param({"StringEquals": {"a:b": ["y", "x"]}}, {"a__b": "x"}, True, id="one of several values"),
        pytest.param({"StringEquals": {"a:b": "x*"}}, {"a__b": "xy"}, False, id="equal takes no wildcard"),
        pytest.param({"StringEquals": {"A:B": "x"}}, {"a__b": "x"}, True, id="keys have no case"),
        pytest.param({"StringEquals": {"a:b": "x"}}, {}, False, id="a key that is not there"),
        pytest.param({"StringEqualsIfExists": {"a:b": "x"}}, {}, True, id="if it exists"),
        pytest.param(
            {"StringEqualsIfExists": {"a:b": "x"}}, {"a__b": "y"}, False, id="it exists and differs"
        ),
        pytest.param({"StringNotEquals": {"a:b": "x"}}, {}, True, id="not equal to what is not there"),
        pytest.param({"StringNotEquals": {"a:b": ["x", "y"]}}, {"a__b": "y"}, False, id="none of several"),
        pytest.param({"StringLike": {"a:b": "x/*"}}, {"a__b": "x/y"}, True, id="like"),
        pytest.param({"StringNotLike": {"a:b": "x/*"}}, {"a__b": "x/y"}, False, id="not like"),
        pytest.param(
            {"StringEquals": {"a:b": "x"}, "StringLike": {"c:d": "*"}},
            {"a__b": "x"},
            False,
            id="every condition must hold",
        ),
        pytest.param(
            {"ArnLike": {"a:b": "arn:aws:s3:*:*:lake"}}, {"a__b": "arn:aws:s3:::lake"}, True, id="an ARN"
        ),
        pytest.param({"Bool": {"aws:SecureTransport": "false"}}, {}, False, id="calls are made by TLS"),
        pytest.param({"Bool": {"a:b": True}}, {"a__b": "true"}, True, id="true as JSON has it"),
        pytest.param({"Null": {"a:b": "true"}}, {}, True, id="must not be there"),
        pytest.param({"Null": {"a:b": "true"}}, {"a__b": "x"}, False, id="is there"),
        pytest.param({"NumericLessThan": {"s3:TlsVersion": 1.2}}, {"s3__TlsVersion": "1.1"}, True, id="less"),
        pytest.param(
            {"ForAllValues:StringEquals": {"a:b": ["x", "y"]}}, {"a__b": ["x", "z"]}, False, id="all of them"
        ),
        pytest.param(
            {"ForAnyValue:StringEquals": {"a:b": ["x", "y"]}}, {"a__b": ["x", "z"]}, True, id="any of them"
        ),
        pytest.param({"ForAllValues:StringEquals": {"a:b": "x"}}, {}, True, id="all of none"),
        pytest.param({"ForAnyValue:StringEquals": {"a:b": "x"}}, {}, False, id="any of none"),
    ],
)
def test_conditions(condition: dict[str, Any], context: dict[str, Any], expected: bool) -> None:
    assert asked(allow(Condition=condition), request=read(**context)).is_allowed is expected


@pytest.mark.parametrize(
    ("resource", "context", "expected"),
    [
        pytest.param(
            "arn:aws:s3:::a/scenes/${credentials-iot:ThingName}/*",
            {"credentials-iot__ThingName": "edge-1"},
            True,
            id="its own",
        ),
        pytest.param(
            "arn:aws:s3:::a/scenes/${credentials-iot:ThingName}/*",
            {"credentials-iot__ThingName": "edge-2"},
            False,
            id="another's",
        ),
        pytest.param("arn:aws:s3:::a/scenes/${credentials-iot:ThingName}/*", {}, False, id="no such key"),
        pytest.param(
            "arn:aws:s3:::a/scenes/${credentials-iot:ThingName}/*",
            {"credentials-iot__ThingName": "*"},
            False,
            id="a star in the value is a star",
        ),
        pytest.param("arn:aws:s3:::a/scenes/${x:y, 'edge-1'}/*", {}, True, id="a default"),
        pytest.param("arn:aws:s3:::a/scenes/edge-1/${*}", {}, False, id="a star that is a star"),
    ],
)
def test_variables_in_resources(resource: str, context: dict[str, str], expected: bool) -> None:
    made = read("arn:aws:s3:::a/scenes/edge-1/plaza.yaml", **context)

    assert asked(allow(resource=resource), request=made).is_allowed is expected


@pytest.mark.parametrize(
    ("principal", "caller", "expected"),
    [
        pytest.param("*", "arn:aws:iam::1:role/a", True, id="anybody"),
        pytest.param({"AWS": "arn:aws:iam::1:role/a"}, "arn:aws:iam::1:role/a", True, id="a role"),
        pytest.param({"AWS": "arn:aws:iam::1:role/a"}, "arn:aws:iam::1:role/b", False, id="another role"),
        pytest.param({"AWS": "arn:aws:iam::1:root"}, "arn:aws:iam::1:role/b", True, id="its account"),
        pytest.param({"AWS": "1"}, "arn:aws:iam::2:role/b", False, id="another account"),
        pytest.param({"Service": "s3.amazonaws.com"}, "s3.amazonaws.com", True, id="a service"),
        pytest.param({"Service": "s3.amazonaws.com"}, "arn:aws:iam::1:role/a", False, id="no service"),
    ],
)
def test_principals_of_a_resources_policy(principal: Any, caller: str, expected: bool) -> None:
    made = Request("s3:GetObject", OBJECT, caller)

    assert asked(allow(Principal=principal), request=made).is_allowed is expected


def test_a_condition_that_is_not_known_is_never_taken_as_fulfilled() -> None:
    with pytest.raises(UnsupportedConditionError, match="'DateLessThan' is not one"):
        asked(
            allow(Condition={"DateLessThan": {"aws:CurrentTime": "2026"}}),
            request=read(aws__CurrentTime="2025"),
        )


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        pytest.param({"Effect": "Permit", "Action": "*"}, "effect 'Permit'", id="effect"),
        pytest.param({**allow(), "Conditions": {}}, "has Conditions", id="a member that is misspelled"),
    ],
)
def test_a_statement_that_cannot_be_read_is_refused(entry: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PolicyError, match=sentence):
        read_statement(entry)
