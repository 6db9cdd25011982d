"""QuickSight: the Athena source with a role of its own, data sets, theme, dashboards, refreshes, permissions.

The account's subscription to QuickSight is made by hand, once (docs/deploy.md); everything else is here, and
goes with its stack: a data set without its source, or a dashboard without its theme, would show nothing.
Deployed again, everything has its id again, and readers' own analyses find their data sets.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from aws_cdk import Acknowledgment, Aws, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_quicksight as quicksight
from constructs import Construct

from contract.lake import COMPACTED_PREFIX, RAW_PREFIX
from infra.acknowledgements import acknowledge_wildcard
from infra.config import DashboardsConfig, StageConfig
from infra.lake_prefixes import OPEN_DATA_PREFIXES
from infra.stacks.storage import ATHENA_RESULTS_PREFIX
from quicksight.dashboard import Dashboard
from quicksight.dashboards.catalog import DASHBOARDS
from quicksight.data_set import (
    DataSet,
    logical_table_map,
    physical_table_map,
    refresh_properties,
    refresh_schedules,
    sql_in,
)
from quicksight.data_sets import DATA_SETS
from quicksight.permissions import (
    DASHBOARD_OWNER,
    DASHBOARD_READER,
    DATA_SET_OWNER,
    DATA_SOURCE_OWNER,
    THEME_OWNER,
)
from quicksight.row_security import is_held_to_rules, row_level_permission, rules_data_set
from quicksight.theme import BASE_THEME_ID, THEME_ID, THEME_NAME, theme_configuration

READ_PREFIXES = (RAW_PREFIX, COMPACTED_PREFIX, OPEN_DATA_PREFIXES[0])
_UNKNOWN_TO_CLOUDFORMATION = ("VisualMessages",)
"""Options that QuickSight's API takes and CloudFormation's schema refuses; the text for "no data" is one."""


class DashboardsStack(Stack):
    """Exposes `role`, by which QuickSight asks Athena; `analytics` must be deployed before."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        config: StageConfig,
        dashboards: DashboardsConfig,
        **kwargs: Any,
    ) -> None:
        super().__init__(scope, construct_id, **kwargs)
        self._config = config
        self._dashboards = dashboards
        self._principals = dashboards.principal_arns
        self.role = self._role()
        source = self._data_source()
        self._rules = self._site_rules(source)
        sets = {data_set: self._data_set(data_set, source) for data_set in DATA_SETS}
        theme = self._theme()
        for dashboard in DASHBOARDS:
            self._dashboard(dashboard, theme, [sets[data_set] for data_set in dashboard.data_sets])

    def _id(self, fixed: str) -> str:
        """Return the id in the account: ids are fixed for ever, and two stages may share an account."""
        return fixed.replace("crowdlens-", f"{self._config.prefix}-", 1)

    def _arn(self, kind: str, identifier: str) -> str:
        return f"arn:{Aws.PARTITION}:quicksight:{Aws.REGION}:{Aws.ACCOUNT_ID}:{kind}/{identifier}"

    def _role(self) -> iam.Role:
        config = self._config
        lake = config.lake_arn(Aws.PARTITION, Aws.ACCOUNT_ID)
        role = iam.Role(
            self,
            "Role",
            role_name=config.role_name("quicksight"),
            description="What QuickSight may do to ask Athena about the lake",
            assumed_by=iam.ServicePrincipal(
                "quicksight.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            ),
        )
        for actions, resources in _needs(config, lake):
            role.add_to_policy(iam.PolicyStatement(actions=list(actions), resources=list(resources)))
        acknowledged = config.lake_arn("<AWS::Partition>", "<AWS::AccountId>")
        for prefix in READ_PREFIXES:
            acknowledge_wildcard(role, f"{acknowledged}/{prefix}*", "a query reads any object of its tables")
        acknowledge_wildcard(
            role, f"{acknowledged}/{ATHENA_RESULTS_PREFIX}*", "Athena names the objects of its answers itself"
        )
        acknowledge_wildcard(
            role,
            f"arn:<AWS::Partition>:glue:<AWS::Region>:<AWS::AccountId>:table/{config.database_name}/*",
            "the tables and views of our own database, which gain with every release",
        )
        return role

    def _data_source(self) -> quicksight.CfnDataSource:
        source = quicksight.CfnDataSource(
            self,
            "DataSource",
            aws_account_id=Aws.ACCOUNT_ID,
            data_source_id=f"{self._config.prefix}-athena",
            name=f"CrowdLens {self._config.stage}",
            type="ATHENA",
            data_source_parameters=quicksight.CfnDataSource.DataSourceParametersProperty(
                athena_parameters=quicksight.CfnDataSource.AthenaParametersProperty(
                    work_group=self._config.workgroup_name,
                    # Spares the click that would let QuickSight's own role into Athena and the bucket.
                    role_arn=self.role.role_arn,
                )
            ),
            permissions=self._permissions(
                quicksight.CfnDataSource.ResourcePermissionProperty, DATA_SOURCE_OWNER
            ),
        )
        # QuickSight tries the role when the source is made: its policy must be there.
        source.node.add_dependency(self.role)
        return source

    def _site_rules(self, source: quicksight.CfnDataSource) -> quicksight.CfnDataSet | None:
        rules = self._dashboards.site_rules
        return None if rules is None else self._data_set(rules_data_set(rules), source, holds_rules=True)

    def _data_set(
        self, data_set: DataSet, source: quicksight.CfnDataSource, *, holds_rules: bool = False
    ) -> quicksight.CfnDataSet:
        identifier = self._id(data_set.data_set_id)
        made = quicksight.CfnDataSet(
            self,
            f"DataSet-{data_set.identifier}",
            aws_account_id=Aws.ACCOUNT_ID,
            data_set_id=identifier,
            name=str(data_set.label),
            import_mode=data_set.import_mode.value,
            permissions=self._permissions(quicksight.CfnDataSet.ResourcePermissionProperty, DATA_SET_OWNER),
            # A deployment must not fail because a first import is slow or the lake is empty.
            ingestion_wait_policy=quicksight.CfnDataSet.IngestionWaitPolicyProperty(
                wait_for_spice_ingestion=False
            ),
        )
        sql = sql_in(data_set, self._config.database_name)
        made.add_property_override("PhysicalTableMap", physical_table_map(data_set, source.attr_arn, sql))
        if (logical := logical_table_map(data_set)) is not None:
            made.add_property_override("LogicalTableMap", logical)
        if not holds_rules and self._rules is not None and is_held_to_rules(data_set):
            rules_arn = self._arn("dataset", self._rules.data_set_id or "")
            made.add_property_override("RowLevelPermissionDataSet", row_level_permission(rules_arn))
            made.add_resource_dependency(self._rules)
        if (properties := refresh_properties(data_set)) is not None:
            made.add_property_override("DataSetRefreshProperties", properties)
        for schedule in refresh_schedules(data_set):
            self._schedule(data_set, schedule, made)
        return made

    def _schedule(self, data_set: DataSet, schedule: dict[str, Any], made: quicksight.CfnDataSet) -> None:
        refresh = quicksight.CfnRefreshSchedule(
            self,
            f"Refresh-{data_set.identifier}-{schedule['ScheduleId']}",
            aws_account_id=Aws.ACCOUNT_ID,
            data_set_id=self._id(data_set.data_set_id),
        )
        refresh.add_property_override("Schedule", schedule)
        refresh.add_resource_dependency(made)

    def _theme(self) -> quicksight.CfnTheme:
        theme = quicksight.CfnTheme(
            self,
            "Theme",
            aws_account_id=Aws.ACCOUNT_ID,
            theme_id=self._id(THEME_ID),
            name=THEME_NAME,
            base_theme_id=BASE_THEME_ID,
            # Replaced below by what the builders made: CDK's own classes spell every member differently.
            configuration=quicksight.CfnTheme.ThemeConfigurationProperty(),
            permissions=self._permissions(quicksight.CfnTheme.ResourcePermissionProperty, THEME_OWNER),
        )
        theme.add_property_override("Configuration", theme_configuration())
        return theme

    def _dashboard(
        self, dashboard: Dashboard, theme: quicksight.CfnTheme, sets: Sequence[quicksight.CfnDataSet]
    ) -> None:
        permission = quicksight.CfnDashboard.ResourcePermissionProperty
        made = quicksight.CfnDashboard(
            self,
            _construct_id(dashboard),
            aws_account_id=Aws.ACCOUNT_ID,
            dashboard_id=self._id(dashboard.dashboard_id),
            name=str(dashboard.name),
            theme_arn=theme.attr_arn,
            permissions=[
                *self._permissions(permission, DASHBOARD_OWNER),
                *_granted(permission, self._dashboards.reader_arns, DASHBOARD_READER),
            ],
        )
        definition = dashboard.definition(
            time_zone=self._dashboards.time_zone,
            data_set_arn=lambda identifier: self._arn("dataset", self._id(identifier)),
        )
        for option in _UNKNOWN_TO_CLOUDFORMATION:
            definition["Options"].pop(option, None)
        made.add_property_override("Definition", definition)
        for data_set in sets:
            made.add_resource_dependency(data_set)
        # A QuickSight parameter is written ${Name}: CloudFormation leaves it alone outside Fn::Sub, but the
        # validation takes it for a substitution that was forgotten.
        Validations.of(made).acknowledge(
            Acknowledgment(
                id="CloudFormation-Validate::E1029",
                reason="${Name} in a definition is QuickSight's parameter",
            )
        )

    def _permissions(self, made_of: Any, actions: Sequence[str]) -> list[Any]:
        return _granted(made_of, self._principals, actions)


def _granted(made_of: Any, principals: Sequence[str], actions: Sequence[str]) -> list[Any]:
    return [made_of(principal=principal, actions=list(actions)) for principal in principals]


def _construct_id(dashboard: Dashboard) -> str:
    """Return the id in the template; the first dashboard had it before there were others."""
    name = dashboard.dashboard_id.removeprefix("crowdlens-")
    return "Dashboard" if name == "operations" else f"Dashboard-{name}"


def _needs(config: StageConfig, lake: str) -> Sequence[tuple[Sequence[str], Sequence[str]]]:
    """Return actions and resources of a query: its workgroup, our catalogue, the lake, its answer."""
    here = f"{Aws.REGION}:{Aws.ACCOUNT_ID}"
    athena = f"arn:{Aws.PARTITION}:athena:{here}"
    glue = f"arn:{Aws.PARTITION}:glue:{here}"
    return (
        (
            (
                "athena:GetQueryExecution",
                "athena:GetQueryResults",
                "athena:GetQueryResultsStream",
                "athena:GetWorkGroup",
                "athena:StartQueryExecution",
                "athena:StopQueryExecution",
            ),
            (f"{athena}:workgroup/{config.workgroup_name}",),
        ),
        (
            ("athena:GetDataCatalog", "athena:GetTableMetadata", "athena:ListTableMetadata"),
            (f"{athena}:datacatalog/AwsDataCatalog",),
        ),
        (
            ("glue:GetDatabase", "glue:GetPartitions", "glue:GetTable", "glue:GetTables"),
            (
                f"{glue}:catalog",
                f"{glue}:database/{config.database_name}",
                f"{glue}:table/{config.database_name}/*",
            ),
        ),
        (("s3:GetBucketLocation", "s3:ListBucket"), (lake,)),
        (("s3:GetObject",), tuple(f"{lake}/{prefix}*" for prefix in (*READ_PREFIXES, ATHENA_RESULTS_PREFIX))),
        (("s3:AbortMultipartUpload", "s3:PutObject"), (f"{lake}/{ATHENA_RESULTS_PREFIX}*",)),
    )
