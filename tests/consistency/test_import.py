"""What docs/runbooks/remove_prod.md takes in again: a bucket that is imported may name buckets only."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.node import node_path

CONTEXT = {"stage": "prod", "account": "123456789012", "mysql": "off", "open_data": "off"}
NAMED = re.compile(r'"(?:Ref|Fn::GetAtt)": \[?"([^"]+)"')


@pytest.fixture
def buckets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, Any]]:
    """Return the buckets of prod's storage stack, which is all that `cdk import` would send."""
    monkeypatch.setenv("JSII_NODE", str(node_path()))
    from aws_cdk import App, Environment

    from app import cdk_context
    from infra.config import read_config
    from infra.stacks.storage import StorageStack

    app = App(outdir=str(tmp_path), context={**cdk_context(), **CONTEXT})
    config = read_config(app.node.try_get_context)
    environment = Environment(account=config.account, region=config.region)
    StorageStack(app, "crowdlens-prod-storage", config=config, env=environment)
    app.synth()
    text = (tmp_path / "crowdlens-prod-storage.template.json").read_text(encoding="utf-8")
    resources: dict[str, dict[str, Any]] = json.loads(text)["Resources"]
    return {name: one for name, one in resources.items() if one["Type"] == "AWS::S3::Bucket"}


@pytest.mark.timeout(600)
def test_no_bucket_refers_to_what_went_with_the_stack(buckets: dict[str, dict[str, Any]]) -> None:
    assert len(buckets) == 4
    for bucket in buckets.values():
        assert set(bucket.get("DependsOn", [])) <= set(buckets)
        assert bucket["DeletionPolicy"].startswith("Retain")
    named = set(NAMED.findall(json.dumps(buckets)))
    assert named - set(buckets) <= {"AWS::AccountId"}
    assert named & set(buckets)  # the access logs: the pattern sees what there is to see
