"""Every stack of one stage: `cdk deploy --all -c stage=dev`, or `make synth` for the templates alone.

Nothing here asks the network, an account or git: the same commit gives the same templates everywhere.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from aws_cdk import App, Environment, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from contract.errors import CrowdLensError
from infra.acknowledgements import acknowledge_findings
from infra.config import StageConfig, read_config
from infra.stacks.analytics import AnalyticsStack
from infra.stacks.ingest import IngestStack
from infra.stacks.storage import StorageStack


def build_app(app: App, config: StageConfig) -> None:
    """Add every stack of the stage to `app`."""
    placed: dict[str, Environment] = {"env": Environment(account=config.account, region=config.region)}
    storage = StorageStack(app, f"{config.prefix}-storage", config=config, **placed)
    ingest = IngestStack(app, f"{config.prefix}-ingest", config=config, **placed)
    ingest.add_stack_dependency(storage)
    AnalyticsStack(app, f"{config.prefix}-analytics", config=config, lake=storage.lake, **placed)
    Tags.of(app).add("application", "crowdlens")
    Tags.of(app).add("stage", config.stage)
    acknowledge_findings(config=config, ingest=ingest)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def cdk_context() -> dict[str, Any]:
    """Return the context of cdk.json, which only the CDK command line would read for us."""
    document = json.loads((Path(__file__).parent / "cdk.json").read_text(encoding="utf-8"))
    return dict(document["context"])


def main() -> int:
    """Synthesise into cdk.out/ (or where the CDK command line says) and return the exit status."""
    app = App(outdir=os.environ.get("CDK_OUTDIR", "cdk.out"), context=cdk_context())
    try:
        build_app(app, read_config(app.node.try_get_context))
    except CrowdLensError as error:
        sys.stderr.write(f"app.py: {error}\n")
        return 2
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
