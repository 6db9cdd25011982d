"""A Lambda function of ours: arm64, Python 3.13, its own log group and role, nothing it was not granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.bundles import stage_function
from infra.config import StageConfig

POWERTOOLS = ("aws_lambda_powertools", "jmespath", "typing_extensions")
"""Pure-Python libraries of every function."""


class PythonFunction(Construct):
    """Exposes `function` and `role`."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: StageConfig,
        name: str,
        memory_mebibytes: int,
        timeout_seconds: int,
        environment: Mapping[str, str],
        libraries: Sequence[str] = (),
        layers: Sequence[lambda_.ILayerVersion] = (),
    ) -> None:
        super().__init__(scope, construct_id)
        function_name = f"{config.prefix}-{name.replace('_', '-')}"
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{function_name}",
            retention=_retention(config.log_retention_days),
            removal_policy=RemovalPolicy.DESTROY,
        )
        # Our own role: the managed AWSLambdaBasicExecutionRole may write to every log group.
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(self.role)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=function_name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"lambdas.{name}.handler.handler",
            code=lambda_.Code.from_asset(str(stage_function(name, libraries=(*POWERTOOLS, *libraries)))),
            role=self.role,
            log_group=log_group,
            memory_size=memory_mebibytes,
            timeout=Duration.seconds(timeout_seconds),
            environment={"POWERTOOLS_SERVICE_NAME": name, **environment},
            layers=list(layers),
        )


def _retention(days: int) -> logs.RetentionDays:
    return {14: logs.RetentionDays.TWO_WEEKS, 90: logs.RetentionDays.THREE_MONTHS}[days]
