"""What was dropped or mended on the way, in sentences for a person."""

from __future__ import annotations

from collections.abc import Mapping

_SENTENCES = {
    "boxes_not_finite": "{} boxes or confidences were no numbers: their boxes were dropped",
    "boxes_reversed": "{} boxes had no width or no height and were dropped",
    "boxes_outside": "{} boxes lay outside the frame and were dropped",
    "boxes_clipped": "{} boxes reached more than half a frame over its edge and were cut there",
    "boxes_too_many": "{} boxes were not among the 1,000 most confident of their frame and were dropped",
    "boxes_without_room": "{} boxes started no track because too many were followed already",
    "times_not_forward": "{} frames had a time not later than the frame before",
    "times_set_back": "the clock was set back; how often: {}",
    "times_in_bunches": "{} frames came in bunches and were spread evenly over the time between",
    "late_changes": "{} changes came too late for their window and are not in it",
    "events_not_in_summary": "{} events are not in the summary, which holds the first 10,000",
}


def sentences_of(warnings: Mapping[str, int]) -> list[str]:
    """Return a sentence for each of the `warnings` of `AnalyticsTotals` that happened."""
    return [
        _SENTENCES.get(reason, f"{reason.replace('_', ' ')}: {{}}").format(f"{count:,}")
        for reason, count in warnings.items()
        if count
    ]
