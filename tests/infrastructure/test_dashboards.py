"""What QuickSight is given is what its API accepts, for every stage, and only when it is wanted."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from infra.access.intrinsics import Place, Resolver
from infra.config import read_config
from infra.node import node_path
from quicksight.dashboards.catalog import DASHBOARDS
from quicksight.data_sets import DATA_SETS

pytestmark = pytest.mark.xdist_group("synth")
Template = dict[str, Any]
READER = "arn:aws:quicksight:us-east-1:111122223333:group/default/readers"
READS = ("Describe", "List", "Query")
PRINCIPALS = tuple(f"arn:aws:quicksight:us-east-1:111122223333:user/default/{name}" for name in ("ann", "bo"))


@pytest.fixture(scope="module", params=["dev", "prod"])
def template(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Template:
    """The dashboards stack of a stage, as it passed cdk-nag."""
    os.environ["JSII_NODE"] = str(node_path())
    from aws_cdk import App, Environment, Validations
    from cdk_nag import AwsSolutionsChecks

    from app import cdk_context
    from infra.stacks.dashboards import DashboardsStack

    rules = tmp_path_factory.mktemp("rules") / "site_rules.csv"
    rules.write_text("group,user,sites\nseoul,,seoul-1;seoul-2\n,kim,*\n", encoding="utf-8")
    config = read_config(
        {
            "stage": request.param,
            "region": "us-east-1",
            "account": "111122223333",
            "quicksight_principal": ",".join(PRINCIPALS),
            "quicksight_reader": READER,
            "dashboards_time_zone": "America/New_York",
            "site_rules": str(rules),
        }.get
    )
    assert config.dashboards is not None
    folder = tmp_path_factory.mktemp(request.param)
    app = App(outdir=str(folder), context=cdk_context())
    where = Environment(account=config.account, region=config.region)
    DashboardsStack(app, "dashboards", config=config, dashboards=config.dashboards, env=where)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    app.synth()
    return dict(json.loads(Path(folder, "dashboards.template.json").read_text(encoding="utf-8")))


@pytest.fixture(scope="module")
def service() -> Any:
    return botocore.session.get_session().get_service_model("quicksight")


def of_type(template: Template, kind: str) -> Iterator[dict[str, Any]]:
    """Yield the properties of each resource of a type, with its references resolved."""
    resolver = Resolver({"dashboards": template}, Place(region="us-east-1"))
    for resource in template["Resources"].values():
        if resource["Type"] == f"AWS::QuickSight::{kind}":
            yield resolver.plain(template, resource["Properties"])


@pytest.mark.parametrize(
    ("kind", "operation", "left_out"),
    [
        pytest.param("DataSource", "CreateDataSource", (), id="data source"),
        pytest.param(
            "DataSet", "CreateDataSet", ("IngestionWaitPolicy", "DataSetRefreshProperties"), id="data sets"
        ),
        pytest.param("Theme", "CreateTheme", (), id="theme"),
        pytest.param("Dashboard", "CreateDashboard", (), id="dashboard"),
        pytest.param("RefreshSchedule", "CreateRefreshSchedule", (), id="refresh schedules"),
    ],
)
def test_every_resource_is_what_its_call_accepts(
    kind: str, operation: str, left_out: tuple[str, ...], template: Template, service: Any
) -> None:
    shape = service.operation_model(operation).input_shape
    found = list(of_type(template, kind))
    assert found
    for properties in found:
        properties.pop("Tags", None)
        if kind == "RefreshSchedule":
            frequency = properties["Schedule"]["ScheduleFrequency"]
            if "TimeZone" in frequency:  # CloudFormation's spelling; the call's is Timezone
                frequency["Timezone"] = frequency.pop("TimeZone")
        members = {name: value for name, value in properties.items() if name not in left_out}
        assert ParamValidator().validate(members, shape).generate_report() == ""


def test_the_refresh_of_an_imported_data_set_is_what_its_call_accepts(
    template: Template, service: Any
) -> None:
    shape = service.operation_model("PutDataSetRefreshProperties").input_shape
    members = shape.members["DataSetRefreshProperties"]
    given = [
        one["DataSetRefreshProperties"]
        for one in of_type(template, "DataSet")
        if "DataSetRefreshProperties" in one
    ]
    assert len(given) == sum(data_set.time_column is not None for data_set in DATA_SETS) > 0
    for properties in given:
        assert ParamValidator().validate(properties, members).generate_report() == ""


def test_imported_data_sets_refresh_and_live_ones_do_not(template: Template) -> None:
    modes = {one["DataSetId"]: one["ImportMode"] for one in of_type(template, "DataSet")}
    refreshed: dict[str, set[str]] = {}
    for one in of_type(template, "RefreshSchedule"):
        refreshed.setdefault(one["DataSetId"], set()).add(one["Schedule"]["RefreshType"])
    assert set(refreshed) == {name for name, mode in modes.items() if mode == "SPICE"}
    known = {name for name, kinds in refreshed.items() if "INCREMENTAL_REFRESH" in kinds}
    given = {one["DataSetId"] for one in of_type(template, "DataSet") if "DataSetRefreshProperties" in one}
    assert known == given
    assert all("FULL_REFRESH" in kinds for kinds in refreshed.values())


def test_ids_are_the_stages_own_and_the_dashboard_reads_its_own_data_sets(template: Template) -> None:
    (source,) = of_type(template, "DataSource")
    stage = source["DataSourceId"].removesuffix("-athena")
    assert stage in ("crowdlens-dev", "crowdlens-prod")
    made = {
        f"arn:aws:quicksight:us-east-1:111122223333:dataset/{one['DataSetId']}"
        for one in of_type(template, "DataSet")
    }
    declared = {
        one["DataSetArn"]
        for dashboard in of_type(template, "Dashboard")
        for one in dashboard["Definition"]["DataSetIdentifierDeclarations"]
    }
    assert declared <= made
    assert all(f"dataset/{stage}-" in arn for arn in made)
    for one in of_type(template, "DataSet"):
        (table,) = one["PhysicalTableMap"].values()
        if not one["DataSetId"].endswith("-site-rules"):
            assert f"{stage.replace('-', '_')}." in table["CustomSql"]["SqlQuery"]


def test_every_principal_gets_everything_that_is_shared(template: Template) -> None:
    for kind in ("DataSource", "DataSet", "Theme"):
        for one in of_type(template, kind):
            assert tuple(entry["Principal"] for entry in one["Permissions"]) == PRINCIPALS


def test_a_reader_gets_every_dashboard_and_nothing_by_which_to_go_round_the_rules(template: Template) -> None:
    found = list(of_type(template, "Dashboard"))
    assert {one["DashboardId"].partition("-")[0] for one in found} == {"crowdlens"}
    assert len(found) == len(DASHBOARDS)
    for one in found:
        rights = {entry["Principal"]: set(entry["Actions"]) for entry in one["Permissions"]}
        assert set(rights) == {*PRINCIPALS, READER}
        assert rights[READER] < rights[PRINCIPALS[0]]
        assert not [action for action in rights[READER] if not action.split(":")[1].startswith(READS)]
    for kind in ("DataSource", "DataSet", "Theme"):
        assert READER not in str(list(of_type(template, kind)))


def test_every_data_set_of_a_site_is_held_to_the_rules(template: Template) -> None:
    held = {one["DataSetId"]: one.get("RowLevelPermissionDataSet") for one in of_type(template, "DataSet")}
    (rules,) = (name for name in held if name.endswith("-site-rules"))
    free = {name for name, rule in held.items() if rule is None}
    assert free == {rules, rules.replace("site-rules", "free-wifi")}
    for rule in filter(None, held.values()):
        assert rule["Arn"].endswith(f":dataset/{rules}")
        assert (rule["PermissionPolicy"], rule["Status"]) == ("GRANT_ACCESS", "ENABLED")


def test_degrees_are_said_to_be_degrees(template: Template) -> None:
    (wifi,) = (one for one in of_type(template, "DataSet") if one["DataSetId"].endswith("-free-wifi"))
    (table,) = wifi["LogicalTableMap"].values()
    assert table["Source"]["PhysicalTableId"] in wifi["PhysicalTableMap"]
    roles = {
        one["TagColumnOperation"]["ColumnName"]: one["TagColumnOperation"]["Tags"][0]["ColumnGeographicRole"]
        for one in table["DataTransforms"]
    }
    assert roles == {"latitude": "LATITUDE", "longitude": "LONGITUDE"}


def test_times_are_shown_on_the_clock_that_was_asked_for(template: Template) -> None:
    zones = {one["Definition"]["Options"]["Timezone"] for one in of_type(template, "Dashboard")}
    assert zones == {"America/New_York"}


def test_quicksight_asks_athena_by_a_role_that_only_it_may_take(template: Template) -> None:
    (source,) = of_type(template, "DataSource")
    parameters = source["DataSourceParameters"]["AthenaParameters"]
    assert parameters["RoleArn"].endswith("-quicksight-us-east-1")
    (role,) = (one for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Role")
    (statement,) = role["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "quicksight.amazonaws.com"}
    assert "aws:SourceAccount" in statement["Condition"]["StringEquals"]


def test_the_stack_is_made_only_when_there_is_a_principal(
    synthesise: Callable[[str], dict[str, Template]],
) -> None:
    assert not [name for name in synthesise("dev") if name.endswith("-dashboards")]
