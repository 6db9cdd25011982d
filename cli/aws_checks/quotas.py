"""Quotas that a fresh account can be too small in."""

from __future__ import annotations

from cli.aws_checks.situation import Situation
from cli.checks import Finding

UNRESERVED_MINIMUM = 100
"""Lambda refuses a reservation that would leave less than this to all other functions.

https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""
CONCURRENCY_QUOTA = ("lambda", "L-B99A9384")
VPC_QUOTA = ("vpc", "L-F678F1CE")


def lambda_concurrency(situation: Situation) -> Finding | None:
    """Concurrency that the stacks reserve, and what is left to the functions that reserve none."""
    if not situation.wanted.has("AWS::Lambda::Function"):
        return None
    limit = situation.client("lambda").get_account_settings()["AccountLimit"]
    total, unreserved = limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"]
    asked = [
        int(properties.get("ReservedConcurrentExecutions", 0))
        for stack, properties in situation.wanted.resources("AWS::Lambda::Function")
        if stack not in situation.stacks
    ]
    reserved = sum(asked)
    found = f"{total} at once, {unreserved} not reserved; the new stacks reserve {reserved}"
    if reserved and unreserved - reserved < UNRESERVED_MINIMUM:
        remedy = _ask(CONCURRENCY_QUOTA, total + reserved + UNRESERVED_MINIMUM - unreserved)
        return Finding("Lambda concurrency", f"{found} and {UNRESERVED_MINIMUM} must be left", remedy)
    sources = situation.wanted.resources("AWS::Lambda::EventSourceMapping")
    wished = sum(int(one.get("ScalingConfig", {}).get("MaximumConcurrency", 0)) for _, one in sources)
    if wished > unreserved:
        remedy = _ask(CONCURRENCY_QUOTA, total + wished - unreserved)
        return Finding("Lambda concurrency", f"{found}; a full fleet may ask {wished}", remedy, optional=True)
    return Finding("Lambda concurrency", found)


def vpcs(situation: Situation) -> Finding | None:
    """Room for one more VPC in the region."""
    new = [stack for stack, _ in situation.wanted.resources("AWS::EC2::VPC") if stack not in situation.stacks]
    if not new:
        return None
    pages = situation.client("ec2").get_paginator("describe_vpcs").paginate()
    there = sum(len(page["Vpcs"]) for page in pages)
    service, code = VPC_QUOTA
    quota = situation.client("service-quotas").get_service_quota(ServiceCode=service, QuotaCode=code)
    allowed = int(quota["Quota"]["Value"])
    needed = there + len(new)
    remedy = "" if needed <= allowed else _ask(VPC_QUOTA, needed)
    return Finding("VPCs", f"{there} of {allowed}; the stacks make {len(new)}", remedy)


def _ask(quota: tuple[str, str], value: int) -> str:
    service, code = quota
    return (
        f"aws service-quotas request-service-quota-increase --service-code {service} --quota-code {code} "
        f"--desired-value {value}"
    )
