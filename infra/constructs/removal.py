"""What becomes of a resource that holds something when its stack goes."""

from __future__ import annotations

from aws_cdk import RemovalPolicy

from infra.config import StageConfig


def removal_policy(config: StageConfig) -> RemovalPolicy:
    """Return what the stage's data, and all that it cannot be without, is deployed with.

    Kept data outlives its stack, but not a first deployment that failed: that would leave empty resources
    under fixed names, and every further try would find them taken.
    """
    return RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE if config.keep_data else RemovalPolicy.DESTROY
