"""Which dashboards a command shows, and on which clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from contract.errors import CrowdLensError

if TYPE_CHECKING:
    from infra.local.athena import LocalAthena
    from quicksight.dashboard import Dashboard

ALL = "all"


class UnknownDashboardError(CrowdLensError):
    """Raised when a dashboard is named that there is none of."""


def dashboards_by_key() -> dict[str, Dashboard]:
    """Return every dashboard by its short name, such as ``density_and_safety``."""
    from quicksight.dashboards.catalog import DASHBOARDS

    return {
        dashboard.dashboard_id.removeprefix("crowdlens-").replace("-", "_"): dashboard
        for dashboard in DASHBOARDS
    }


def choose_dashboards(name: str) -> dict[str, Dashboard]:
    """Return the dashboard called `name`, or every one for ``all``; raises `UnknownDashboardError`."""
    known = dashboards_by_key()
    if name == ALL:
        return known
    key = name.replace("-", "_")
    if key not in known:
        raise UnknownDashboardError(f"dashboard is {name!r}: expected {', '.join(known)} or {ALL}")
    return {key: known[key]}


def site_time_zone(athena: LocalAthena) -> str:
    """Return the time zone that most records of the lake's newest day name, UTC when nothing names one."""
    rows = athena.query(
        "SELECT time_zone, count(*) AS n FROM stored_zone_counts "
        "WHERE day = (SELECT max(day) FROM stored_zone_counts) GROUP BY time_zone ORDER BY n DESC"
    ).rows
    return next((str(row[0]) for row in rows if row[0] is not None), "UTC")
