"""What the fleet's templates say, and that the services would take it: botocore's shapes, moto for IoT."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.session import get_session
from botocore.validate import ParamValidator
from moto import mock_aws

from infra.config import ConfigError, read_config
from infra.fleet.components import load_components
from infra.fleet.jobs import OPERATIONS
from infra.fleet.targets import GROUPS
from infra.node import node_path

pytestmark = pytest.mark.xdist_group("synth")
Template = dict[str, Any]
Plain = Callable[[Any], Any]
OfKind = Callable[[Template, str], list[dict[str, Any]]]
ACCOUNT = "123456789012"
EVERYWHERE = ("fleet_agent", "libraries", "local_view", "model_store", "publisher", "root_helper", "vision")
"""What every device runs; the bridge to DeepStream only where the context says so."""
REGION = "ap-northeast-2"
FREE_TEXT_KEYS = ("components", "tags")
"""Members whose own keys are names that we chose: they keep their spelling."""
OTHER_NAMES = {"exponentialRolloutRate": "exponentialRate", "retryCriteriaList": "criteriaList"}
"""What CloudFormation's job template calls otherwise than the API."""


def api_spelling(value: Any, *, inside: str = "") -> Any:
    """Return CloudFormation's ``PascalCase`` properties in the ``camelCase`` of the service's API."""
    if isinstance(value, list):
        return [api_spelling(item, inside=inside) for item in value]
    if not isinstance(value, dict):
        return value
    keep = inside in FREE_TEXT_KEYS
    spelled = {}
    for key, item in value.items():
        name = key if keep else key[0].lower() + key[1:]
        spelled[OTHER_NAMES.get(name, name)] = api_spelling(item, inside=name)
    return spelled


def refusals(service: str, operation: str, parameters: dict[str, Any]) -> str:
    """Return what botocore would object to in a call of `operation`, without making it."""
    shape = get_session().get_service_model(service).operation_model(operation).input_shape
    assert shape is not None
    return str(ParamValidator().validate(parameters, shape).generate_report())


@pytest.mark.parametrize(
    ("parameters", "objection"),
    [
        pytest.param(
            {"targetArn": "arn", "components": {"a": {"version": "1"}}}, "version", id="a wrong key"
        ),
        pytest.param({"components": {}}, "targetArn", id="a key that is missing"),
    ],
)
def test_the_validator_objects(parameters: dict[str, Any], objection: str) -> None:
    assert objection in refusals("greengrassv2", "CreateDeployment", parameters)


def test_greengrass_would_take_every_component_version(
    components: Template, of_kind: OfKind, plain: Plain
) -> None:
    versions = of_kind(components, "AWS::GreengrassV2::ComponentVersion")
    assert len(versions) == len(load_components())
    for version in versions:
        recipe = plain(version["InlineRecipe"])
        assert refusals("greengrassv2", "CreateComponentVersion", {"inlineRecipe": recipe.encode()}) == ""
        assert len(recipe.encode()) <= 16_000


def test_recipes_carry_the_stage_and_the_artifacts_bucket(
    stage: str, components: Template, of_kind: OfKind, plain: Plain
) -> None:
    for version in of_kind(components, "AWS::GreengrassV2::ComponentVersion"):
        recipe = json.loads(plain(version["InlineRecipe"]))
        name, number = recipe["ComponentName"], recipe["ComponentVersion"]
        assert name.startswith(f"com.crowdlens.{stage}.")
        for dependency in recipe.get("ComponentDependencies", {}):
            assert dependency.startswith((f"com.crowdlens.{stage}.", "aws.greengrass."))
        for manifest in recipe["Manifests"]:
            for artifact in manifest["Artifacts"]:
                folder = f"s3://crowdlens-{stage}-artifacts-{ACCOUNT}-{REGION}/components/{name}/{number}/"
                assert artifact["Uri"].startswith(folder)
        text = json.dumps(recipe)
        assert not [
            word for word in ("BUCKET_NAME", "COMPONENT_", "PYTHON_VERSION", "PYTHON_TAG") if word in text
        ]


def test_every_group_with_a_python_gets_the_libraries_for_it(
    stage: str, components: Template, of_kind: OfKind, plain: Plain
) -> None:
    deployments = {
        plain(deployment["TargetArn"]).rpartition("/")[2]: deployment["Components"]
        for deployment in of_kind(components, "AWS::GreengrassV2::Deployment")
    }
    software = [group for group in GROUPS if group.python is not None]
    assert set(deployments) == {f"crowdlens-{stage}-{group.name}" for group in software}
    for group in software:
        running = deployments[f"crowdlens-{stage}-{group.name}"]
        assert set(running) == {f"com.crowdlens.{stage}.{name}" for name in EVERYWHERE}
        libraries = running[f"com.crowdlens.{stage}.libraries"]["ComponentVersion"]
        assert libraries.startswith(f"{group.python}.")


def test_deployments_start_slowly_stop_when_they_fail_and_are_rolled_back(
    components: Template, of_kind: OfKind
) -> None:
    for deployment in of_kind(components, "AWS::GreengrassV2::Deployment"):
        assert deployment["DeploymentPolicies"]["FailureHandlingPolicy"] == "ROLLBACK"
        job = deployment["IotJobConfiguration"]
        rate = job["JobExecutionsRolloutConfig"]["ExponentialRate"]
        assert rate["BaseRatePerMinute"] < job["JobExecutionsRolloutConfig"]["MaximumPerMinute"]
        stops = {one["FailureType"]: one["Action"] for one in job["AbortConfig"]["CriteriaList"]}
        assert stops == {"FAILED": "CANCEL", "REJECTED": "CANCEL", "TIMED_OUT": "CANCEL"}
        assert job["TimeoutConfig"]["InProgressTimeoutInMinutes"] > 60


def test_greengrass_would_take_every_deployment(components: Template, of_kind: OfKind, plain: Plain) -> None:
    for deployment in of_kind(components, "AWS::GreengrassV2::Deployment"):
        parameters = api_spelling(plain(deployment))
        # CloudFormation takes a list of tags or a map; the API takes a map.
        parameters.pop("tags", None)
        assert refusals("greengrassv2", "CreateDeployment", parameters) == ""


def test_the_publisher_is_told_the_stages_queue(
    stage: str, components: Template, of_kind: OfKind, plain: Plain
) -> None:
    for deployment in of_kind(components, "AWS::GreengrassV2::Deployment"):
        publisher = deployment["Components"][f"com.crowdlens.{stage}.publisher"]
        assert json.loads(plain(publisher["ConfigurationUpdate"]["Merge"])) == {
            "queueUrl": f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/crowdlens-{stage}-ingest",
            "profile": "live",
        }


def merged(components: Template, stage: str, name: str, of_kind: OfKind, plain: Plain) -> dict[str, Any]:
    """Return what each group sets in the configuration of the component `name`."""
    found = {}
    for deployment in of_kind(components, "AWS::GreengrassV2::Deployment"):
        specification = deployment["Components"].get(f"com.crowdlens.{stage}.{name}", {})
        update = specification.get("ConfigurationUpdate", {}).get("Merge")
        group = plain(deployment["TargetArn"]).rpartition("/")[2].removeprefix(f"crowdlens-{stage}-")
        if update is not None:
            found[group] = json.loads(plain(update))
    return found


def test_scenes_and_models_are_read_from_the_stages_bucket(
    stage: str, components: Template, of_kind: OfKind, plain: Plain
) -> None:
    bucket = f"crowdlens-{stage}-artifacts-{ACCOUNT}-{REGION}"
    for name in ("vision", "model_store"):
        found = merged(components, stage, name, of_kind, plain)
        assert set(found) == {group.name for group in GROUPS if group.python}
        assert {json.dumps(one) for one in found.values()} == {json.dumps({"artifactsBucket": bucket})}


def test_a_group_runs_the_model_and_the_bridge_that_the_context_names(
    tmp_path: Path, of_kind: OfKind, plain: Plain
) -> None:
    key = tmp_path / "models.pem"
    key.write_text("-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n", encoding="ascii")
    template = synthesised(
        tmp_path,
        models={"jetson-jetpack6": "person_demo@2"},
        deepstream="jetson-jetpack7=/var/tmp/kitti",
        model_signing_key=str(key),
    )
    stores = merged(template, "dev", "model_store", of_kind, plain)
    assert {group: one.get("model") for group, one in stores.items()} == {
        "jetson-jetpack6": "person_demo@2",
        "jetson-jetpack7": None,
        "rpi": None,
        "server": None,
        "nuc": None,
    }
    assert all(one["signingKey"].startswith("-----BEGIN PUBLIC KEY-----") for one in stores.values())
    bridges = merged(template, "dev", "deepstream_bridge", of_kind, plain)
    assert bridges == {"jetson-jetpack7": {"kittiFolder": "/var/tmp/kitti"}}


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        pytest.param(
            {"models": "jetson=person_demo@1"}, "models names group 'jetson'", id="a group of groups"
        ),
        pytest.param(
            {"models": "rpi=person_demo"}, "models names 'person_demo': expected NAME@", id="no version"
        ),
        pytest.param({"models": "rpi"}, "models is 'rpi': expected GROUP=NAME@VERSION", id="no model"),
        pytest.param({"deepstream": {"rpi": "kitti"}}, "deepstream names 'kitti'", id="a relative folder"),
        pytest.param({"model_signing_key": "/nowhere.pem"}, "cannot be read: expected a PEM", id="no key"),
    ],
)
def test_what_no_group_can_run_is_told(context: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        read_config({"stage": "dev", "region": REGION, **context}.get)


def test_only_the_root_helper_is_root(components: Template, of_kind: OfKind) -> None:
    """Its files are root's, too: whoever could change them would be root with the next start."""
    for deployment in of_kind(components, "AWS::GreengrassV2::Deployment"):
        users = {name: one.get("RunWith") for name, one in deployment["Components"].items()}
        assert {name for name, user in users.items() if user is not None} == {
            name for name in users if name.endswith(".root_helper")
        }
        assert [user for user in users.values() if user] == [{"PosixUser": "root:root"}]


def synthesised(folder: Path, **context: Any) -> Template:
    """Return the components stack of stage dev under `context`."""
    os.environ["JSII_NODE"] = str(node_path())
    from aws_cdk import App, Environment

    from infra.stacks.components import ComponentsStack

    app = App(outdir=str(folder))
    config = read_config({"stage": "dev", "region": REGION, "account": ACCOUNT, **context}.get)
    place = Environment(account=ACCOUNT, region=REGION)
    ComponentsStack(app, "components", config=config, env=place)
    app.synth()
    template: Template = json.loads((folder / "components.template.json").read_text("utf-8"))
    return template


def test_a_deployment_waits_for_its_component_versions(components: Template) -> None:
    for resource in components["Resources"].values():
        if resource["Type"] == "AWS::GreengrassV2::Deployment":
            assert len(resource["DependsOn"]) == len(resource["Properties"]["Components"])


def test_the_template_lets_the_hook_say_who_a_device_is(
    stage: str, fleet: Template, of_kind: OfKind, plain: Plain
) -> None:
    (template,) = of_kind(fleet, "AWS::IoT::ProvisioningTemplate")
    body = json.loads(plain(template["TemplateBody"]))
    thing = body["Resources"]["thing"]["Properties"]
    assert (thing["ThingName"], thing["ThingGroups"]) == ({"Ref": "DeviceName"}, [{"Ref": "DeviceGroup"}])
    assert thing["AttributePayload"]["site"] == {"Ref": "Site"}
    certificate = body["Resources"]["certificate"]["Properties"]
    assert certificate["ThingPrincipalType"] == "EXCLUSIVE_THING"
    attached = {
        one["Properties"]["PolicyName"]
        for one in body["Resources"].values()
        if one["Type"] == "AWS::IoT::Policy"
    }
    made = {policy["PolicyName"] for policy in of_kind(fleet, "AWS::IoT::Policy")}
    assert attached == made - {f"crowdlens-{stage}-claim"}
    assert (template["Enabled"], template["TemplateType"]) == (True, "FLEET_PROVISIONING")
    assert template["PreProvisioningHook"]["PayloadVersion"] == "2020-04-01"
    assert len(template["TemplateName"]) <= 36


def test_aws_iot_would_take_the_template(fleet: Template, of_kind: OfKind, plain: Plain) -> None:
    (template,) = of_kind(fleet, "AWS::IoT::ProvisioningTemplate")
    parameters = api_spelling(plain(template))
    parameters["type"] = parameters.pop("templateType")
    parameters.pop("tags", None)
    assert refusals("iot", "CreateProvisioningTemplate", parameters) == ""


def test_the_hook_answers_aws_iot_and_sees_devices_only(
    fleet: Template, of_kind: OfKind, plain: Plain
) -> None:
    (permission,) = of_kind(fleet, "AWS::Lambda::Permission")
    assert permission["Principal"] == "iot.amazonaws.com"
    assert plain(permission["SourceAccount"]) == ACCOUNT
    (template,) = of_kind(fleet, "AWS::IoT::ProvisioningTemplate")
    owner = f"arn:aws:iot:{REGION}:{ACCOUNT}:provisioningtemplate/{template['TemplateName']}"
    assert plain(permission["SourceArn"]) == owner
    (function,) = of_kind(fleet, "AWS::Lambda::Function")
    assert function["Timeout"] <= 5
    statements = [
        statement
        for policy in of_kind(fleet, "AWS::IAM::Policy")
        for statement in policy["PolicyDocument"]["Statement"]
    ]
    (table,) = (one for one in statements if "dynamodb:PutItem" in one["Action"])
    assert table["Condition"] == {
        "ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["device#*", "serial#*"]}
    }
    assert not {"dynamodb:Scan", "dynamodb:DeleteItem"} & set(table["Action"])


def test_job_templates_name_an_operation_and_never_a_command(
    stage: str, fleet: Template, of_kind: OfKind
) -> None:
    templates = {one["JobTemplateId"]: one for one in of_kind(fleet, "AWS::IoT::JobTemplate")}
    assert len(templates) == len(OPERATIONS)
    for template in templates.values():
        document = json.loads(template["Document"])
        assert set(document) == {"version", "operation", "arguments"}
        assert document["operation"] in {operation.name for operation in OPERATIONS}
        assert refusals("iot", "CreateJobTemplate", {**api_spelling(template), "tags": []}) == ""
    (upgrade,) = (
        template for name, template in templates.items() if f"crowdlens-{stage}-upgrade-packages-" in name
    )
    assert "JobExecutionsRetryConfig" not in upgrade
    assert {output["Value"] for key, output in fleet["Outputs"].items() if key.startswith("Job")} == set(
        templates
    )


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"description": "Report it all"}, id="a word of its description"),
        pytest.param({"minutes": 11}, id="a minute of its time"),
        pytest.param({"retries": 1}, id="a retry"),
        pytest.param({"arguments": {"deep": True}}, id="an argument"),
    ],
)
def test_a_job_template_that_changed_has_another_id(changed: dict[str, Any]) -> None:
    operation = OPERATIONS[0]
    tags = {"stage": "dev"}
    before = operation.template_id("crowdlens-dev", tags)
    assert before == replace(operation).template_id("crowdlens-dev", tags)
    assert replace(operation, **changed).template_id("crowdlens-dev", tags) != before
    assert operation.template_id("crowdlens-dev", {**tags, "team": "a"}) != before
    assert len(before) <= 64


@mock_aws
def test_moto_makes_the_policies_the_groups_and_the_role_alias(
    stage: str, fleet: Template, of_kind: OfKind, plain: Plain, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    client: Any = boto3.client("iot", region_name=REGION)
    for policy in of_kind(fleet, "AWS::IoT::Policy"):
        document = json.dumps(plain(policy["PolicyDocument"]))
        client.create_policy(policyName=policy["PolicyName"], policyDocument=document)
    for group in of_kind(fleet, "AWS::IoT::ThingGroup"):
        parent = {"parentGroupName": group["ParentGroupName"]} if "ParentGroupName" in group else {}
        client.create_thing_group(thingGroupName=group["ThingGroupName"], **parent)
    (alias,) = of_kind(fleet, "AWS::IoT::RoleAlias")
    client.create_role_alias(roleAlias=alias["RoleAlias"], roleArn=plain(alias["RoleArn"]))
    for template in of_kind(fleet, "AWS::IoT::JobTemplate"):
        parameters = {key: value for key, value in api_spelling(template).items() if key != "tags"}
        client.create_job_template(**parameters)

    # What the provisioning template asks of AWS IoT, done by hand: moto knows no such templates.
    certificate = client.create_keys_and_certificate(setAsActive=True)
    client.create_thing(thingName="jetson-7", attributePayload={"attributes": {"site": "seoul-1"}})
    client.attach_thing_principal(thingName="jetson-7", principal=certificate["certificateArn"])
    group_name = f"crowdlens-{stage}-jetson-jetpack6"
    client.add_thing_to_thing_group(thingGroupName=group_name, thingName="jetson-7")
    for name in ("device-core", "device-deployments", "device-cameras"):
        client.attach_policy(policyName=f"crowdlens-{stage}-{name}", target=certificate["certificateArn"])
    attached = client.list_attached_policies(target=certificate["certificateArn"])["policies"]
    assert len(attached) == 3
    parents = client.describe_thing_group(thingGroupName=group_name)["thingGroupMetadata"]
    assert parents["parentGroupName"] == f"crowdlens-{stage}-jetson"


def test_device_logs_stay_on_the_device(fleet: Template, components: Template, of_kind: OfKind) -> None:
    """Who deploys a log manager adds its rights and its groups: neither waits here for nothing."""
    names = {
        name for one in of_kind(components, "AWS::GreengrassV2::Deployment") for name in one["Components"]
    }
    assert names
    assert not [name for name in names if "LogManager" in name]
    (role,) = (one for one in of_kind(fleet, "AWS::IAM::Role") if "-device-" in one.get("RoleName", ""))
    assert "logs:" not in json.dumps(role)
    groups = of_kind(fleet, "AWS::Logs::LogGroup")
    assert [one["LogGroupName"].rpartition("-")[2] for one in groups] == ["provisioning"]


def test_a_component_that_changed_without_a_new_version_stops_synth(
    monkeypatch: pytest.MonkeyPatch, fleet: Template
) -> None:
    from aws_cdk import App

    from infra.config import read_config
    from infra.fleet import versions
    from infra.stacks import components as stack

    changed = dict.fromkeys([("com.crowdlens.libraries", "3.10.1")], "0" * 64)
    monkeypatch.setattr(stack, "read_versions", lambda: changed)
    config = read_config({"stage": "dev", "region": REGION}.get)
    with pytest.raises(versions.VersionsLockError, match="changed but its version is still"):
        stack.ComponentsStack(App(), "changed", config=config)
