"""How new software and jobs reach a group: slowly first, stopped when they fail, rolled back on the device.

In the spelling of the CloudFormation resources; `tests/infrastructure/fleet` puts them through botocore's
shapes.
"""

from __future__ import annotations

from typing import Any

BASE_RATE_PER_MINUTE = 2
"""The first devices of a group: two a minute, until `SUCCEEDED_BEFORE_FASTER` have succeeded."""
SUCCEEDED_BEFORE_FASTER = 5
MAXIMUM_PER_MINUTE = 50
ABORT_SHARE_PERCENT = 20
ABORT_AFTER_DEVICES = 3
"""A group of two or three devices stops at its first failures, too."""
DEPLOYMENT_MINUTES = 240
"""The libraries are 130 MB: an hour and a half at 200 kbit/s, and byte-compiling them on a Nano."""


def abort_criteria() -> list[dict[str, Any]]:
    """Return when a roll-out stops: a fifth failed, were refused or took too long."""
    return [
        {
            "FailureType": failure,
            "Action": "CANCEL",
            "ThresholdPercentage": ABORT_SHARE_PERCENT,
            "MinNumberOfExecutedThings": ABORT_AFTER_DEVICES,
        }
        for failure in ("FAILED", "REJECTED", "TIMED_OUT")
    ]


def _exponential_rate() -> dict[str, Any]:
    return {
        "BaseRatePerMinute": BASE_RATE_PER_MINUTE,
        "IncrementFactor": 2,
        "RateIncreaseCriteria": {"NumberOfSucceededThings": SUCCEEDED_BEFORE_FASTER},
    }


def deployment_job() -> dict[str, Any]:
    """Return the IoT job configuration of a deployment."""
    return {
        "JobExecutionsRolloutConfig": {
            "ExponentialRate": _exponential_rate(),
            "MaximumPerMinute": MAXIMUM_PER_MINUTE,
        },
        "AbortConfig": {"CriteriaList": abort_criteria()},
        "TimeoutConfig": {"InProgressTimeoutInMinutes": DEPLOYMENT_MINUTES},
    }


def deployment_policies() -> dict[str, Any]:
    """Return what a device does with a deployment: tell its components, and go back when one fails."""
    return {
        "FailureHandlingPolicy": "ROLLBACK",
        "ComponentUpdatePolicy": {"Action": "NOTIFY_COMPONENTS", "TimeoutInSeconds": 60},
        "ConfigurationValidationPolicy": {"TimeoutInSeconds": 60},
    }


def job_rollout() -> dict[str, Any]:
    """Return the roll-out of a job template."""
    return {"ExponentialRolloutRate": _exponential_rate(), "MaximumPerMinute": MAXIMUM_PER_MINUTE}
