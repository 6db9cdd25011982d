"""The lake's catalogue: tables over raw and compacted objects, views, saved queries, a bounded workgroup.

All of it is the `athena` package's; nothing runs at deployment. A view is deployed as what it is in the
catalogue, so no query has to be sent and no function of CloudFormation's needs to.
"""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, Stack, aws_athena
from aws_cdk import aws_glue as glue
from constructs import Construct

from athena import catalog, places
from athena.ddl import PARTITION_COLUMN, compacted_table_name, table_properties
from athena.open_data.data_set import DataSet, data_set_of_statement
from athena.presto_view import EXPANDED_TEXT, PARAMETERS, encode_view, view_columns, view_query
from contract.lake import compacted_prefix, raw_prefix
from contract.tables import TABLES, Table
from infra.config import StageConfig
from infra.constructs.removal import removal_policy
from infra.stacks.storage import ATHENA_RESULTS_PREFIX

_HIVE_PARQUET = "org.apache.hadoop.hive.ql.io.parquet"
_LONGEST_DESCRIPTION = 1_000


class AnalyticsStack(Stack):
    """Exposes `database_name` and `workgroup_name`."""

    def __init__(self, scope: Construct, construct_id: str, *, config: StageConfig, **kwargs: Any) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self.database_name = config.database_name
        self.workgroup_name = config.workgroup_name
        self._lake = f"s3://{config.lake_bucket_name(Aws.ACCOUNT_ID)}/"
        self._database = glue.CfnDatabase(
            self,
            "Database",
            catalog_id=Aws.ACCOUNT_ID,
            database_input=glue.CfnDatabase.DatabaseInputProperty(
                name=self.database_name, description="What CrowdLens devices reported"
            ),
        )
        for table in TABLES.values():
            self._record_table(table.name, table, raw_prefix(table.name))
            self._record_table(compacted_table_name(table), table, compacted_prefix(table.name))
        for statement in catalog.tables():
            if statement.name in catalog.open_data():
                self._table(data_set_of_statement(statement))
        self._places()
        for view in catalog.views():
            self._view(view)
        self._workgroup = self._make_workgroup(config)
        for query in catalog.named_queries():
            self._named_query(query)
        for statement in catalog.prepared_statements():
            self._prepared_statement(statement)

    def _record_table(self, name: str, table: Table, prefix: str) -> None:
        columns = tuple((column.name, column.glue_type, column.english) for column in table.columns)
        self._table(DataSet(name, table.english, table.korean, prefix, columns))

    def _table(self, table: DataSet) -> None:
        """Add an external table over the parquet objects below a prefix, a folder a UTC day."""
        location = f"{self._lake}{table.key_prefix}"
        columns = [
            glue.CfnTable.ColumnProperty(name=name, type=kind, comment=comment)
            for name, kind, comment in table.columns
        ]
        self._catalogue(
            f"Table-{table.name}",
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
        )

    def _places(self) -> None:
        """Add the table over the JSON lines that the live map's API writes."""
        self._catalogue(
            f"Table-{places.NAME}",
            name=places.NAME,
            description=places.ENGLISH,
            table_type="EXTERNAL_TABLE",
            parameters={"EXTERNAL": "TRUE", "classification": "json"},
            storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                columns=[
                    glue.CfnTable.ColumnProperty(name=name, type=kind, comment=comment)
                    for name, kind, comment in places.COLUMNS
                ],
                location=f"{self._lake}{places.KEY_PREFIX}",
                input_format="org.apache.hadoop.mapred.TextInputFormat",
                output_format="org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat",
                serde_info=glue.CfnTable.SerdeInfoProperty(serialization_library=places.JSON_SERDE),
            ),
        )

    def _view(self, view: catalog.Statement) -> None:
        columns = view_columns(view.name)
        query = view_query(view, self.database_name)
        self._catalogue(
            f"View-{view.name}",
            name=view.name,
            description=view.english,
            table_type="VIRTUAL_VIEW",
            parameters=dict(PARAMETERS),
            view_original_text=encode_view(query, columns, self.database_name),
            view_expanded_text=EXPANDED_TEXT,
            storage_descriptor=glue.CfnTable.StorageDescriptorProperty(
                columns=[
                    glue.CfnTable.ColumnProperty(name=column.name, type=column.hive_type)
                    for column in columns
                ],
                # A view stores nothing; the catalogue wants the fields all the same.
                serde_info=glue.CfnTable.SerdeInfoProperty(name="-", serialization_library="-"),
            ),
        )

    def _catalogue(self, construct_id: str, **table: Any) -> None:
        made = glue.CfnTable(
            self,
            construct_id,
            catalog_id=Aws.ACCOUNT_ID,
            database_name=self.database_name,
            table_input=glue.CfnTable.TableInputProperty(**table),
        )
        made.add_resource_dependency(self._database)

    def _named_query(self, query: catalog.Statement) -> None:
        named = aws_athena.CfnNamedQuery(
            self,
            f"Query-{query.name}",
            name=query.name,
            description=_description(query),
            database=self.database_name,
            query_string=query.sql(lake_bucket="", database=self.database_name),
            work_group=self.workgroup_name,
        )
        named.add_resource_dependency(self._workgroup)

    def _prepared_statement(self, statement: catalog.Statement) -> None:
        prepared = aws_athena.CfnPreparedStatement(
            self,
            f"Prepared-{statement.name}",
            statement_name=statement.name,
            description=_description(statement),
            query_statement=statement.sql(lake_bucket="", database=self.database_name),
            work_group=self.workgroup_name,
        )
        prepared.add_resource_dependency(self._workgroup)

    def _make_workgroup(self, config: StageConfig) -> aws_athena.CfnWorkGroup:
        results = aws_athena.CfnWorkGroup.ResultConfigurationProperty(
            output_location=f"{self._lake}{ATHENA_RESULTS_PREFIX}",
            encryption_configuration=aws_athena.CfnWorkGroup.EncryptionConfigurationProperty(
                encryption_option="SSE_S3"
            ),
        )
        workgroup = aws_athena.CfnWorkGroup(
            self,
            "Workgroup",
            name=self.workgroup_name,
            description="Queries over what CrowdLens devices reported, each bounded in bytes",
            recursive_delete_option=not config.keep_data,
            work_group_configuration=aws_athena.CfnWorkGroup.WorkGroupConfigurationProperty(
                bytes_scanned_cutoff_per_query=config.athena_scan_limit_bytes,
                enforce_work_group_configuration=True,
                publish_cloud_watch_metrics_enabled=True,
                engine_version=aws_athena.CfnWorkGroup.EngineVersionProperty(
                    selected_engine_version="Athena engine version 3"
                ),
                result_configuration=results,
            ),
        )
        workgroup.apply_removal_policy(removal_policy(config))
        return workgroup


def _description(statement: catalog.Statement) -> str:
    return f"{statement.english} / {statement.korean}"[:_LONGEST_DESCRIPTION]
