"""MySQL and what keeps it equal to the lake: a projection, which `mysql=off` leaves out.

`rds_loader` empties the load queue. Schema and accounts come with the deployment: `database_setup`, outside
the VPC, reads the master's secret and calls `migrations` inside it.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, CustomResource, Duration, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_rds as rds
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from contract.mysql import DATABASE, LOADER_ACCOUNT, READER_ACCOUNT
from infra.acknowledgements import acknowledge_wildcard
from infra.certificates import RDS_ROOTS_FILE, check_rds_region
from infra.config import MySqlConfig, StageConfig
from infra.constructs.mysql_instance import MASTER, MYSQL_PORT, mysql_instance
from infra.constructs.python_function import PythonFunction
from infra.constructs.work_queue import queue_arn
from infra.ingest_settings import MAINTENANCE, MIGRATIONS_TIMEOUT_SECONDS, ingest_profile
from infra.lake_prefixes import RECORD_PREFIXES
from infra.layers import pandas_layer_arn
from infra.stacks.network import NetworkStack

_CAMERAS_PER_LOADER = 500
"""They make some 600 rows a second; a loader takes 16,000, so what an outage held back is soon caught up."""
_LEAST_LOADERS = 2
"""The least that an event source can be told."""
_MOST_LOADERS = 10


class DatabaseStack(Stack):
    """Exposes `instance`, `rds_loader`, `migrations`, `database_setup`, and `proxy` (None without one)."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: StageConfig,
        mysql: MySqlConfig,
        network: NetworkStack,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        check_rds_region(config.region)
        self._config = config
        self._network = network
        # Unchangeable from here: CDK would add a rule of this stack's to a group of the network's.
        self._security_group = ec2.SecurityGroup.from_security_group_id(
            self, "Group", network.database_security_group.security_group_id, mutable=False
        )
        self.instance = mysql_instance(
            self, config=config, mysql=mysql, vpc=network.vpc, security_group=self._security_group
        )
        self.proxy = self._proxy() if mysql.proxy else None
        self.migrations = self._migrations()
        self.database_setup = self._database_setup()
        schema = self._schema()
        self.rds_loader = self._rds_loader()
        # A loader without tables would only send its messages back.
        self.rds_loader.function.node.add_dependency(schema)

    def _proxy(self) -> rds.DatabaseProxy:
        """Pool connections for those who only ask; the loader, with one a process, gains nothing by it."""
        role = iam.Role(self, "ProxyRole", assumed_by=iam.ServicePrincipal("rds.amazonaws.com"))
        self.instance.grant_connect(role, READER_ACCOUNT)
        return rds.DatabaseProxy(
            self,
            "Proxy",
            db_proxy_name=self._config.prefix,
            proxy_target=rds.ProxyTarget.from_instance(self.instance),
            # By IAM from end to end: no password of any account has to be kept in a secret.
            default_auth_scheme=rds.DefaultAuthScheme.IAM_AUTH,
            require_tls=True,
            role=role,
            vpc=self._network.vpc,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
            security_groups=[self._security_group],
        )

    def _environment(self, user: str) -> dict[str, str]:
        return {
            "MYSQL_HOST": self.instance.db_instance_endpoint_address,
            "MYSQL_PORT": str(MYSQL_PORT),
            "MYSQL_DATABASE": DATABASE,
            "MYSQL_USER": user,
            "MYSQL_CA_FILE": RDS_ROOTS_FILE,
        }

    def _migrations(self) -> PythonFunction:
        return PythonFunction(
            self,
            "Migrations",
            config=self._config,
            name="migrations",
            memory_mebibytes=256,
            timeout_seconds=MIGRATIONS_TIMEOUT_SECONDS,
            environment=self._environment(MASTER),
            libraries=["pymysql"],
            placement=self._network.placement,
        )

    def _database_setup(self) -> PythonFunction:
        secret = self.instance.secret
        if secret is None:
            raise RuntimeError("the instance has no master secret: nothing could make its schema")
        setup = PythonFunction(
            self,
            "DatabaseSetup",
            config=self._config,
            name="database_setup",
            memory_mebibytes=256,
            timeout_seconds=MIGRATIONS_TIMEOUT_SECONDS,
            environment={
                "MASTER_SECRET_ARN": secret.secret_arn,
                "MIGRATIONS_FUNCTION": self.migrations.name,
            },
        )
        setup.allow(["secretsmanager:GetSecretValue"], [secret.secret_arn])
        setup.allow(["lambda:InvokeFunction"], [self.migrations.function.function_arn])
        return setup

    def _schema(self) -> CustomResource:
        """Set MySQL up when the stack is made, and whenever `migrations` changes."""
        schema = CustomResource(
            self,
            "Schema",
            resource_type="Custom::MySqlSchema",
            service_token=self.database_setup.function.function_arn,
            properties={"migrations": self.migrations.bundle.name},
            service_timeout=Duration.seconds(MIGRATIONS_TIMEOUT_SECONDS + 60),
        )
        # Both roles must have their policies when CloudFormation calls.
        schema.node.add_dependency(self.database_setup, self.migrations, self.instance)
        return schema

    def _rds_loader(self) -> PythonFunction:
        config = self._config
        settings = ingest_profile(config.profile).rds_loader
        lake_name = config.lake_bucket_name(Aws.ACCOUNT_ID)
        concurrency = loaders(config.cameras)
        loader = PythonFunction(
            self,
            "RdsLoader",
            config=config,
            name=settings.function_name,
            memory_mebibytes=settings.memory_mib,
            timeout_seconds=settings.function_timeout_seconds,
            environment={"LAKE_BUCKET": lake_name, **self._environment(LOADER_ACCOUNT)},
            libraries=["pymysql"],
            layers=[
                lambda_.LayerVersion.from_layer_version_arn(
                    self, "PandasLayer", pandas_layer_arn(config.region)
                )
            ],
            # Each holds one connection: with the schedule's and the reconciler's call this is all there are.
            reserved_concurrency=concurrency + 2,
            placement=self._network.placement,
        )
        lake = config.lake_arn(Aws.PARTITION, Aws.ACCOUNT_ID)
        # Old versions, too: a message may be read after the compactor has hidden its object. The list tells
        # an object that is gone from one that is denied.
        loader.allow(
            ["s3:GetObject", "s3:GetObjectVersion"], [f"{lake}/{prefix}*" for prefix in RECORD_PREFIXES]
        )
        loader.allow(["s3:ListBucket"], [lake])
        for prefix in RECORD_PREFIXES:
            acknowledge_wildcard(
                loader,
                config.lake_arn("<AWS::Partition>", "<AWS::AccountId>", f"/{prefix}*"),
                f"rds_loader reads the objects below {prefix}, whose names are made as they are written",
            )
        self.instance.grant_connect(loader.role, LOADER_ACCOUNT)
        loader.function.add_event_source(
            sources.SqsEventSource(
                # By its name: a reference between the stacks would keep the storage stack from changing while
                # `mysql=off` takes this one out of the app.
                sqs.Queue.from_queue_arn(self, "Load", queue_arn(settings.named(config.prefix).queue_name)),
                batch_size=settings.batch_size,
                max_batching_window=Duration.seconds(settings.batch_window_seconds),
                report_batch_item_failures=True,
                max_concurrency=concurrency,
            )
        )
        loader.function.configure_async_invoke(max_event_age=Duration.hours(1), retry_attempts=1)
        loader.call_every(MAINTENANCE.every_seconds, MAINTENANCE.event)
        return loader


def loaders(cameras: int) -> int:
    """Return how many batches are loaded at once; MySQL holds as many connections and two more."""
    return min(_MOST_LOADERS, max(_LEAST_LOADERS, -(-cameras // _CAMERAS_PER_LOADER)))
