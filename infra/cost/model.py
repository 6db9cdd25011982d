"""One fleet, estimated: its load, its two queues, its bill, and the limit it meets first."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from infra.cost.bill import Mysql, Usage, fixed_lines, mysql_for, usage, variable_lines
from infra.cost.fleet import MONTH_DAYS, Fleet
from infra.cost.ingest import Drain, Settings, Steady, drain, steady
from infra.cost.limit_checks import Limit, limits
from infra.cost.prices import prices_in


@dataclass(frozen=True)
class Outage:
    """`share` of the cameras away for `hours`, back at the same moment."""

    hours: float = 24.0
    share: float = 0.5


@dataclass(frozen=True)
class Estimate:
    """Everything the model says of a fleet; dollars are a month's."""

    fleet: Fleet
    steady: Steady
    drain: Drain
    use: Usage
    mysql: Mysql
    variable: dict[str, float]
    fixed: dict[str, float]
    limits: list[Limit]

    @property
    def variable_a_camera(self) -> float:
        """Dollars a camera and month, without fixed fees."""
        return sum(self.variable.values()) / self.fleet.cameras

    @property
    def fixed_a_camera(self) -> float:
        """Fixed fees a camera and month."""
        return sum(self.fixed.values()) / self.fleet.cameras

    @property
    def usd_a_million_records(self) -> float:
        """Dollars for a million records, without fixed fees."""
        return sum(self.variable.values()) / self.use.records * 1e6

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as plain values, for JSON."""
        writer, loader = self.steady.writer, self.steady.loader
        return {
            "cameras": self.fleet.cameras,
            "profile": self.fleet.profile_name,
            "records_a_camera_day": round(sum(self.fleet.records_a_camera_day().values())),
            "messages_a_second": round(self.fleet.messages_a_second, 2),
            "message_bytes": round(self.fleet.body_bytes),
            "messages_a_call": round(writer.messages_a_call, 1),
            "lake_writer_concurrency": {"mean": round(_mean(writer.busy), 2), "most": max(writer.busy)},
            "lake_writer_delay_seconds": {
                "p50": _quantile(writer.delays, 0.5),
                "p95": _quantile(writer.delays, 0.95),
            },
            "rds_loader_concurrency": {"mean": round(_mean(loader.busy), 2), "most": max(loader.busy)},
            "rds_loader_oldest_seconds": round(max(loader.oldest_seconds), 1),
            "objects_a_day": round(self.use.objects / MONTH_DAYS),
            "mysql_rows_a_second": round(self.mysql.rows_a_second, 1),
            "mysql": {
                "instance": self.mysql.instance,
                "enough": self.mysql.fits,
                "gb": round(self.mysql.disk_gb),
            },
            "lake_gb_a_month": round(self.use.lake_gb_a_month, 2),
            "outage": {
                "messages": self.drain.messages,
                "records": round(self.drain.records),
                "lake_seconds": round(self.drain.writer_seconds, 1),
                "lake_writer_concurrency": max(self.drain.writer.busy),
                "oldest_message_seconds": round(max(self.drain.writer.oldest_seconds), 1),
                "messages_left": self.drain.writer.left,
                "mysql_seconds": round(self.drain.loader_seconds)
                if self.drain.loader_seconds < 1e9
                else None,
            },
            "usd_a_month": {
                "variable": {name: round(usd, 2) for name, usd in self.variable.items()},
                "fixed": {name: round(usd, 2) for name, usd in self.fixed.items()},
            },
            "usd_a_camera_month": {
                "variable": round(self.variable_a_camera, 4),
                "fixed": round(self.fixed_a_camera, 4),
            },
            "usd_a_million_records": round(self.usd_a_million_records, 4),
            "limits": [
                {"name": one.name, "used": _finite(one.used), "turn": one.turn} for one in self.limits
            ],
        }


def estimate(
    fleet: Fleet, region: str, *, settings: Settings, outage: Outage, stored_days: float, seed: int = 1
) -> Estimate:
    """Return what `fleet` asks for and costs in `region`; raises `UnknownRegionError`."""
    prices = prices_in(region)
    usual = steady(fleet, settings, seed=seed)
    back = drain(fleet, settings, hours=outage.hours, share=outage.share, seed=seed)
    use = usage(fleet, settings, usual)
    mysql = mysql_for(fleet)
    return Estimate(
        fleet,
        usual,
        back,
        use,
        mysql,
        variable_lines(use, prices, fleet, stored_days),
        fixed_lines(prices, fleet, mysql, settings),
        limits(settings, use, mysql, usual, back),
    )


def _finite(number: float) -> float | None:
    return round(number, 4) if math.isfinite(number) else None


def _mean(values: list[int]) -> float:
    return sum(values) / max(1, len(values))


def _quantile(values: list[float], share: float) -> float | None:
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 1) if ordered else None
