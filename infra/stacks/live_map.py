"""The live map for everyone who signs in: a static page and the API behind one address, over MySQL.

CloudFront serves the page out of a private bucket and hands ``/api/*`` to an HTTP API, which lets nobody
through without a token of the stage's own user pool; behind it `live_api` asks MySQL from inside the VPC.

No web application firewall: what is open to everybody is the page's own files and one description of the API;
everything else needs a token and is throttled. A firewall would cost more than all of this together (five
dollars and a dollar a rule each month); docs/deploy.md says how to add one.
"""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Aws, CfnOutput, CustomResource, Duration, RemovalPolicy, Stack
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_cognito as cognito
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from athena import places
from contract.mysql import DATABASE, PLACES_ACCOUNT, READER_ACCOUNT
from infra.acknowledgements import acknowledge, acknowledge_wildcard
from infra.alarms import LIVE_API, PAGE_SETUP
from infra.bundles import ROOT
from infra.certificates import RDS_ROOTS_FILE
from infra.config import StageConfig
from infra.constructs.log_retention import log_retention
from infra.constructs.mysql_instance import MYSQL_PORT
from infra.constructs.python_function import PythonFunction
from infra.constructs.removal import removal_policy
from infra.map_page import content_policy, page_configuration
from infra.metrics import LIVE_API_FAULTS, metrics_namespace
from infra.stacks.database import DatabaseStack
from infra.stacks.network import NetworkStack

EDITORS, ALL_SITES = "editors", "all-sites"
"""Groups of the user pool; a group ``site-NAME`` for each site is made as it is needed."""
REQUESTS_A_SECOND, BURST = 100, 200
"""Five hundred viewers who ask every five seconds."""
_CONCURRENCY = 20
_TIMEOUT_SECONDS = 20
_TOKEN_HOURS, _REFRESH_DAYS = 1, 30
_METHODS = (api.HttpMethod.GET, api.HttpMethod.POST, api.HttpMethod.PUT, api.HttpMethod.DELETE)
_API_PATH = "/api/v1/{address+}"
OPEN_PATH = "/api/v1/openapi.json"
PLACES_KEY = f"{places.KEY_PREFIX}places.json"
_STATIC = ROOT / "lambdas" / "live_api" / "static"
_ACCESS_LOG = {
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "method": "$context.httpMethod",
    "path": "$context.path",
    "status": "$context.status",
    "latency_ms": "$context.responseLatency",
    "bytes": "$context.responseLength",
    "user": "$context.authorizer.claims.sub",
    "error": "$context.error.message",
}


class LiveMapStack(Stack):
    """Exposes `live_api`, `page` and `photos` (buckets), `users`, `http_api` and `distribution`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: StageConfig,
        network: NetworkStack,
        database: DatabaseStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._config = config
        self.photos = self._photos()
        self.page = self._page_bucket()
        self.live_api = self._live_api(network, database)
        self.users = self._users()
        self._sign_in_name = f"{config.prefix}-{Aws.ACCOUNT_ID}"
        self._sign_in = self.users.add_domain(
            "SignIn", cognito_domain=cognito.CognitoDomainOptions(domain_prefix=self._sign_in_name)
        )
        self.http_api = self._http_api()
        self.distribution = self._distribution()
        self.client = self._client()
        self._routes()
        self._put_page()
        CfnOutput(self, "Address", value=self._address, description="The live map")
        CfnOutput(self, "UserPool", value=self.users.user_pool_id, description="For the first user")

    @property
    def _address(self) -> str:
        return f"https://{self.distribution.distribution_domain_name}"

    def _photos(self) -> s3.Bucket:
        return self._bucket(
            "Photos",
            bucket_name=self._config.photos_bucket_name(Aws.ACCOUNT_ID),
            removal_policy=removal_policy(self._config),
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    noncurrent_version_expiration=Duration.days(30),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                )
            ],
        )

    def _page_bucket(self) -> s3.Bucket:
        return self._bucket(
            "Page",
            removal_policy=removal_policy(self._config),
            lifecycle_rules=[
                s3.LifecycleRule(abort_incomplete_multipart_upload_after=Duration.days(1)),
            ],
        )

    def _bucket(self, construct_id: str, **properties: Any) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            construct_id,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            **properties,
        )
        acknowledge(
            bucket, "S1", "one function writes it and one reads it; the API's access log has who asked"
        )
        return bucket

    def _live_api(self, network: NetworkStack, database: DatabaseStack) -> PythonFunction:
        config, account = self._config, Aws.ACCOUNT_ID
        function = PythonFunction(
            self,
            "LiveApi",
            config=config,
            name=LIVE_API,
            memory_mebibytes=1024,
            timeout_seconds=_TIMEOUT_SECONDS,
            environment={
                "MYSQL_HOST": database.instance.db_instance_endpoint_address,
                "MYSQL_PORT": str(MYSQL_PORT),
                "MYSQL_DATABASE": DATABASE,
                "MYSQL_USER": READER_ACCOUNT,
                "MYSQL_PLACES_USER": PLACES_ACCOUNT,
                "MYSQL_CA_FILE": RDS_ROOTS_FILE,
                "CROWDLENS_SIGN_IN": "cognito",
                "CROWDLENS_PHOTOS": f"s3://{config.photos_bucket_name(account)}/",
                "CROWDLENS_PLACES_EXPORT": f"s3://{config.lake_bucket_name(account)}/{PLACES_KEY}",
                "CROWDLENS_TIME_ZONE": config.time_zone,
                **({} if config.map_tile_url is None else {"CROWDLENS_TILE_URL": config.map_tile_url}),
                "CROWDLENS_TILE_ATTRIBUTION": config.map_tile_attribution,
            },
            libraries=["pymysql"],
            reserved_concurrency=_CONCURRENCY,
            placement=network.placement,
        )
        for mysql_account in (READER_ACCOUNT, PLACES_ACCOUNT):
            database.instance.grant_connect(function.role, mysql_account)
        function.allow(["s3:GetObject", "s3:PutObject"], [self._photos_arn(Aws.PARTITION, account)])
        acknowledge_wildcard(
            function,
            self._photos_arn("<AWS::Partition>", "<AWS::AccountId>"),
            "live_api keeps a photo under its place's name and its own digest",
        )
        function.allow(["s3:PutObject"], [config.lake_arn(Aws.PARTITION, account, f"/{PLACES_KEY}")])
        return function

    def _photos_arn(self, partition: str, account: str) -> str:
        return f"arn:{partition}:s3:::{self._config.photos_bucket_name(account)}/*"

    def _users(self) -> cognito.UserPool:
        pool = cognito.UserPool(
            self,
            "Users",
            user_pool_name=self._config.prefix,
            # An administrator makes every user: docs/deploy.md.
            self_sign_up_enabled=False,
            sign_in_aliases=cognito.SignInAliases(email=True),
            sign_in_case_sensitive=False,
            auto_verify=cognito.AutoVerifiedAttrs(email=True),
            standard_attributes=cognito.StandardAttributes(
                email=cognito.StandardAttribute(required=True, mutable=True)
            ),
            password_policy=cognito.PasswordPolicy(
                min_length=12,
                require_lowercase=True,
                require_uppercase=True,
                require_digits=True,
                require_symbols=True,
                temp_password_validity=Duration.days(3),
            ),
            mfa=cognito.Mfa.OPTIONAL,
            mfa_second_factor=cognito.MfaSecondFactor(otp=True, sms=False),
            account_recovery=cognito.AccountRecovery.EMAIL_ONLY,
            feature_plan=cognito.FeaturePlan.ESSENTIALS,
            deletion_protection=self._config.keep_data,
            removal_policy=removal_policy(self._config),
        )
        acknowledge(
            pool, "COG2", "one-time passwords are each user's choice; the organisation may ask for them"
        )
        acknowledge(pool, "COG3", "threat protection is of the plan that is paid by user")
        acknowledge(
            pool, "COG8", "the plan with threat protection is paid by user; passwords are 12 characters"
        )
        groups = {EDITORS: "May make and change places", ALL_SITES: "Sees the places of every site"}
        for name, description in groups.items():
            cognito.CfnUserPoolGroup(
                self,
                f"Group-{name}",
                user_pool_id=pool.user_pool_id,
                group_name=name,
                description=description,
            )
        return pool

    def _client(self) -> cognito.UserPoolClient:
        """Return the page's client: code with PKCE, no secret, for a page can keep none."""
        address = f"{self._address}/"
        return self.users.add_client(
            "PageClient",
            user_pool_client_name=f"{self._config.prefix}-live-map",
            generate_secret=False,
            auth_flows=cognito.AuthFlow(),
            o_auth=cognito.OAuthSettings(
                flows=cognito.OAuthFlows(authorization_code_grant=True),
                scopes=[cognito.OAuthScope.OPENID, cognito.OAuthScope.EMAIL, cognito.OAuthScope.PROFILE],
                callback_urls=[address],
                logout_urls=[address],
            ),
            supported_identity_providers=[cognito.UserPoolClientIdentityProvider.COGNITO],
            prevent_user_existence_errors=True,
            enable_token_revocation=True,
            access_token_validity=Duration.hours(_TOKEN_HOURS),
            id_token_validity=Duration.hours(_TOKEN_HOURS),
            refresh_token_validity=Duration.days(_REFRESH_DAYS),
        )

    def _http_api(self) -> api.HttpApi:
        http_api = api.HttpApi(
            self,
            "Api",
            api_name=f"{self._config.prefix}-live-map",
            description="The live map's JSON API",
            create_default_stage=False,
        )
        group = logs.LogGroup(
            self,
            "AccessLog",
            log_group_name=f"/crowdlens/{self._config.stage}/live-map",
            retention=log_retention(self._config),
            removal_policy=RemovalPolicy.DESTROY,
        )
        stage = api.HttpStage(
            self,
            "Stage",
            http_api=http_api,
            stage_name="$default",
            auto_deploy=True,
            throttle=api.ThrottleSettings(rate_limit=REQUESTS_A_SECOND, burst_limit=BURST),
        )
        made = stage.node.default_child
        assert isinstance(made, api.CfnStage)  # noqa: S101 - tells the type checker what CDK promises
        made.access_log_settings = api.CfnStage.AccessLogSettingsProperty(
            destination_arn=group.log_group_arn, format=json.dumps(_ACCESS_LOG)
        )
        # The API's own metrics carry an id that nobody knows yet; alarms find this one by its name.
        logs.MetricFilter(
            self,
            "Faults",
            log_group=group,
            filter_pattern=logs.FilterPattern.string_value("$.status", "=", "5*"),
            metric_namespace=metrics_namespace(self._config),
            metric_name=LIVE_API_FAULTS,
            metric_value="1",
        )
        return http_api

    def _distribution(self) -> cloudfront.Distribution:
        endpoint = f"{self.http_api.http_api_id}.execute-api.{Aws.REGION}.{Aws.URL_SUFFIX}"
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"The live map of {self._config.prefix}",
            default_root_object="index.html",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origins.S3BucketOrigin.with_origin_access_control(self.page),
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
                response_headers_policy=self._headers("PageHeaders", page=True),
            ),
            additional_behaviors={
                "/api/*": cloudfront.BehaviorOptions(
                    origin=origins.HttpOrigin(endpoint),
                    allowed_methods=cloudfront.AllowedMethods.ALLOW_ALL,
                    # An answer is for one viewer; an unchanged one is a 304 by its ETag.
                    cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                    origin_request_policy=cloudfront.OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
                    viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                    response_headers_policy=self._headers("ApiHeaders", page=False),
                )
            },
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            price_class=cloudfront.PriceClass.PRICE_CLASS_200,
        )
        acknowledge(distribution, "CFR1", "who may look is decided by signing in, not by country")
        acknowledge(
            distribution, "CFR2", "a firewall would cost more than the map: see the text of this module"
        )
        acknowledge(distribution, "CFR3", "the page's files are open; the API's access log has every request")
        acknowledge(
            distribution, "CFR4", "CloudFront's own name has no other choice; TLS 1.2 is what clients use"
        )
        return distribution

    def _headers(self, construct_id: str, *, page: bool) -> cloudfront.ResponseHeadersPolicy:
        """Return the security headers of the page, or of the API, whose answers bring their own policy."""
        sign_in = f"https://{self._sign_in_name}.auth.{Aws.REGION}.amazoncognito.com"
        policy = cloudfront.ResponseHeadersContentSecurityPolicy(
            content_security_policy=content_policy(sign_in, self._config.map_tile_url), override=True
        )
        return cloudfront.ResponseHeadersPolicy(
            self,
            construct_id,
            response_headers_policy_name=f"{self._config.prefix}-{construct_id}-{Aws.REGION}",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=policy if page else None,
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=Duration.days(365), include_subdomains=True, override=True
                ),
            ),
        )

    def _routes(self) -> None:
        authorizer = authorizers.HttpUserPoolAuthorizer(
            "SignedIn", self.users, user_pool_clients=[self.client]
        )
        integration = integrations.HttpLambdaIntegration(
            "LiveApiCalls", self.live_api.function, scope_permission_to_route=False
        )
        self.http_api.add_routes(
            path=_API_PATH, methods=list(_METHODS), integration=integration, authorizer=authorizer
        )
        (described,) = self.http_api.add_routes(
            path=OPEN_PATH,
            methods=[api.HttpMethod.GET],
            integration=integration,
            authorizer=api.HttpNoneAuthorizer(),
        )
        acknowledge(described, "APIG4", "the description of the API holds no data, and tells how to sign in")

    def _put_page(self) -> None:
        """Put the page and what it is told into its bucket, whenever one of them changes."""
        setup = PythonFunction(
            self,
            "PageSetup",
            config=self._config,
            name=PAGE_SETUP,
            memory_mebibytes=256,
            timeout_seconds=120,
            environment={},
        )
        source = assets.Asset(self, "PageFiles", path=str(_STATIC))
        setup.allow(["s3:GetObject"], [source.bucket.arn_for_objects(source.s3_object_key)])
        setup.allow(["s3:PutObject", "s3:DeleteObject"], [self.page.arn_for_objects("*")])
        setup.allow(["s3:ListBucket"], [self.page.bucket_arn])
        page_name = self.get_logical_id(self._child(self.page))
        acknowledge_wildcard(setup, f"<{page_name}.Arn>/*", "page_setup puts every file of the page")
        resource = CustomResource(
            self,
            "PageContent",
            resource_type="Custom::LiveMapPage",
            service_token=setup.function.function_arn,
            properties={
                "SourceBucket": source.s3_bucket_name,
                "SourceKey": source.s3_object_key,
                "Bucket": self.page.bucket_name,
                "Configuration": page_configuration(
                    self._sign_in_name, self.client.user_pool_client_id, Aws.REGION
                ),
            },
            service_timeout=Duration.seconds(180),
        )
        # The role must have its policy when CloudFormation calls, the first time and the last.
        resource.node.add_dependency(setup, self.page)

    @staticmethod
    def _child(bucket: s3.Bucket) -> s3.CfnBucket:
        made = bucket.node.default_child
        assert isinstance(made, s3.CfnBucket)  # noqa: S101 - tells the type checker what CDK promises
        return made
