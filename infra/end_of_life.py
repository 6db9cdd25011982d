"""Services, runtimes and engine versions that no template may have: past their end, or announced to be.

`source` is AWS's own page about it. `is_read` says whether the date was read on a page in November 2026; else
it is the date as the authors knew it, to be looked up at `source` before anything hangs on the day. The check
asks no clock: what is listed is refused whatever day it is, so a commit gives the same answer for ever.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

_DOCS = "https://docs.aws.amazon.com"
_LIFECYCLE = "https://aws.amazon.com/products/lifecycle/"
_RUNTIMES = f"{_DOCS}/lambda/latest/dg/lambda-runtimes.html"
_MYSQL = f"{_DOCS}/AmazonRDS/latest/UserGuide/MySQL.Concepts.VersionMgmt.html"


@dataclass(frozen=True)
class EndedService:
    """A service that ended or is closed to new customers, by its resource types and prefix of actions."""

    name: str
    ends: date
    source: str
    types: tuple[str, ...] = ()
    action_prefix: str | None = None
    is_read: bool = False


@dataclass(frozen=True)
class Version:
    """A runtime or engine version and the end of its standard support."""

    name: str
    ends: date
    source: str
    is_read: bool = False


ENDED_SERVICES = (
    EndedService("AWS DeepLens", date(2024, 1, 31), f"{_DOCS}/deeplens/latest/dg/deeplens-end-of-life.html",
                 action_prefix="deeplens"),
    EndedService("AWS Panorama", date(2026, 5, 31), f"{_DOCS}/panorama/latest/dev/panorama-end-of-life.html",
                 ("AWS::Panorama::",), "panorama"),
    EndedService("Amazon Lookout for Vision", date(2025, 10, 31), f"{_DOCS}/lookout-for-vision/",
                 ("AWS::LookoutVision::",), "lookoutvision"),
    EndedService("Amazon Lookout for Metrics", date(2025, 10, 10), f"{_DOCS}/lookoutmetrics/",
                 ("AWS::LookoutMetrics::",), "lookoutmetrics"),
    EndedService("Amazon Lookout for Equipment", date(2026, 10, 7), f"{_DOCS}/lookout-for-equipment/",
                 ("AWS::LookoutEquipment::",), "lookoutequipment"),
    EndedService("SageMaker Edge Manager", date(2024, 4, 26),
                 f"{_DOCS}/greengrass/v2/developerguide/sagemaker-edge-manager-component.html",
                 ("AWS::SageMaker::Device",), is_read=True),
    EndedService("AWS IoT Fleet Hub", date(2025, 10, 18), f"{_DOCS}/iot/latest/fleethubuserguide/",
                 ("AWS::IoTFleetHub::",), "iotfleethub"),
    EndedService("AWS IoT Analytics", date(2025, 12, 15), f"{_DOCS}/iotanalytics/",
                 ("AWS::IoTAnalytics::",), "iotanalytics"),
    EndedService("AWS IoT Events", date(2026, 5, 20), f"{_DOCS}/iotevents/",
                 ("AWS::IoTEvents::",), "iotevents", is_read=True),
    EndedService("AWS IoT 1-Click", date(2024, 12, 16), f"{_DOCS}/iot-1-click/", ("AWS::IoT1Click::",),
                 "iot1click"),
    EndedService("AWS IoT Greengrass Version 1", date(2026, 10, 7),
                 f"{_DOCS}/greengrass/v1/developerguide/maintenance-policy.html", ("AWS::Greengrass::",),
                 is_read=True),
    EndedService("AWS RoboMaker", date(2025, 9, 10), f"{_DOCS}/robomaker/",
                 ("AWS::RoboMaker::",), "robomaker"),
    EndedService("Amazon QLDB", date(2025, 7, 31), f"{_DOCS}/qldb/", ("AWS::QLDB::",), "qldb"),
    EndedService("Amazon Timestream for LiveAnalytics (closed to new customers)", date(2025, 6, 20),
                 f"{_DOCS}/timestream/", ("AWS::Timestream::Database", "AWS::Timestream::Table",
                 "AWS::Timestream::ScheduledQuery"), "timestream"),
    EndedService("Kinesis Data Analytics for SQL", date(2026, 1, 27), f"{_DOCS}/kinesisanalytics/",
                 ("AWS::KinesisAnalytics::",)),
    EndedService("Amazon Pinpoint", date(2026, 10, 30), f"{_DOCS}/pinpoint/",
                 ("AWS::Pinpoint::",), "mobiletargeting"),
    EndedService("AWS App Mesh", date(2026, 9, 30), f"{_DOCS}/app-mesh/", ("AWS::AppMesh::",), "appmesh"),
    EndedService("CloudWatch Evidently", date(2025, 10, 16), f"{_DOCS}/AmazonCloudWatch/",
                 ("AWS::Evidently::",), "evidently"),
    EndedService("AWS WAF Classic", date(2025, 9, 30),
                 f"{_DOCS}/waf/latest/developerguide/classic-waf-chapter.html",
                 ("AWS::WAF::", "AWS::WAFRegional::"), "waf-regional"),
    EndedService("AWS Data Pipeline (closed to new customers)", date(2024, 7, 25), f"{_DOCS}/data-pipeline/",
                 ("AWS::DataPipeline::",), "datapipeline"),
    EndedService("Amazon Forecast (closed to new customers)", date(2024, 7, 29), f"{_DOCS}/forecast/",
                 ("AWS::Forecast::",), "forecast"),
    EndedService("AWS OpsWorks", date(2024, 5, 26), f"{_DOCS}/opsworks/", ("AWS::OpsWorks",), "opsworks"),
    EndedService("AWS Proton", date(2026, 10, 7), _LIFECYCLE, ("AWS::Proton::",), "proton"),
)  # fmt: skip
ENDED_RUNTIMES = (
    Version("python2.7", date(2021, 7, 15), _RUNTIMES),
    Version("python3.6", date(2022, 7, 18), _RUNTIMES),
    Version("python3.7", date(2023, 12, 4), _RUNTIMES),
    Version("python3.8", date(2024, 10, 14), _RUNTIMES),
    Version("python3.9", date(2025, 12, 15), _RUNTIMES, is_read=True),
    Version("python3.10", date(2026, 6, 30), _RUNTIMES, is_read=True),
    Version("nodejs14.x", date(2023, 12, 4), _RUNTIMES),
    Version("nodejs16.x", date(2024, 6, 12), _RUNTIMES),
    Version("nodejs18.x", date(2025, 9, 1), _RUNTIMES, is_read=True),
    Version("nodejs20.x", date(2026, 4, 30), _RUNTIMES),
    Version("java8", date(2024, 1, 8), _RUNTIMES),
    Version("go1.x", date(2024, 1, 8), _RUNTIMES),
    Version("ruby2.7", date(2023, 12, 7), _RUNTIMES),
    Version("dotnet6", date(2024, 12, 20), _RUNTIMES),
    Version("provided", date(2024, 1, 8), _RUNTIMES),
    Version("provided.al2", date(2026, 7, 31), _RUNTIMES),
)
SUPPORTED_RUNTIMES = (
    Version("python3.13", date(2029, 6, 30), _RUNTIMES, is_read=True),
    Version("python3.14", date(2030, 6, 30), _RUNTIMES, is_read=True),
)
ENDED_MYSQL = (
    Version("5.6", date(2022, 3, 1), _MYSQL),
    Version("5.7", date(2024, 2, 29), _MYSQL, is_read=True),
    Version("8.0", date(2026, 7, 31), _MYSQL),
)
SUPPORTED_MYSQL = (Version("8.4", date(2029, 7, 31), _MYSQL),)
PERFORMANCE_INSIGHTS = Version(
    "Performance Insights without Database Insights",
    date(2026, 7, 31),
    f"{_DOCS}/AmazonRDS/latest/UserGuide/USER_DatabaseInsights.html",
)


@dataclass(frozen=True)
class Finding:
    """What a template has that it may not: where, what, and a sentence why."""

    stack: str
    logical_id: str
    says: str


def find_ended(templates: Mapping[str, Mapping[str, Any]]) -> list[Finding]:
    """Return what the templates have that ended, or that nobody has looked up yet."""
    return [
        Finding(stack, logical_id, says)
        for stack, template in templates.items()
        for logical_id, resource in template["Resources"].items()
        for says in (*_services(resource), *_runtimes(resource), *_databases(resource))
    ]


def _services(resource: Mapping[str, Any]) -> Iterator[str]:
    text = json.dumps(resource)
    for service in ENDED_SERVICES:
        prefix = service.action_prefix
        used = prefix is not None and re.search(rf'"{prefix}(:[A-Za-z*]+|\.amazonaws\.com)"', text)
        if used or resource["Type"].startswith(service.types or ("\0",)):
            yield f"{service.name} ended on {service.ends}: {service.source}"


def _runtimes(resource: Mapping[str, Any]) -> Iterator[str]:
    properties = resource.get("Properties", {})
    named = [properties["Runtime"]] if "Runtime" in properties else []
    if resource["Type"] in ("AWS::Lambda::Function", "AWS::Lambda::LayerVersion"):
        named += properties.get("CompatibleRuntimes", [])
        for name in named:
            yield from _judged(f"Lambda runtime {name}", str(name), ENDED_RUNTIMES, SUPPORTED_RUNTIMES)


def _databases(resource: Mapping[str, Any]) -> Iterator[str]:
    properties = resource.get("Properties", {})
    if resource["Type"] == "AWS::RDS::DBInstance":
        version = str(properties.get("EngineVersion", "none"))
        series = ".".join(version.split(".")[:2])
        yield from _judged(f"{properties.get('Engine')} {version}", series, ENDED_MYSQL, SUPPORTED_MYSQL)
        if properties.get("EnablePerformanceInsights") and "DatabaseInsightsMode" not in properties:
            old = PERFORMANCE_INSIGHTS
            yield f"{old.name} ended on {old.ends}: {old.source}"
    if resource["Type"] == "AWS::RDS::DBParameterGroup":
        series = str(properties.get("Family", "")).removeprefix("mysql")
        yield from _judged(f"parameter family {series}", series, ENDED_MYSQL, SUPPORTED_MYSQL)


def _judged(
    what: str, name: str, ended: tuple[Version, ...], supported: tuple[Version, ...]
) -> Iterator[str]:
    for version in ended:
        if version.name == name:
            yield f"{what} ended on {version.ends}: {version.source}"
            return
    if name not in {version.name for version in supported}:
        source = supported[0].source
        yield f"{what} is in no list: look its end of support up at {source} and enter it"
