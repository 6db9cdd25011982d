"""MySQL 8.4 on RDS: encrypted, backed up, logged in to by IAM over TLS, reached by our functions alone."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_logs as logs
from aws_cdk import aws_rds as rds
from constructs import Construct

from contract.mysql import DATABASE
from infra.acknowledgements import acknowledge
from infra.certificates import RDS_AUTHORITY
from infra.config import MySqlConfig, StageConfig
from infra.constructs.log_retention import log_retention
from infra.constructs.removal import removal_policy

MASTER = "crowdlens_master"
MYSQL_PORT = 3306
ENGINE = rds.MysqlEngineVersion.VER_8_4_10
"""Minor versions after it come by themselves, in the maintenance window."""
_LOGS = ("error", "slowquery")
_WITHOUT_INSIGHTS = ("t4g.micro", "t4g.small", "t3.micro", "t3.small")
"""RDS for MySQL keeps no query statistics on these; it has the other metrics of Database Insights."""


def mysql_instance(
    scope: Construct,
    *,
    config: StageConfig,
    mysql: MySqlConfig,
    vpc: ec2.IVpc,
    security_group: ec2.ISecurityGroup,
) -> rds.DatabaseInstance:
    """Return the stage's instance, made in `scope` with its parameters and log groups."""
    instance = rds.DatabaseInstance(
        scope,
        "MySql",
        instance_identifier=config.mysql_identifier,
        engine=rds.DatabaseInstanceEngine.mysql(version=ENGINE),
        instance_type=ec2.InstanceType(mysql.instance_class),
        database_name=DATABASE,
        port=MYSQL_PORT,
        credentials=rds.Credentials.from_username(MASTER),
        # RDS makes the master's password, keeps it in Secrets Manager and changes it every week.
        manage_master_user_password=True,
        iam_authentication=True,
        parameter_group=_parameters(scope, config, mysql),
        ca_certificate=rds.CaCertificate.of(RDS_AUTHORITY),
        vpc=vpc,
        vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PRIVATE_ISOLATED),
        security_groups=[security_group],
        publicly_accessible=False,
        multi_az=mysql.multi_az,
        storage_type=rds.StorageType.GP3,
        allocated_storage=mysql.storage_gib,
        max_allocated_storage=mysql.maximum_storage_gib,
        storage_encrypted=True,
        backup_retention=Duration.days(mysql.backup_days),
        copy_tags_to_snapshot=True,
        delete_automated_backups=not config.keep_data,
        deletion_protection=mysql.deletion_protection,
        auto_minor_version_upgrade=True,
        database_insights_mode=rds.DatabaseInsightsMode.STANDARD,
        enable_performance_insights=mysql.instance_class not in _WITHOUT_INSIGHTS,
        cloudwatch_logs_exports=list(_LOGS),
        removal_policy=removal_policy(config),
    )
    for name in _LOGS:
        # Made before RDS makes them, which would keep them for ever.
        instance.node.add_dependency(_log_group(scope, config, name))
    # CDK keeps it with an instance of another kind of keeping only.
    group = instance.node.find_child("SubnetGroup")
    assert isinstance(group, rds.SubnetGroup)  # noqa: S101 - tells the type checker what CDK promises
    group.apply_removal_policy(removal_policy(config))
    _live_with(instance, mysql)
    return instance


def _parameters(scope: Construct, config: StageConfig, mysql: MySqlConfig) -> rds.ParameterGroup:
    return rds.ParameterGroup(
        scope,
        "Parameters",
        engine=rds.DatabaseInstanceEngine.mysql(version=ENGINE),
        description="Rows by LOAD DATA LOCAL, connections by TLS only",
        # RDS deletes no group that an instance uses, so a kept one keeps it.
        removal_policy=removal_policy(config),
        parameters={
            # Half again as fast as INSERT (docs/benchmarks.md); the loader never sends a file.
            "local_infile": "1",
            "require_secure_transport": "1",
            # The alarm on connections has to know how many there are.
            "max_connections": str(mysql.connections),
            "slow_query_log": "1",
            "long_query_time": "2",
            "log_output": "FILE",
        },
    )


def _log_group(scope: Construct, config: StageConfig, name: str) -> logs.LogGroup:
    return logs.LogGroup(
        scope,
        f"Logs-{name}",
        log_group_name=f"/aws/rds/instance/{config.mysql_identifier}/{name}",
        retention=log_retention(config),
        # A kept instance goes on logging: without its group RDS would make one that keeps for ever.
        removal_policy=removal_policy(config),
    )


def _live_with(instance: rds.DatabaseInstance, mysql: MySqlConfig) -> None:
    acknowledge(
        instance,
        "RDS11",
        "a port of its own would hide nothing: only our functions' security group reaches it",
    )
    if not mysql.multi_az:
        acknowledge(
            instance, "RDS3", "MySQL is a projection of the lake: while it is away nothing is lost, only late"
        )
    if not mysql.deletion_protection:
        acknowledge(instance, "RDS10", "a dev stage is removed whole, and its MySQL comes back from the lake")
