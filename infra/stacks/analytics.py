"""The lake's catalogue: a Glue database and one projected table a record table, and an Athena workgroup."""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, RemovalPolicy, Stack, aws_athena
from aws_cdk import aws_glue as glue
from constructs import Construct

from athena.ddl import PARTITION_COLUMN, table_properties
from contract.lake import raw_prefix
from contract.tables import TABLES, Table
from infra.config import StageConfig
from infra.stacks.storage import ATHENA_RESULTS_PREFIX

_HIVE_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"


class AnalyticsStack(Stack):
    """Exposes `database_name` and `workgroup_name`."""

    def __init__(self, scope: Construct, construct_id: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        lake = config.lake_bucket_name(Aws.ACCOUNT_ID)
        self.database_name = config.database_name
        database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=self.database_name, description="What CrowdLens devices reported"
            ),
        )
        for table in TABLES.values():
            self._table(table, lake).add_resource_dependency(database)
        self.workgroup_name = self._workgroup(config, lake).name

    def _table(self, table: Table, lake: str) -> glue.CfnTable:
        location = f"s3://{lake}/{raw_prefix(table.name)}"
        columns = [
            glue.CfnTable.ColumnProperty(name=column.name, type=column.glue_type, comment=column.english)
            for column in table.columns
        ]
        return glue.CfnTable(
            self,
            f"Table-{table.name}",
            catalog_id=Aws.ACCOUNT_ID,
            database_name=self.database_name,
            table_input=glue.CfnTable.TableInputProperty(
                name=table.name,
                description=table.english,
                table_type="EXTERNAL_TABLE",
                partition_keys=[glue.CfnTable.ColumnProperty(name=PARTITION_COLUMN, type="string")],
                parameters={"EXTERNAL": "TRUE", **table_properties(location)},
                storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                    columns=columns,
                    location=location,
                    input_format=f"{_HIVE_PARQUET}.MapredParquetInputFormat",
                    output_format=f"{_HIVE_PARQUET}.MapredParquetOutputFormat",
                    serde_info=glue.CfnTable.SerdeInfoProperty(
                        serialization_library=f"{_HIVE_PARQUET}.serde.ParquetHiveSerDe"
                    ),
                ),
            ),
        )

    def _workgroup(self, config: StageConfig, lake: str) -> aws_athena.CfnWorkGroup:
        results = aws_athena.CfnWorkGroup.ResultConfigurationProperty(
            output_location=f"s3://{lake}/{ATHENA_RESULTS_PREFIX}",
            encryption_configuration=aws_athena.CfnWorkGroup.EncryptionConfigurationProperty(
                encryption_option="SSE_S3"
            ),
        )
        workgroup = aws_athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=config.prefix,
            description="Queries over what CrowdLens devices reported, each bounded in bytes",
            recursive_delete_option=not config.keep_data,
            work_group_configuration=aws_athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                bytes_scanned_cutoff_per_query=config.athena_scan_limit_bytes,
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                result_configuration=results,
            ),
        )
        workgroup.apply_removal_policy(RemovalPolicy.RETAIN if config.keep_data else RemovalPolicy.DESTROY)
        return workgroup
