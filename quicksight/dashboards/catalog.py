"""The dashboards there are."""

from __future__ import annotations

from quicksight.dashboards import density_and_safety, footfall, open_data, operations

DASHBOARDS = (operations.DASHBOARD, footfall.DASHBOARD, density_and_safety.DASHBOARD, open_data.DASHBOARD)
"""Every dashboard, in the order in which a reader is shown them."""
