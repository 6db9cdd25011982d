"""Dashboards as code: data sets, builders, linter and offline renderer."""
