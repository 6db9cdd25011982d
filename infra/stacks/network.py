"""The VPC of what talks to MySQL: isolated subnets, a gateway endpoint to the lake, no way to the internet.

There is no NAT and no interface endpoint, so nothing here costs by the hour. What a function in it needs
reaches it otherwise: SQS and the schedules call it from outside, its logs and metrics go by Lambda's own
way, its MySQL token is signed where it runs, and S3 is reached through the gateway.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from aws_cdk import Aws, Fn, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs
from constructs import Construct

from athena import places
from infra.acknowledgements import acknowledge
from infra.config import StageConfig
from infra.constructs.log_retention import log_retention
from infra.constructs.mysql_instance import MYSQL_PORT
from infra.constructs.python_function import VpcPlacement
from infra.lake_prefixes import RECORD_PREFIXES

ZONES = 2
"""As many as RDS asks of a subnet group."""
_SUBNET_BITS = 3
"""Room for eight subnets: two are used, the others wait for what later parts bring."""


class NetworkStack(Stack):
    """Exposes `vpc`, `lambda_security_group`, `database_security_group` and `placement` of the functions."""

    def __init__(self, scope: Construct, construct_id: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.vpc = self._vpc(config)
        self.lambda_security_group = self._security_group("Functions", "Functions that talk to MySQL")
        self.database_security_group = self._security_group("Database", "MySQL")
        self.database_security_group.add_ingress_rule(
            self.lambda_security_group, ec2.Port.tcp(MYSQL_PORT), "MySQL from our functions"
        )
        self.lambda_security_group.add_egress_rule(
            self.database_security_group, ec2.Port.tcp(MYSQL_PORT), "MySQL"
        )
        if config.mysql is not None and config.mysql.proxy:
            self._let_the_proxy_in()
        # No route leads further than the gateway endpoint, whose policy names the lake.
        self.lambda_security_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "S3")
        self.placement = VpcPlacement(self.vpc, self.lambda_security_group)
        self._let_the_lake_be_read(config)
        self._log_refused_traffic(config)

    @property
    def availability_zones(self) -> list[str]:
        """The first two zones of the region, asked for at deployment: synthesis asks no account."""
        return [Fn.select(number, Fn.get_azs()) for number in range(ZONES)]

    def _vpc(self, config: StageConfig) -> ec2.Vpc:
        prefix_length = ipaddress.IPv4Network(config.vpc_cidr).prefixlen + _SUBNET_BITS
        return ec2.Vpc(
            self,
            "Vpc",
            vpc_name=config.prefix,
            ip_addresses=ec2.IpAddresses.cidr(config.vpc_cidr),
            max_azs=ZONES,
            nat_gateways=0,
            # CDK would do it with a function that may change any security group.
            restrict_default_security_group=False,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="isolated", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=prefix_length
                )
            ],
        )

    def _security_group(self, construct_id: str, description: str) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(
            self, construct_id, vpc=self.vpc, description=description, allow_all_outbound=False
        )

    def _let_the_proxy_in(self) -> None:
        """RDS Proxy has the database's own group: who may reach the one may reach the other."""
        group, mysql = self.database_security_group, ec2.Port.tcp(MYSQL_PORT)
        group.add_ingress_rule(group, mysql, "MySQL from its proxy")
        group.add_egress_rule(group, mysql, "MySQL behind the proxy")

    def _let_the_lake_be_read(self, config: StageConfig) -> None:
        lake = config.lake_arn(Aws.PARTITION, Aws.ACCOUNT_ID)
        endpoint = self.vpc.add_gateway_endpoint("S3", service=ec2.GatewayVpcEndpointAwsService.S3)
        if config.live_map:
            self._let_the_map_write(config, endpoint)
        endpoint.add_to_policy(
            iam.PolicyStatement(
                principals=[iam.AnyPrincipal()],
                actions=["s3:GetObject", "s3:GetObjectVersion", "s3:ListBucket"],
                resources=[lake, *(f"{lake}/{prefix}*" for prefix in RECORD_PREFIXES)],
            )
        )

    def _let_the_map_write(self, config: StageConfig, endpoint: ec2.GatewayVpcEndpoint) -> None:
        account, photos = Aws.ACCOUNT_ID, config.photos_bucket_name(Aws.ACCOUNT_ID)
        for actions, resource in (
            (["s3:GetObject", "s3:PutObject"], f"arn:{Aws.PARTITION}:s3:::{photos}/*"),
            (["s3:PutObject"], config.lake_arn(Aws.PARTITION, account, f"/{places.KEY_PREFIX}*")),
        ):
            endpoint.add_to_policy(
                iam.PolicyStatement(principals=[iam.AnyPrincipal()], actions=actions, resources=[resource])
            )

    def _log_refused_traffic(self, config: StageConfig) -> None:
        """Keep what the security groups refused: accepted traffic is in the logs of who sent it."""
        group = logs.LogGroup(
            self,
            "FlowLogs",
            log_group_name=f"/crowdlens/{config.stage}/refused-traffic",
            retention=log_retention(config),
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(self, "FlowLogsRole", assumed_by=iam.ServicePrincipal("vpc-flow-logs.amazonaws.com"))
        self.vpc.add_flow_log(
            "Refused",
            destination=ec2.FlowLogDestination.to_cloud_watch_logs(group, role),
            traffic_type=ec2.FlowLogTrafficType.REJECT,
        )
        acknowledge(
            role,
            "IAM5[Resource::*]",
            "the flow log writes streams into its own group only; CDK names them with a wildcard behind it",
        )
