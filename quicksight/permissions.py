"""The sets of actions that QuickSight takes for an owner: it accepts a whole set, not a part of one.

Source: QuickSight API reference, CreateDataSource, CreateDataSet, CreateTheme, CreateDashboard; user guide,
"Actions, resources, and condition keys for Amazon QuickSight".
"""

from __future__ import annotations


def _actions(*names: str) -> tuple[str, ...]:
    return tuple(f"quicksight:{name}" for name in names)


DATA_SOURCE_OWNER = _actions(
    "DescribeDataSource",
    "DescribeDataSourcePermissions",
    "PassDataSource",
    "UpdateDataSource",
    "DeleteDataSource",
    "UpdateDataSourcePermissions",
)
DATA_SET_OWNER = _actions(
    "DescribeDataSet",
    "DescribeDataSetPermissions",
    "PassDataSet",
    "DescribeIngestion",
    "ListIngestions",
    "UpdateDataSet",
    "DeleteDataSet",
    "CreateIngestion",
    "CancelIngestion",
    "UpdateDataSetPermissions",
)
THEME_OWNER = _actions(
    "DescribeTheme",
    "DescribeThemeAlias",
    "DescribeThemePermissions",
    "ListThemeAliases",
    "ListThemeVersions",
    "CreateThemeAlias",
    "UpdateThemeAlias",
    "DeleteThemeAlias",
    "UpdateTheme",
    "DeleteTheme",
    "UpdateThemePermissions",
)
DASHBOARD_OWNER = _actions(
    "DescribeDashboard",
    "ListDashboardVersions",
    "UpdateDashboardPermissions",
    "QueryDashboard",
    "UpdateDashboard",
    "DeleteDashboard",
    "DescribeDashboardPermissions",
    "UpdateDashboardPublishedVersion",
)
DASHBOARD_READER = _actions("DescribeDashboard", "ListDashboardVersions", "QueryDashboard")
"""Sees the dashboard and nothing else: without a right to its data sets, rules about rows hold."""
