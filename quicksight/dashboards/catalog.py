"""The dashboards there are."""

from __future__ import annotations

from quicksight.dashboards import operations

DASHBOARDS = (operations.DASHBOARD,)
"""Every dashboard, in the order in which a reader is shown them."""
