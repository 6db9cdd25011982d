"""What differs between stages: one frozen object, passed down; no stack asks for the stage's name."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from infra.context import ConfigError, Context, amount, matching, network, one_of, switch, whole_number, words
from infra.device_groups import DeviceGroupsConfig, read_device_groups
from infra.mysql_classes import MEMORY_GIB, connections
from quicksight.row_security import SiteRule, read_site_rules

__all__ = ["ConfigError", "DashboardsConfig", "MySqlConfig", "StageConfig", "read_config"]

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]")
_ACCOUNT = re.compile(r"[0-9]{12}")
_MAP_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?")
_TILE_URL = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?/[^\s\"<>;,\']*\{z\}[^\s\"<>;,\']*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_INSTANCE_CLASS = re.compile("|".join(re.escape(name) for name in MEMORY_GIB))
_QUICKSIGHT_PRINCIPAL = re.compile(
    r"arn:aws(-[a-z]+)*:quicksight:[a-z0-9-]+:\d{12}:(user|group)/[^/\s]+/[^\s]+"
)
_ADDRESS_SPACES = tuple(
    ipaddress.IPv4Network(cidr) for cidr in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)
"""What a VPC of one's own may use: RFC 1918 and RFC 6598."""
LARGEST_DISK_GIB = 65_536
"""The most that RDS for MySQL has."""
OPTIONS = frozenset(
    (
        "stage", "region", "account", "profile", "identity_mode", "cameras", "fleet", "vpc_cidr",
        "peered_cidrs", "mysql", "mysql_instance_class", "mysql_storage_gib", "mysql_backup_days",
        "mysql_multi_az", "mysql_proxy", "dashboards", "dashboards_time_zone", "quicksight_principal",
        "quicksight_reader", "site_rules", "alarm_email",
        "monthly_budget_usd", "open_data", "alerts", "map_url",
        "live_map", "map_tile_url", "map_tile_attribution",
        "models", "model_signing_key", "deepstream",
    )
)  # fmt: skip
"""Every name that `read_config` asks its context for."""
MAXIMUM_CAMERAS = 10_000
"""What the queues, the loader and the compactor were sized and measured for."""


@dataclass(frozen=True)
class MySqlConfig:
    """The database that holds the projection of the lake.

    `instance_class` is without its ``db.`` prefix (``t4g.micro``). Storage grows by itself from
    `storage_gib` up to `maximum_storage_gib`. `proxy` puts RDS Proxy in front, at a price by the hour.
    """

    instance_class: str
    storage_gib: int
    maximum_storage_gib: int
    backup_days: int
    multi_az: bool
    proxy: bool
    deletion_protection: bool

    @property
    def connections(self) -> int:
        """How many connections it takes."""
        return connections(self.instance_class)


@dataclass(frozen=True)
class DashboardsConfig:
    """Who may edit the QuickSight dashboards and who may only look: ARNs of QuickSight users or groups.

    There is at least one who may edit. `time_zone` is the IANA zone in which times are shown. `site_rules`
    say which site a reader sees; with an empty list nobody sees any, None lets every reader see every site.
    """

    principal_arns: tuple[str, ...]
    reader_arns: tuple[str, ...] = ()
    time_zone: str = "Asia/Seoul"
    site_rules: tuple[SiteRule, ...] | None = None


@dataclass(frozen=True)
class StageConfig:
    """One stage of the system.

    `account` is None for templates that fit any account. `keep_data` decides whether stateful resources
    outlive their stack, `reserves_concurrency` whether functions have executions of their own: an account may
    hold as few as 10, of which none can be reserved. `profile` (live or economy) decides how long records
    wait for company on their way, `identity_mode` (observe or enforce) what becomes of a message that claims
    another device. `mysql` and `dashboards` are None when their stacks are switched off. `map_tile_url` is
    the live map's tile server, None for its own outline; `time_zone` is that of what says none itself.
    `cameras` is how many are expected: sizes and the budget follow it. No CIDR of `peered_cidrs` overlaps
    `vpc_cidr`. `device_groups` says what single device groups run beside what all do.
    """

    stage: str
    region: str
    account: str | None
    keep_data: bool
    reserves_concurrency: bool
    log_retention_days: int
    athena_scan_limit_bytes: int
    profile: str
    identity_mode: str
    mysql: MySqlConfig | None
    vpc_cidr: str
    peered_cidrs: tuple[str, ...]
    dashboards: DashboardsConfig | None
    fleet: bool
    open_data: bool
    alerts: bool
    map_url: str | None
    live_map: bool
    map_tile_url: str | None
    map_tile_attribution: str
    time_zone: str
    alarm_email: str | None
    monthly_budget_usd: float | None
    cameras: int
    device_groups: DeviceGroupsConfig = field(default_factory=DeviceGroupsConfig)
    more_tags: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        own = ipaddress.ip_network(self.vpc_cidr)
        for cidr in self.peered_cidrs:
            if own.overlaps(ipaddress.ip_network(cidr)):
                raise ConfigError(f"vpc_cidr {self.vpc_cidr} overlaps {cidr}: expected a range of its own")

    @property
    def prefix(self) -> str:
        """The name every resource of the stage starts with."""
        return f"crowdlens-{self.stage}"

    @property
    def tags(self) -> dict[str, str]:
        """What every resource of the stage is tagged with."""
        return {"application": "crowdlens", "stage": self.stage, **self.more_tags}

    def lake_bucket_name(self, account: str) -> str:
        """Return the lake bucket's name; a fixed one, so that policies can name it without waiting for it."""
        return f"{self.prefix}-lake-{account}-{self.region}"

    def artifacts_bucket_name(self, account: str) -> str:
        """Return the name of the bucket of what devices fetch: component artifacts, models, scenes."""
        return f"{self.prefix}-artifacts-{account}-{self.region}"

    def inbox_bucket_name(self, account: str) -> str:
        """Return the name of the bucket that open-data files are dropped into."""
        return f"{self.prefix}-inbox-{account}-{self.region}"

    def function_name(self, name: str) -> str:
        """Return the name in AWS of the function in ``lambdas/<name>``."""
        return f"{self.prefix}-{name.replace('_', '-')}"

    def role_name(self, name: str) -> str:
        """Return the name of an IAM role, with the region: an account has roles for all its regions."""
        return f"{self.prefix}-{name}-{self.region}"

    def photos_bucket_name(self, account: str) -> str:
        """Return the name of the bucket of the live map's photos."""
        return f"{self.prefix}-photos-{account}-{self.region}"

    def inbox_arn(self, partition: str, account: str, path: str = "") -> str:
        """Return the ARN of the inbox bucket, or of ``/KEY`` in it."""
        return f"arn:{partition}:s3:::{self.inbox_bucket_name(account)}{path}"

    def lake_arn(self, partition: str, account: str, path: str = "") -> str:
        """Return the ARN of the lake bucket, or of ``/KEY`` in it."""
        return f"arn:{partition}:s3:::{self.lake_bucket_name(account)}{path}"

    @property
    def mysql_identifier(self) -> str:
        """The MySQL instance."""
        return f"{self.prefix}-mysql"

    @property
    def control_table_name(self) -> str:
        """The DynamoDB table of device registry, leases and alert state."""
        return f"{self.prefix}-control"

    @property
    def alert_topic_name(self) -> str:
        """The SNS topic of alerts."""
        return f"{self.prefix}-alerts"

    @property
    def database_name(self) -> str:
        """The Glue database."""
        return self.prefix.replace("-", "_")

    @property
    def workgroup_name(self) -> str:
        """The Athena workgroup."""
        return self.prefix


def read_config(context: Context) -> StageConfig:
    """Return the configuration that `context` asks for; raises `ConfigError` naming the first bad value.

    Every name, its values and its default are listed in docs/deploy.md.
    """
    stage = one_of(context, "stage", ("dev", "prod"), "dev")
    kept = stage == "prod"
    return StageConfig(
        stage=stage,
        region=_region(context),
        account=_account(context, stage),
        keep_data=kept,
        reserves_concurrency=kept,
        log_retention_days=90 if kept else 14,
        athena_scan_limit_bytes=(100 if kept else 10) * 1024**3,
        profile=one_of(context, "profile", ("live", "economy"), "live"),
        identity_mode=one_of(context, "identity_mode", ("observe", "enforce"), "observe"),
        mysql=_mysql(context, kept) if switch(context, "mysql", default=True) else None,
        vpc_cidr=_vpc_cidr(context),
        peered_cidrs=tuple(network("peered_cidrs", text) for text in words(context, "peered_cidrs")),
        dashboards=_dashboards(context),
        fleet=switch(context, "fleet", default=True),
        open_data=switch(context, "open_data", default=True),
        alerts=switch(context, "alerts", default=True),
        live_map=_live_map(context),
        map_tile_url=_tile_url(context),
        map_tile_attribution=str(context("map_tile_attribution") or ""),
        time_zone=_time_zone(context),
        map_url=matching(context, "map_url", _MAP_URL, "an address like https://map.example.org"),
        alarm_email=matching(context, "alarm_email", _EMAIL, "an e-mail address"),
        monthly_budget_usd=amount(context, "monthly_budget_usd"),
        cameras=whole_number(context, "cameras", 10, 1, MAXIMUM_CAMERAS),
        device_groups=read_device_groups(context),
    )


def _region(context: Context) -> str:
    region = matching(context, "region", _REGION, "a name like ap-northeast-2")
    if region is None:
        raise ConfigError("region is missing: expected a name like ap-northeast-2")
    return region


def _account(context: Context, stage: str) -> str | None:
    """Return the account; prod must name it, so that it never lands where credentials happen to point."""
    account = matching(context, "account", _ACCOUNT, "12 digits")
    if account is None and stage == "prod":
        raise ConfigError("account is missing: expected 12 digits, for prod belongs to one account only")
    return account


def _vpc_cidr(context: Context) -> str:
    value = context("vpc_cidr")
    value = "10.42.0.0/16" if value is None else value
    cidr = network("vpc_cidr", value)
    if not 16 <= ipaddress.IPv4Network(cidr).prefixlen <= 24:
        raise ConfigError(f"vpc_cidr is {value!r}: expected a prefix from /16 to /24")
    if not any(ipaddress.IPv4Network(cidr).subnet_of(space) for space in _ADDRESS_SPACES):
        spaces = ", ".join(str(space) for space in _ADDRESS_SPACES)
        raise ConfigError(f"vpc_cidr is {value!r}: expected a part of {spaces}")
    return cidr


def _mysql(context: Context, kept: bool) -> MySqlConfig:
    # Its maximum must be larger: RDS refuses both to be the same.
    storage_gib = whole_number(context, "mysql_storage_gib", 50 if kept else 20, 20, LARGEST_DISK_GIB - 1)
    return MySqlConfig(
        instance_class=matching(context, "mysql_instance_class", _INSTANCE_CLASS, "a class like t4g.micro")
        or ("t4g.medium" if kept else "t4g.micro"),
        storage_gib=storage_gib,
        maximum_storage_gib=min(max(5 * storage_gib, 100), LARGEST_DISK_GIB),
        backup_days=whole_number(context, "mysql_backup_days", 14 if kept else 1, 1, 35),
        multi_az=switch(context, "mysql_multi_az", default=kept),
        proxy=switch(context, "mysql_proxy", default=False),
        deletion_protection=kept,
    )


def _live_map(context: Context) -> bool:
    """Return whether there is a live map: it asks MySQL, and follows it when nobody says."""
    mysql = switch(context, "mysql", default=True)
    wanted = switch(context, "live_map", default=mysql)
    if wanted and not mysql:
        raise ConfigError("live_map is on while mysql is off: expected mysql on, for the map asks it")
    return wanted


def _tile_url(context: Context) -> str | None:
    expected = "an address like https://tiles.example.org/{z}/{x}/{y}.png"
    found = matching(context, "map_tile_url", _TILE_URL, expected)
    if found is not None and not all(part in found for part in ("{x}", "{y}")):
        raise ConfigError(f"map_tile_url is {found!r}: expected {expected}")
    return found


def _dashboards(context: Context) -> DashboardsConfig | None:
    principals = _quicksight_arns(context, "quicksight_principal")
    readers = _quicksight_arns(context, "quicksight_reader")
    if not principals or not switch(context, "dashboards", default=True):
        return None
    rules = context("site_rules")
    return DashboardsConfig(
        principal_arns=principals,
        reader_arns=readers,
        time_zone=_time_zone(context),
        site_rules=None if rules is None else read_site_rules(Path(str(rules))),
    )


def _quicksight_arns(context: Context, name: str) -> tuple[str, ...]:
    arns = words(context, name)
    for arn in arns:
        if not _QUICKSIGHT_PRINCIPAL.fullmatch(arn):
            raise ConfigError(
                f"{name} is {arn!r}: expected an ARN like "
                "arn:aws:quicksight:us-east-1:123456789012:user/default/NAME"
            )
    return arns


def _time_zone(context: Context) -> str:
    name = str(context("dashboards_time_zone") or DashboardsConfig.time_zone)
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(
            f"dashboards_time_zone is {name!r}: expected an IANA name like Asia/Seoul"
        ) from error
    return name
