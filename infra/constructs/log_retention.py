"""How long a stage keeps its logs, in CloudWatch's own steps."""

from __future__ import annotations

from aws_cdk import aws_logs as logs

from infra.config import StageConfig

_STEPS = {14: logs.RetentionDays.TWO_WEEKS, 90: logs.RetentionDays.THREE_MONTHS}


def log_retention(config: StageConfig) -> logs.RetentionDays:
    """Return the retention of every log group of the stage."""
    return _STEPS[config.log_retention_days]
