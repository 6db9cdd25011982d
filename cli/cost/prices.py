"""AWS's list prices in US dollars: the one place where a price is written.

`seen` is the page on which the figure of us-east-1 was read on `READ_ON`. Where it is None, and in the other
region, it is the list price as its authors knew it, and `page`, AWS's own, was not at hand to compare with:
check it before a decision hangs on it. Free tiers and discounts for volume are left out: small fleets look
dearer than they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from contract.errors import CrowdLensError

READ_ON = "2026-11-21"
DEFAULT_REGION = "ap-northeast-2"


class UnknownRegionError(CrowdLensError):
    """Raised for a region that the price table does not have."""


@dataclass(frozen=True)
class Price:
    """What one `unit` costs, by region; AWS's own `page`, and where the first region's figure was `seen`."""

    unit: str
    usd: Mapping[str, float]
    page: str
    seen: str | None = None


def _price(unit: str, us_east_1: float, ap_northeast_2: float, page: str, seen: str | None = None) -> Price:
    return Price(unit, {"us-east-1": us_east_1, "ap-northeast-2": ap_northeast_2}, page, seen)


_AWS = "https://aws.amazon.com"
_RDS_PAGE = "https://infratally.com/articles/aws-rds-pricing-explained-2026.html"


def _instance(us_east_1: float, ap_northeast_2: float, seen: str | None = None) -> Price:
    unit = "instance hour, MySQL, one zone"
    return _price(unit, us_east_1, ap_northeast_2, f"{_AWS}/rds/mysql/pricing/", seen)


PRICES: Mapping[str, Price] = {
    "sqs_request": _price(
        "request of up to 64 KiB, standard queue", 0.40e-6, 0.40e-6, f"{_AWS}/sqs/pricing/",
        "https://cloudburn.io/blog/amazon-sqs-pricing",
    ),
    "lambda_request": _price("invocation", 0.20e-6, 0.20e-6, f"{_AWS}/lambda/pricing/"),
    "lambda_gb_second": _price(
        "GB-second, arm64", 13.3334e-6, 13.3334e-6, f"{_AWS}/lambda/pricing/",
        "https://cloudchipr.com/blog/aws-lambda-pricing",
    ),
    "s3_put": _price("PUT or LIST", 5.0e-6, 4.5e-6, f"{_AWS}/s3/pricing/",
                     "https://www.cloudkaramchari.com/blog/understanding-per-1000-put-copy-post-or-list-requests-in-amazon-s3-pricing/"),
    "s3_get": _price("GET", 0.40e-6, 0.35e-6, f"{_AWS}/s3/pricing/",
                     "https://athena.guide/articles/athena-basics-pricing-model"),
    "s3_gb_month": _price("GB-month, Standard", 0.023, 0.025, f"{_AWS}/s3/pricing/"),
    "dynamodb_read": _price(
        "read request unit, on demand (4 KB, strongly consistent)", 0.125e-6, 0.1355e-6,
        f"{_AWS}/dynamodb/pricing/on-demand/", "https://airbyte.com/data-engineering-resources/dynamodb-pricing",
    ),
    "dynamodb_write": _price(
        "write request unit, on demand (1 KB)", 0.625e-6, 0.678e-6, f"{_AWS}/dynamodb/pricing/on-demand/",
        "https://airbyte.com/data-engineering-resources/dynamodb-pricing",
    ),
    "athena_tb": _price("TB scanned, at least 10 MB a query", 5.0, 5.0, f"{_AWS}/athena/pricing/",
                        "https://athena.guide/articles/athena-basics-pricing-model"),
    "logs_gb": _price(
        "GB taken in by CloudWatch Logs", 0.50, 0.76, f"{_AWS}/cloudwatch/pricing/",
        "https://www.factualminds.com/blog/amazon-cloudwatch-pricing-metrics-logs-alarms-dashboards/",
    ),
    "metric_month": _price("custom metric and month", 0.30, 0.30, f"{_AWS}/cloudwatch/pricing/",
                           "https://signoz.io/guides/cloudwatch-pricing"),
    "alarm_month": _price("alarm and month", 0.10, 0.10, f"{_AWS}/cloudwatch/pricing/"),
    "iot_connection_minute": _price("minute of connection", 0.08e-6, 0.096e-6, f"{_AWS}/iot-core/pricing/",
                                    "https://aws.amazon.com/iot-core/pricing/ (transcribed 2026-09-20)"),
    "iot_message": _price("message of up to 5 KB", 1.00e-6, 1.20e-6, f"{_AWS}/iot-core/pricing/",
                          "https://aws.amazon.com/iot-core/pricing/ (transcribed 2026-09-20)"),
    "greengrass_month": _price("active core and month", 0.16, 0.18, f"{_AWS}/greengrass/pricing/",
                               "https://aws.amazon.com/greengrass/pricing/ (transcribed 2026-10-07)"),
    "db.t4g.micro": _instance(0.016, 0.025, _RDS_PAGE),
    "db.t4g.small": _instance(0.032, 0.051, _RDS_PAGE),
    "db.t4g.medium": _instance(0.065, 0.102, _RDS_PAGE),
    "db.m7g.large": _instance(0.168, 0.207),
    "db.m7g.2xlarge": _instance(0.672, 0.828),
    "rds_gb_month": _price("GB-month, gp3", 0.115, 0.131, f"{_AWS}/rds/mysql/pricing/",
                           "https://leyaa.ai/codefly/learn/aws/part-2/aws-rds-pricing-considerations/visualize"),
    "quicksight_author_month": _price("author and month", 24.0, 24.0, f"{_AWS}/quicksight/pricing/",
                                      "https://awsnegotiations.com/quicksight-licensing-strategy.html"),
    "quicksight_reader_month": _price("reader and month", 3.0, 3.0, f"{_AWS}/quicksight/pricing/"),
}  # fmt: skip

REGIONS = tuple(sorted(PRICES["sqs_request"].usd))


def prices_in(region: str) -> dict[str, float]:
    """Return US dollars a unit by name; raises `UnknownRegionError`."""
    if region not in REGIONS:
        raise UnknownRegionError(f"region is {region!r}: expected one of {', '.join(REGIONS)}")
    return {name: price.usd[region] for name, price in PRICES.items()}
