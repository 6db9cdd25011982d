"""AWS's published quotas and prices' steps that a fleet can run into, each with its page."""

from __future__ import annotations

from infra.mysql_classes import MEMORY_GIB

SQS_BILLED_BYTES = 64 * 1024
SQS_MESSAGES_A_CALL = 10
SQS_IN_FLIGHT = 120_000
"""docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-queues.html"""
LAMBDA_CONCURRENCY = 1_000
"""The account's default, a region. docs.aws.amazon.com/lambda/latest/dg/limits.html"""
EVENT_SOURCE_CONCURRENCY = 1_250
EVENT_SOURCE_GROWTH_A_SECOND = 300 / 60
"""docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
LAMBDA_EVENT_BYTES = 6_000_000
LAMBDA_MIB_A_VCPU = 1_769
"""A function with so much memory has one vCPU; with less it has its share."""
LAMBDA_TIMEOUT_SECONDS = 900
S3_PUTS_A_SECOND = 3_500
"""Of each prefix, here a table and day.

docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html"""
ATHENA_LEAST_BYTES = 10_000_000

RDS_INSTANCES = (
    # name, GiB of memory, vCPUs it may use for ever (t4g earns credits for a tenth or a fifth of its two)
    ("db.t4g.micro", MEMORY_GIB["t4g.micro"], 0.2),
    ("db.t4g.small", MEMORY_GIB["t4g.small"], 0.4),
    ("db.t4g.medium", MEMORY_GIB["t4g.medium"], 0.4),
    ("db.m7g.large", MEMORY_GIB["m7g.large"], 2.0),
    ("db.m7g.2xlarge", MEMORY_GIB["m7g.2xlarge"], 8.0),
)
RDS_LARGEST_DISK_GB = 65_536
