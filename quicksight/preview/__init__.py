"""Dashboards without QuickSight: the same definition drawn from local data as one self-contained page."""

from quicksight.preview.facts import ConservationRow, Fact, FilePlace, NextStep, ReportFacts, TruthRow
from quicksight.preview.page import write_preview, write_report

__all__ = [
    "ConservationRow",
    "Fact",
    "FilePlace",
    "NextStep",
    "ReportFacts",
    "TruthRow",
    "write_preview",
    "write_report",
]
