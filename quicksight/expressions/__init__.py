"""The part of QuickSight's expression language that is in use: read, checked, and said in Athena's SQL."""

from quicksight.expressions.checking import aggregation_fault, columns_of, parameters_of
from quicksight.expressions.parsing import ExpressionError, parse
from quicksight.expressions.reckoning import athena_sql, rolling_date

__all__ = [
    "ExpressionError",
    "aggregation_fault",
    "athena_sql",
    "columns_of",
    "parameters_of",
    "parse",
    "rolling_date",
]
