"""The templates of the stages, each synthesised once a session, without network or credentials."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.node import node_path

Templates = dict[str, dict[str, Any]]
CONTEXTS: dict[str, dict[str, str]] = {
    "dev": {"stage": "dev"},
    "prod": {
        "stage": "prod",
        "account": "123456789012",
        "mysql_proxy": "on",
        "alarm_email": "ops@example.org",
        "quicksight_principal": "arn:aws:quicksight:ap-northeast-2:123456789012:group/default/crowdlens",
    },
    "without mysql": {"stage": "dev", "mysql": "off", "open_data": "off"},
}
"""What the CDK command line would be given with `-c`; dev fits any account, prod has all there is."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the first test of a stage the time of its synthesis on a busy machine."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.timeout(600))


@pytest.fixture(scope="session")
def synthesise(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Templates]:
    """Return a function from a name of `CONTEXTS` to its templates by stack name; each is made once."""
    os.environ["JSII_NODE"] = str(node_path())
    from aws_cdk import App

    from app import build_app, cdk_context
    from infra.config import read_config

    made: dict[str, Templates] = {}
    failed: dict[str, str] = {}

    def of_stage(stage: str) -> Templates:
        if stage in failed:
            pytest.fail(f"the templates of {stage} could not be made: {failed[stage]}")
        try:
            return synthesised(stage)
        except Exception as error:
            # Every other test of the stage would only wait for the same failure.
            failed[stage] = str(error)
            raise

    def synthesised(stage: str) -> Templates:
        if stage not in made:
            folder = tmp_path_factory.mktemp(stage)
            app = App(outdir=str(folder), context={**cdk_context(), **CONTEXTS[stage]})
            build_app(app, read_config(app.node.try_get_context))
            app.synth()
            made[stage] = {
                path.name.removesuffix(".template.json"): json.loads(path.read_text(encoding="utf-8"))
                for path in Path(folder).glob("*.template.json")
            }
        return made[stage]

    return of_stage


@pytest.fixture(params=["dev", "prod"])
def templates(request: pytest.FixtureRequest, synthesise: Callable[[str], Templates]) -> Templates:
    """The templates of one stage by stack name."""
    return synthesise(request.param)
