"""The monthly amount that AWS Budgets warns about: what the model says, and a quarter more."""

from __future__ import annotations

import math
from dataclasses import replace

from infra.config import StageConfig
from infra.cost.bill import mysql_for, usage, variable_lines
from infra.cost.fleet import Fleet
from infra.cost.ingest import Settings, steady
from infra.cost.prices import DEFAULT_REGION, PriceList, price_list
from infra.cost.standing import standing

HEADROOM = 1.25
STEP_USD = 5
STORED_DAYS = 90.0
"""The lake's age that the budget reckons with: raise `monthly_budget_usd` as it grows."""


def budget_usd(config: StageConfig, prices: PriceList | None = None) -> int:
    """Return dollars a month for the stage and the cameras it expects, in whole steps of `STEP_USD`.

    A region without prices is reckoned with those of `DEFAULT_REGION`. Raises `PriceMissingError` for an
    instance class without a price.
    """
    usd = HEADROOM * expected_usd(config, prices or price_list())
    return STEP_USD * math.ceil(usd / STEP_USD)


def expected_usd(config: StageConfig, prices: PriceList) -> float:
    """Return dollars a month of the stage with its cameras: what stands, what each device costs, the load."""
    region = config.region if config.region in prices.regions else DEFAULT_REGION
    by_name = {name: price.regions[region].usd for name, price in prices.prices.items()}
    fleet = Fleet(config.cameras, config.profile)
    settings = Settings.of(config.profile)
    load = variable_lines(usage(fleet, settings, steady(fleet, settings)), by_name, fleet, STORED_DAYS)
    devices = fleet.devices * by_name["greengrass_month"]
    disk = _grown_gib(config, fleet) * by_name["rds_gb_month"]
    return standing(_in_region(config, region), prices).total + devices + disk + sum(load.values())


def _grown_gib(config: StageConfig, fleet: Fleet) -> float:
    """Return by how much MySQL's storage grows for the fleet, over what it is made with."""
    mysql = config.mysql
    if mysql is None:
        return 0.0
    needed = min(mysql_for(fleet).disk_gb, mysql.maximum_storage_gib)
    return max(0.0, needed - mysql.storage_gib) * (2 if mysql.multi_az else 1)


def _in_region(config: StageConfig, region: str) -> StageConfig:
    return config if config.region == region else replace(config, region=region)
