"""A Lambda function of ours: arm64, Python 3.13, its own log group and role, nothing it was not granted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Aws, Duration, RemovalPolicy, Size
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.acknowledgements import acknowledge
from infra.bundles import stage_function
from infra.config import StageConfig
from infra.constructs.log_retention import log_retention
from infra.metrics import metrics_namespace

POWERTOOLS = ("aws_lambda_powertools", "jmespath", "typing_extensions")
"""Pure-Python libraries of every function."""
_NETWORK_INTERFACES = (
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
)
"""What Lambda does in our name to put a function into a VPC."""


@dataclass(frozen=True)
class VpcPlacement:
    """Where in a VPC a function's network interfaces are: isolated subnets, one security group."""

    vpc: ec2.IVpc
    security_group: ec2.ISecurityGroup


class PythonFunction(Construct):
    """Exposes `function`, `role` and `log_group`."""

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
        reserved_concurrency: int | None = None,
        placement: VpcPlacement | None = None,
        disk_mebibytes: int | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.name = config.function_name(name)
        self.log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/lambda/{self.name}",
            retention=log_retention(config),
            removal_policy=RemovalPolicy.DESTROY,
        )
        # Our own role: the managed AWSLambdaBasicExecutionRole may write to every log group.
        self.role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.log_group.grant_write(self.role)
        self.bundle = stage_function(name, libraries=(*POWERTOOLS, *libraries))
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=self.name,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            handler=f"lambdas.{name}.handler.handler",
            code=lambda_.Code.from_asset(str(self.bundle)),
            role=self.role,
            log_group=self.log_group,
            memory_size=memory_mebibytes,
            timeout=Duration.seconds(timeout_seconds),
            environment={
                "POWERTOOLS_SERVICE_NAME": name,
                "POWERTOOLS_METRICS_NAMESPACE": metrics_namespace(config),
                **environment,
            },
            layers=list(layers),
            # Below /tmp; Lambda gives 512 MiB without asking.
            ephemeral_storage_size=None if disk_mebibytes is None else Size.mebibytes(disk_mebibytes),
            # An account may hold as few as 10 executions, and Lambda keeps 100 unreserved.
            reserved_concurrent_executions=reserved_concurrency if config.reserves_concurrency else None,
            **({} if placement is None else _network_of(placement)),
        )
        if placement is not None:
            # Lambda looks whether it may, before it makes the function.
            self.function.node.add_dependency(self._network_policy())
        acknowledge(
            self.function, "L1", "Python 3.13 is what AWS's pandas layer is pinned for and the tests run with"
        )

    def _network_policy(self) -> iam.Policy:
        """Let Lambda, and Lambda alone, make the function's network interfaces."""
        actions = list(_NETWORK_INTERFACES)
        everywhere = iam.PolicyStatement(actions=actions, resources=["*"])
        # The same role is the code's: https://docs.aws.amazon.com/lambda/latest/dg/configuration-vpc.html
        not_the_code = iam.PolicyStatement(
            effect=iam.Effect.DENY,
            actions=actions,
            resources=["*"],
            conditions={"ArnEquals": {"lambda:SourceFunctionArn": function_arn(self.name)}},
        )
        policy = iam.Policy(self, "Network", statements=[everywhere, not_the_code], roles=[self.role])
        acknowledge(
            policy,
            "IAM5[Resource::*]",
            "Lambda asks for these six actions on any resource before it makes a network interface, whose "
            "name nobody knows yet; the function's own code is denied them",
        )
        return policy

    def allow(self, actions: Sequence[str], resources: Sequence[str]) -> None:
        """Let the function do `actions` on `resources` (ARNs)."""
        self.role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(resources)))

    def call_every(self, seconds: float, event: Mapping[str, object]) -> events.Rule:
        """Call the function with `event` each `seconds` (whole minutes), each call at most that long late."""
        return events.Rule(
            self,
            "Schedule",
            schedule=events.Schedule.rate(Duration.seconds(seconds)),
            targets=[
                targets.LambdaFunction(
                    self.function,
                    event=events.RuleTargetInput.from_object(dict(event)),
                    # The next call does what a late one would.
                    max_event_age=Duration.seconds(seconds),
                    retry_attempts=2,
                )
            ],
        )


def _network_of(placement: VpcPlacement) -> dict[str, Any]:
    return {
        "vpc": placement.vpc,
        "vpc_subnets": ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        "security_groups": [placement.security_group],
    }


def function_arn(name: str) -> str:
    """Return the ARN of the function called `name`, known before it is made."""
    return f"arn:{Aws.PARTITION}:lambda:{Aws.REGION}:{Aws.ACCOUNT_ID}:function:{name}"
