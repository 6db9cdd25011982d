"""What a function is told by its environment, read once and checked: nothing else here reads `os.environ`."""

from __future__ import annotations

import enum
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from contract.errors import CrowdLensError

DEFAULT_MYSQL_PORT = 3306
DEFAULT_MYSQL_DATABASE = "crowdlens"
_Choice = TypeVar("_Choice", bound=enum.Enum)


class SettingError(CrowdLensError):
    """Raised when a setting is missing or unusable; the text names it and what was expected."""


class MySQLAuthentication(enum.Enum):
    """How the database learns who connects."""

    IAM = "iam"
    PASSWORD = "password"  # noqa: S105 - the name of a method, not a password


@dataclass(frozen=True)
class MySQLSettings:
    """Where the MySQL projection is and how to get in; `ca_file` None means the system's authorities."""

    host: str
    port: int
    user: str
    database: str
    authentication: MySQLAuthentication
    password: str = field(repr=False)
    require_tls: bool
    ca_file: str | None


class IdentityMode(enum.Enum):
    """What `lake_writer` does about a message whose sender may not speak for its device."""

    OBSERVE = "observe"
    """Counts it and writes it."""
    ENFORCE = "enforce"
    """Puts it into quarantine."""


@dataclass(frozen=True)
class LakeWriterSettings:
    """What `lake_writer` needs; without a `control_table` there is no registry, and no sender is checked."""

    lake_bucket: str
    identity_mode: IdentityMode = IdentityMode.OBSERVE
    control_table: str | None = None


@dataclass(frozen=True)
class DeadLettersSettings:
    """What `dead_letters` needs."""

    lake_bucket: str


@dataclass(frozen=True)
class RdsLoaderSettings:
    """What `rds_loader` needs."""

    lake_bucket: str
    mysql: MySQLSettings


@dataclass(frozen=True)
class MigrationSettings:
    """What `migrations` needs."""

    mysql: MySQLSettings


@dataclass(frozen=True)
class ProvisioningSettings:
    """What `provisioning` needs; thing groups are named `group_prefix`-…."""

    control_table: str
    group_prefix: str


def provisioning_settings(environment: Mapping[str, str] = os.environ) -> ProvisioningSettings:
    """Return the settings of `provisioning`; raises `SettingError`."""
    return ProvisioningSettings(
        _required(environment, "CONTROL_TABLE"), _required(environment, "GROUP_PREFIX")
    )


def lake_writer_settings(environment: Mapping[str, str] = os.environ) -> LakeWriterSettings:
    """Return the settings of `lake_writer`; raises `SettingError`."""
    bucket = _required(environment, "LAKE_BUCKET")
    mode = _choice(environment, "IDENTITY_MODE", IdentityMode, IdentityMode.OBSERVE.value)
    control_table = environment.get("CONTROL_TABLE", "").strip() or None
    if mode is IdentityMode.ENFORCE and control_table is None:
        raise SettingError(
            "CONTROL_TABLE is not set: expected the registry's table with IDENTITY_MODE 'enforce'"
        )
    return LakeWriterSettings(bucket, mode, control_table)


def dead_letters_settings(environment: Mapping[str, str] = os.environ) -> DeadLettersSettings:
    """Return the settings of `dead_letters`; raises `SettingError`."""
    return DeadLettersSettings(_required(environment, "LAKE_BUCKET"))


def rds_loader_settings(environment: Mapping[str, str] = os.environ) -> RdsLoaderSettings:
    """Return the settings of `rds_loader`; raises `SettingError`."""
    return RdsLoaderSettings(_required(environment, "LAKE_BUCKET"), mysql_settings(environment))


def migration_settings(environment: Mapping[str, str] = os.environ) -> MigrationSettings:
    """Return the settings of `migrations`; raises `SettingError`."""
    return MigrationSettings(mysql_settings(environment))


def mysql_settings(environment: Mapping[str, str] = os.environ) -> MySQLSettings:
    """Return where MySQL is.

    IAM authentication sends its token in the clear inside TLS, so it refuses MYSQL_TLS=off. Raises
    `SettingError`.
    """
    authentication = _choice(environment, "MYSQL_AUTHENTICATION", MySQLAuthentication, "iam")
    require_tls = _choice(environment, "MYSQL_TLS", _Tls, "require") is _Tls.REQUIRE
    if authentication is MySQLAuthentication.IAM and not require_tls:
        raise SettingError("MYSQL_TLS is 'off': expected 'require' with MYSQL_AUTHENTICATION 'iam'")
    password = environment.get("MYSQL_PASSWORD")
    if authentication is MySQLAuthentication.PASSWORD and password is None:
        raise SettingError("MYSQL_PASSWORD is not set: expected one with MYSQL_AUTHENTICATION 'password'")
    return MySQLSettings(
        host=_required(environment, "MYSQL_HOST"),
        port=_port(environment, "MYSQL_PORT", DEFAULT_MYSQL_PORT),
        user=_required(environment, "MYSQL_USER"),
        database=environment.get("MYSQL_DATABASE") or DEFAULT_MYSQL_DATABASE,
        authentication=authentication,
        password=password or "",
        require_tls=require_tls,
        ca_file=environment.get("MYSQL_CA_FILE") or None,
    )


class _Tls(enum.Enum):
    REQUIRE = "require"
    OFF = "off"


def metrics_namespace(environment: Mapping[str, str] = os.environ) -> str:
    """Return the CloudWatch namespace of the stage's metrics; without one, a name of the product's."""
    return environment.get("POWERTOOLS_METRICS_NAMESPACE") or "CrowdLens"


def _required(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "").strip()
    if not value:
        raise SettingError(f"{name} is not set: expected a value in the environment")
    return value


def _choice(environment: Mapping[str, str], name: str, choices: type[_Choice], default: str) -> _Choice:
    value = environment.get(name) or default
    try:
        return choices(value)
    except ValueError as error:
        listed = ", ".join(repr(choice.value) for choice in choices)
        raise SettingError(f"{name} is {value!r}: expected one of {listed}") from error


def _port(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name) or str(default)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= 65535:
        raise SettingError(f"{name} is {value!r}: expected a port from 1 to 65535")
    return int(value)
