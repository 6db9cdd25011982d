"""What `database_setup` is told by its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from lambdas.shared.settings import SettingError


@dataclass(frozen=True)
class DatabaseSetupSettings:
    """The secret with the master's name and password, and the function inside the VPC that uses it."""

    secret_arn: str
    migrations_function: str


def database_setup_settings(environment: Mapping[str, str] = os.environ) -> DatabaseSetupSettings:
    """Return the settings of `database_setup`; raises `SettingError`."""
    values = []
    for name in ("MASTER_SECRET_ARN", "MIGRATIONS_FUNCTION"):
        value = environment.get(name, "").strip()
        if not value:
            raise SettingError(f"{name} is not set: expected a value in the environment")
        values.append(value)
    return DatabaseSetupSettings(*values)
