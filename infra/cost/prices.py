"""AWS's list prices, read from `prices.yaml` beside this module, each with its date and its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from contract.errors import CrowdLensError

PRICE_FILE = Path(__file__).with_name("prices.yaml")
DEFAULT_REGION = "ap-northeast-2"
NOT_COMPARED = "known"
"""The source of a price that its authors knew, for which no page was at hand."""
_ABOUT = frozenset(("service", "unit", "per", "page"))


class PriceFileError(CrowdLensError):
    """Raised when the price file cannot be read as one."""


class UnknownRegionError(CrowdLensError):
    """Raised for a region that the price file does not have."""


@dataclass(frozen=True)
class RegionPrice:
    """What one unit costs in a region, when that was taken down, and the page it was read on."""

    usd: float
    date: date
    source: str


@dataclass(frozen=True)
class Price:
    """What one `unit` of a `service` costs, by region; AWS's own `page` of it."""

    service: str
    unit: str
    page: str
    regions: Mapping[str, RegionPrice]


@dataclass(frozen=True)
class PriceList:
    """Every price by name, and how many units of some each account has for nothing every month."""

    read_on: date
    prices: Mapping[str, Price]
    always_free: Mapping[str, float]

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions that every price is known of."""
        each = [set(price.regions) for price in self.prices.values()]
        return tuple(sorted(set.intersection(*each)))


def read_prices(path: Path = PRICE_FILE) -> PriceList:
    """Return what the file says; raises `PriceFileError` naming the price that is not well formed."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    prices = {name: _price(name, entry) for name, entry in document["prices"].items()}
    for name in document["always_free"]:
        if name not in prices:
            raise PriceFileError(f"always_free has {name}: expected a name of a price")
    free = {name: float(entry["amount"]) for name, entry in document["always_free"].items()}
    return PriceList(document["read_on"], prices, free)


def _price(name: str, entry: Mapping[str, Any]) -> Price:
    try:
        regions = {
            region: RegionPrice(float(found["usd"]) / float(entry["per"]), found["date"], found["source"])
            for region, found in entry.items()
            if region not in _ABOUT
        }
        return Price(entry["service"], entry["unit"], entry["page"], regions)
    except (KeyError, TypeError, ValueError) as error:
        raise PriceFileError(
            f"price {name}: expected service, unit, per, page, and usd, date, source for each region"
        ) from error


@lru_cache(maxsize=1)
def price_list() -> PriceList:
    """Return the shipped price file, read once."""
    return read_prices()


def prices_in(region: str) -> dict[str, float]:
    """Return US dollars a unit by name; raises `UnknownRegionError`."""
    regions = price_list().regions
    if region not in regions:
        raise UnknownRegionError(f"region is {region!r}: expected one of {', '.join(regions)}")
    return {name: price.regions[region].usd for name, price in price_list().prices.items()}
