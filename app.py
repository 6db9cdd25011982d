"""Every stack of one stage: `make synth` for the templates; docs/deploy.md for the order of a deployment.

Nothing here asks the network, an account or git: the same commit gives the same templates everywhere.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any, TypeVar

from aws_cdk import App, Environment, Stack, Tags, Validations
from cdk_nag import AwsSolutionsChecks

from contract.errors import CrowdLensError
from infra.config import OPTIONS, StageConfig, read_config
from infra.context import check_names
from infra.stacks.alerts import AlertsStack
from infra.stacks.analytics import AnalyticsStack
from infra.stacks.components import ComponentsStack
from infra.stacks.dashboards import DashboardsStack
from infra.stacks.database import DatabaseStack
from infra.stacks.fleet import FleetStack
from infra.stacks.ingest import IngestStack
from infra.stacks.live_map import LiveMapStack
from infra.stacks.monitoring import MonitoringStack
from infra.stacks.network import NetworkStack
from infra.stacks.open_data import OpenDataStack
from infra.stacks.storage import StorageStack

StackType = TypeVar("StackType", bound=Stack)
UNTAGGED = ["AWS::RDS::DBProxyTargetGroup"]
"""Types that CDK would tag and CloudFormation refuses with tags."""


def build_app(app: App, config: StageConfig) -> None:
    """Add every stack of the stage to `app`; raises a `CrowdLensError` for what cannot be deployed.

    Stacks find each other by name rather than by exports, so that one can be switched off or replaced while
    the others stand; CloudFormation is told which comes first. Only the database and the live map
    take exports, the network's and the database's: ids and addresses, which AWS makes.
    """
    placed: dict[str, Any] = {
        "config": config,
        "env": Environment(account=config.account, region=config.region),
    }
    named = config.prefix
    storage = StorageStack(app, f"{named}-storage", **placed)
    ingest = _after(IngestStack(app, f"{named}-ingest", **placed), storage)
    if config.alerts:
        _after(ingest, AlertsStack(app, f"{named}-alerts", **placed))
    analytics = _after(AnalyticsStack(app, f"{named}-analytics", **placed), storage)
    if config.mysql is not None:
        network = NetworkStack(app, f"{named}-network", **placed)
        database = DatabaseStack(app, f"{named}-database", mysql=config.mysql, network=network, **placed)
        _after(database, storage)
        if config.live_map:
            live_map = LiveMapStack(app, f"{named}-live-map", network=network, database=database, **placed)
            _after(live_map, database)
    if config.fleet:
        fleet = _after(FleetStack(app, f"{named}-fleet", **placed), ingest)
        _after(ComponentsStack(app, f"{named}-components", **placed), fleet)
    if config.dashboards is not None:
        dashboards = DashboardsStack(app, f"{named}-dashboards", dashboards=config.dashboards, **placed)
        _after(dashboards, analytics)
    if config.open_data:
        _after(OpenDataStack(app, f"{named}-open-data", **placed), storage)
    MonitoringStack(app, f"{named}-monitoring", **placed)
    for name, value in config.tags.items():
        Tags.of(app).add(name, value, exclude_resource_types=UNTAGGED)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def _after(stack: StackType, earlier: Stack) -> StackType:
    stack.add_stack_dependency(earlier)
    return stack


def cdk_context() -> dict[str, Any]:
    """Return the context of cdk.json, which only the CDK command line would read for us."""
    document = json.loads((Path(__file__).parent / "cdk.json").read_text(encoding="utf-8"))
    return dict(document["context"])


def main() -> int:
    """Synthesise into cdk.out/ (or where the CDK command line says) and return the exit status."""
    app = App(outdir=os.environ.get("CDK_OUTDIR", "cdk.out"), context=cdk_context())
    try:
        check_names(app.node.get_all_context(), OPTIONS)
        build_app(app, read_config(app.node.try_get_context))
    except CrowdLensError as error:
        sys.stderr.write(f"app.py: {error}\n")
        return 2
    app.synth()
    return 0


if __name__ == "__main__":
    sys.exit(main())
