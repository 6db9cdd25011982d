"""The live map in the cloud: nobody in without a token, nothing open, nothing wide."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from cli.live_map.server import content_policy as local_policy
from infra.config import ConfigError, read_config
from infra.map_page import content_policy, page_configuration, tile_origin
from lambdas.live_api.settings import SignIn, live_api_settings
from tests.infrastructure.reading import (
    Templates,
    allowed,
    environment_of,
    function_of,
    properties,
    stack_of,
    text_of,
)

pytestmark = pytest.mark.xdist_group("synth")
TILES = "https://tiles.example.org/{z}/{x}/{y}.png"


@pytest.fixture
def live_map(templates: Templates) -> Templates:
    """The live map's stack alone, of each stage."""
    return {"crowdlens-live-map": stack_of(templates, "live-map")}


def test_every_route_but_the_description_wants_a_token(live_map: Templates) -> None:
    routes = properties(live_map, "AWS::ApiGatewayV2::Route")
    opened = [route["RouteKey"] for route in routes if route["AuthorizationType"] != "JWT"]
    assert opened == ["GET /api/v1/openapi.json"]
    assert len(routes) == 5
    (authorizer,) = properties(live_map, "AWS::ApiGatewayV2::Authorizer")
    assert authorizer["IdentitySource"] == ["$request.header.Authorization"]
    (client,) = authorizer["JwtConfiguration"]["Audience"]
    assert "PageClient" in text_of(client)
    # What a route is, an answer of no route can only be: nothing of the API is served to who is not let in.
    assert not any(route["RouteKey"] == "$default" for route in routes)


def test_every_operation_of_the_api_has_a_route(live_map: Templates) -> None:
    from infra.bundles import ROOT

    document = json.loads((ROOT / "lambdas/live_api/openapi.json").read_text(encoding="utf-8"))
    methods = {method.upper() for operations in document["paths"].values() for method in operations} & {
        "GET",
        "POST",
        "PUT",
        "DELETE",
        "PATCH",
        "HEAD",
    }
    routed = {route["RouteKey"].split()[0] for route in properties(live_map, "AWS::ApiGatewayV2::Route")}
    assert methods == routed
    assert document["servers"] == [{"url": "/api/v1"}]


def test_users_are_made_by_an_administrator_with_strong_passwords(live_map: Templates) -> None:
    (pool,) = properties(live_map, "AWS::Cognito::UserPool")
    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    policy = pool["Policies"]["PasswordPolicy"]
    assert policy["MinimumLength"] >= 12
    assert all(policy[f"Require{kind}"] for kind in ("Lowercase", "Uppercase", "Numbers", "Symbols"))
    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("OPTIONAL", ["SOFTWARE_TOKEN_MFA"])
    groups = {group["GroupName"] for group in properties(live_map, "AWS::Cognito::UserPoolGroup")}
    assert groups == {"editors", "all-sites"}


def test_the_page_signs_in_by_code_without_a_secret(live_map: Templates) -> None:
    (client,) = properties(live_map, "AWS::Cognito::UserPoolClient")
    assert client["GenerateSecret"] is False
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client.get("ExplicitAuthFlows", []) == []
    (address,) = client["CallbackURLs"]
    assert text_of(address) == "https://${Distribution830FAC52.DomainName}/"


def test_buckets_are_private_and_only_cloudfront_reads_the_page(live_map: Templates) -> None:
    buckets = properties(live_map, "AWS::S3::Bucket")
    assert len(buckets) == 2
    for bucket in buckets:
        assert all(bucket["PublicAccessBlockConfiguration"].values())
    allows = [
        (statement["Principal"], statement["Action"], statement["Condition"])
        for policy in properties(live_map, "AWS::S3::BucketPolicy")
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
    ]
    ((principal, action, condition),) = allows
    assert (principal, action) == ({"Service": "cloudfront.amazonaws.com"}, "s3:GetObject")
    assert "Distribution" in text_of(condition["StringEquals"]["AWS:SourceArn"])


def test_one_address_serves_the_page_and_the_api_over_tls(live_map: Templates) -> None:
    (distribution,) = properties(live_map, "AWS::CloudFront::Distribution")
    found = distribution["DistributionConfig"]
    assert found["DefaultCacheBehavior"]["ViewerProtocolPolicy"] == "redirect-to-https"
    (behaviour,) = found["CacheBehaviors"]
    assert (behaviour["PathPattern"], behaviour["ViewerProtocolPolicy"]) == ("/api/*", "https-only")
    # AWS's managed policies: nothing is cached, and every header but Host goes on, the token with them.
    assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert behaviour["OriginRequestPolicyId"] == "b689b0a8-53d0-40ab-baf2-68738e2966ac"
    assert set(behaviour["AllowedMethods"]) >= {"GET", "POST", "PUT", "DELETE"}


def test_the_page_may_load_itself_and_where_one_signs_in(live_map: Templates) -> None:
    policies = [
        one["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
        for one in properties(live_map, "AWS::CloudFront::ResponseHeadersPolicy")
    ]
    assert all(one["StrictTransportSecurity"]["AccessControlMaxAgeSec"] >= 31_536_000 for one in policies)
    (content,) = (
        one["ContentSecurityPolicy"]["ContentSecurityPolicy"]
        for one in policies
        if "ContentSecurityPolicy" in one
    )
    text = text_of(content)
    assert "unsafe" not in text
    assert "default-src 'none'" in text
    assert "connect-src 'self' https://crowdlens-" in text


def test_the_content_policy_is_that_of_the_tested_page_and_the_sign_in() -> None:
    sign_in = "https://crowdlens.auth.ap-northeast-2.amazoncognito.com"
    cloud = content_policy(sign_in, TILES)
    assert cloud.replace(f" {sign_in}", "") == local_policy(tile_origin(TILES))
    assert (
        tile_origin("https://tiles.example.org:8443/a/{z}/{x}/{y}.png?k=1")
        == "https://tiles.example.org:8443"
    )


def test_live_api_has_what_it_needs_and_no_more(live_map: Templates) -> None:
    environment = environment_of(live_map, "live-api")
    settings = live_api_settings(environment)
    assert settings.sign_in is SignIn.COGNITO
    assert (settings.mysql.user, settings.places_mysql.user) == ("crowdlens_reader", "crowdlens_places")
    assert settings.photos is not None
    assert "-photos-" in settings.photos
    assert settings.places_export is not None
    assert settings.places_export.endswith("/places/places.json")
    assert "VpcConfig" in function_of(live_map, "live-api")
    may = {
        (action, resource.rpartition(":::")[2].partition("-photos-")[1] or resource.rpartition("/")[2])
        for action, resource in allowed(live_map, "live-api")
        if not action.startswith("ec2:")
    }
    assert may == {
        ("rds-db:connect", "crowdlens_reader"),
        ("rds-db:connect", "crowdlens_places"),
        ("s3:GetObject", "-photos-"),
        ("s3:PutObject", "-photos-"),
        ("s3:PutObject", "places.json"),
    }


def test_the_gateway_lets_the_map_write_photos_and_places_only(templates: Templates) -> None:
    (endpoint,) = properties(templates, "AWS::EC2::VPCEndpoint")
    written = [
        text_of(statement["Resource"])
        for statement in endpoint["PolicyDocument"]["Statement"]
        if "s3:PutObject" in statement["Action"]
    ]
    assert [one.rpartition("/")[2] for one in written] == ["*", "*"]
    assert "-photos-" in written[0]
    assert written[1].endswith("/places/*")


def test_requests_are_throttled_logged_and_their_faults_counted(live_map: Templates) -> None:
    (stage,) = properties(live_map, "AWS::ApiGatewayV2::Stage")
    assert 0 < stage["DefaultRouteSettings"]["ThrottlingRateLimit"] <= 1_000
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert {"path", "status", "latency_ms", "user"} <= set(logged)
    # A token or an address of a person is nothing for a log that is kept for months.
    assert not any("authorization" in value.lower() or "sourceIp" in value for value in logged.values())
    (filtered,) = properties(live_map, "AWS::Logs::MetricFilter")
    assert filtered["MetricTransformations"][0]["MetricName"] == "live_api_faults"
    assert '$.status = "5*"' in filtered["FilterPattern"]


def test_the_page_is_told_where_to_sign_in(live_map: Templates) -> None:
    (page,) = properties(live_map, "Custom::LiveMapPage")
    told = json.loads(text_of(page["Configuration"]))
    assert set(told) == {"sign_in", "domain", "client_id", "region"}
    assert told["sign_in"] == "cognito"
    assert json.loads(page_configuration("d", "c", "r"))["client_id"] == "c"


def test_photos_and_users_outlive_a_stack_of_production(synthesise: Callable[[str], Templates]) -> None:
    stack = stack_of(synthesise("prod"), "live-map")["Resources"]
    kept = {name for name, one in stack.items() if str(one.get("DeletionPolicy", "")).startswith("Retain")}
    assert {name.rstrip("0123456789ABCDEF") for name in kept} >= {"Photos", "Users"}


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        pytest.param({"mysql": "off", "live_map": "on"}, "live_map is on while mysql is off", id="no-mysql"),
        pytest.param({"map_tile_url": "http://tiles/{z}/{x}/{y}"}, "map_tile_url is", id="without-tls"),
        pytest.param({"map_tile_url": "https://tiles/{z}.png"}, "map_tile_url is", id="no-place"),
        pytest.param(
            {"map_tile_url": "https://t/{z}/{x}/{y}; img-src *"}, "map_tile_url is", id="more-policy"
        ),
    ],
)
def test_wrong_options_get_a_sentence(context: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=sentence):
        read_config({"stage": "dev", "region": "ap-northeast-2", **context}.get)


def test_without_mysql_there_is_no_map(synthesise: Callable[[str], Templates]) -> None:
    assert not [name for name in synthesise("without mysql") if name.endswith("-live-map")]
