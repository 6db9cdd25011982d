"""Finds in definitions what QuickSight would refuse, or show wrongly, before anything is deployed."""

from quicksight.linter.findings import Finding
from quicksight.linter.run import lint, lint_definition
from quicksight.linter.sql import lint_sql

__all__ = ["Finding", "lint", "lint_definition", "lint_sql"]
