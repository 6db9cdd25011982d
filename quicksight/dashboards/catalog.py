"""The dashboards there are."""

from __future__ import annotations

from quicksight.dashboards import footfall, open_data, operations, safety

DASHBOARDS = (operations.DASHBOARD, footfall.DASHBOARD, safety.DASHBOARD, open_data.DASHBOARD)
"""Every dashboard, in the order in which a reader is shown them."""
