"""`crowdlens destroy-plan` deletes a stack before those that it needs: held against the app's own word."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.teardown.plan import DELETION_ORDER
from infra.node import node_path

GROUP = "arn:aws:quicksight:eu-west-1:123456789012:group/default/crowdlens"


@pytest.mark.timeout(600)
def test_every_stack_of_the_app_goes_before_those_that_it_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JSII_NODE", str(node_path()))
    from aws_cdk import App, Stack

    from app import build_app, cdk_context
    from infra.config import read_config

    app = App(outdir=str(tmp_path), context={**cdk_context(), "stage": "dev", "quicksight_principal": GROUP})
    build_app(app, read_config(app.node.try_get_context))
    needs = {
        _last_name(stack.stack_name): {_last_name(one.stack_name) for one in stack.dependencies}
        for stack in app.node.children
        if isinstance(stack, Stack)
    }
    assert sorted(needs) == sorted(DELETION_ORDER)
    # An import of the other's exports becomes a dependency only when templates are written.
    needs["database"].add("network")
    needs["live-map"] |= {"network", "database"}
    early = [
        (name, needed)
        for name, others in needs.items()
        for needed in others
        if DELETION_ORDER.index(needed) < DELETION_ORDER.index(name)
    ]
    assert early == []


def _last_name(stack: str) -> str:
    return stack.removeprefix("crowdlens-dev-")
