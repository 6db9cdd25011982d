"""The fleet's two stacks, synthesised once a session without network or credentials."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

import pytest

from infra.config import read_config
from infra.fleet.places import Places
from infra.node import node_path

Template = dict[str, Any]
ACCOUNT = "123456789012"
_TOKENS = {"AWS::Partition": "aws", "AWS::AccountId": ACCOUNT, "AWS::URLSuffix": "amazonaws.com"}


@pytest.fixture(scope="session")
def fleet_templates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[Template, Template]]:
    """Return a function from a stage to the templates of its fleet and components stacks."""
    os.environ["JSII_NODE"] = str(node_path())
    from aws_cdk import App, Environment

    from infra.stacks.components import ComponentsStack
    from infra.stacks.fleet import FleetStack

    made: dict[str, tuple[Template, Template]] = {}

    def of_stage(stage: str) -> tuple[Template, Template]:
        if stage not in made:
            folder = tmp_path_factory.mktemp(f"fleet-{stage}")
            context = {"stage": stage, "region": "ap-northeast-2", "account": ACCOUNT}
            app = App(outdir=str(folder))
            config = read_config(context.get)
            place = Environment(account=config.account, region=config.region)
            FleetStack(app, "fleet", config=config, env=place)
            ComponentsStack(app, "components", config=config, env=place)
            app.synth()
            fleet, components = (
                json.loads((folder / f"{name}.template.json").read_text(encoding="utf-8"))
                for name in ("fleet", "components")
            )
            made[stage] = (fleet, components)
        return made[stage]

    return of_stage


@pytest.fixture(params=["dev", "prod"])
def stage(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def fleet(stage: str, fleet_templates: Callable[[str], tuple[Template, Template]]) -> Template:
    """The template of the fleet stack."""
    return fleet_templates(stage)[0]


@pytest.fixture
def components(stage: str, fleet_templates: Callable[[str], tuple[Template, Template]]) -> Template:
    """The template of the components stack."""
    return fleet_templates(stage)[1]


@pytest.fixture
def places() -> Places:
    """One stage in one account, with the longest region there is."""
    config = read_config({"stage": "prod", "region": "ap-northeast-2", "account": ACCOUNT}.get)
    return Places(config, "aws-us-gov", "ap-southeast-7", ACCOUNT)


@pytest.fixture(scope="session")
def plain() -> Callable[[Any], Any]:
    """Return a function that writes out what CloudFormation would put in for joins and pseudo parameters."""

    def write_out(value: Any) -> Any:
        if isinstance(value, list):
            return [write_out(item) for item in value]
        if not isinstance(value, dict):
            return value
        if set(value) == {"Fn::Join"}:
            separator, parts = value["Fn::Join"]
            return str(separator).join(str(write_out(part)) for part in parts)
        if set(value) == {"Ref"}:
            return {**_TOKENS, "AWS::Region": "ap-northeast-2"}.get(value["Ref"], f"ref-{value['Ref']}")
        if set(value) == {"Fn::GetAtt"}:
            return f"arn:aws:iam::{ACCOUNT}:role/{value['Fn::GetAtt'][0]}"
        return {key: write_out(item) for key, item in value.items()}

    return write_out


@pytest.fixture(scope="session")
def of_kind() -> Callable[[Template, str], list[dict[str, Any]]]:
    """Return a function from a template and a type to the properties of its resources."""

    def properties(template: Template, kind: str) -> list[dict[str, Any]]:
        return [one["Properties"] for one in template["Resources"].values() if one["Type"] == kind]

    return properties
