"""What differs between stages: one frozen object, passed down; no stack asks for the stage's name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from contract.errors import CrowdLensError

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ACCOUNT = re.compile(r"\d{12}")


class ConfigError(CrowdLensError):
    """Raised when a context value cannot be used; the text names it and what was expected."""


@dataclass(frozen=True)
class StageConfig:
    """One stage of the system.

    `account` is None for templates that fit any account. `keep_data` decides whether stateful resources
    outlive their stack.
    """

    stage: str
    region: str
    account: str | None
    keep_data: bool
    log_retention_days: int
    athena_scan_limit_bytes: int

    @property
    def prefix(self) -> str:
        """The name every resource of the stage starts with."""
        return f"crowdlens-{self.stage}"

    def lake_bucket_name(self, account: str) -> str:
        """Return the lake bucket's name; a fixed one, so that policies can name it without waiting for it."""
        return f"{self.prefix}-lake-{account}-{self.region}"


_STAGES: dict[str, tuple[bool, int, int]] = {
    # stage: keep data, log days, scan limit
    "dev": (False, 14, 10 * 1024**3),
    "prod": (True, 90, 100 * 1024**3),
}


def read_config(context: Callable[[str], object]) -> StageConfig:
    """Return the configuration that `context` (a look-up by name, None when absent) asks for.

    Context: ``stage`` (dev or prod), ``region`` (default ap-northeast-2), ``account`` (12 digits, optional).
    """
    stage = context("stage") or "dev"
    if stage not in _STAGES:
        raise ConfigError(f"stage is {stage!r}: expected one of {', '.join(_STAGES)}")
    region = context("region") or "ap-northeast-2"
    if not isinstance(region, str) or not _REGION.fullmatch(region):
        raise ConfigError(f"region is {region!r}: expected a name like ap-northeast-2")
    account = context("account")
    if account is not None and not _ACCOUNT.fullmatch(str(account)):
        raise ConfigError(f"account is {account!r}: expected 12 digits")
    keep_data, log_days, scan_limit = _STAGES[str(stage)]
    return StageConfig(
        stage=str(stage),
        region=region,
        account=None if account is None else str(account),
        keep_data=keep_data,
        log_retention_days=log_days,
        athena_scan_limit_bytes=scan_limit,
    )
