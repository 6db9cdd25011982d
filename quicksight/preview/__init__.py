"""Dashboards without QuickSight: the same definition drawn from local data as one self-contained page."""

from quicksight.preview.choosing import Chosen, chosen_for_all
from quicksight.preview.drawing import Drawing, start_drawing
from quicksight.preview.facts import ConservationRow, Fact, FilePlace, NextStep, ReportFacts, TruthRow
from quicksight.preview.importing import Imported
from quicksight.preview.page import NamedDrawing, write_dashboards, write_preview, write_report

__all__ = [
    "Chosen",
    "ConservationRow",
    "Drawing",
    "Fact",
    "FilePlace",
    "Imported",
    "NamedDrawing",
    "NextStep",
    "ReportFacts",
    "TruthRow",
    "chosen_for_all",
    "start_drawing",
    "write_dashboards",
    "write_preview",
    "write_report",
]
