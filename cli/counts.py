"""What was counted, in sentences for the terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from contract.alerts import CLASSIFIED


def count_sentences(summary: Mapping[str, Any]) -> list[str]:
    """Return a sentence for every line, zone and kind of event of a summary, and one about privacy."""
    sentences = [
        f"line {name}: {line['in']} in, {line['out']} out" for name, line in summary["lines"].items()
    ]
    sentences += [_zone_sentence(name, zone) for name, zone in summary["zones"].items()]
    events = Counter(_event_name(event) for event in summary["events"])
    sentences += [f"event {name}: {plural(count, 'time')}" for name, count in sorted(events.items())]
    least = summary.get("minimum_count", 1)
    if least > 1:
        sentences.append(f"numbers about zones below {least} are told as 0 (privacy)")
    return sentences


def plural(count: int, noun: str) -> str:
    """Return a number with its noun: ``1 change``, ``2 changes``, ``2 classes``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}{'es' if noun.endswith('s') else 's'}"


def _event_name(event: Mapping[str, Any]) -> str:
    if event["kind"] == CLASSIFIED:
        return f"{CLASSIFIED} {event['object_class']!r}"
    return f"{event['kind']} in {event['zone']}"


def classification_sentences(summary: Mapping[str, Any]) -> list[str]:
    """Return what a classifier said, in sentences; none where objects were counted."""
    seen = summary.get("classification")
    if seen is None:
        return []
    times = ", ".join(f"{text} {seconds:.1f} s" for text, seconds in seen["seconds_by_answer"].items())
    answer = "nothing was probable enough" if seen["answer"] is None else f"at the end: {seen['answer']}"
    return [
        f"project {seen['project']}: {answer}, {plural(seen['changes'], 'change')}"
        + (f" ({times})" if times else ""),
        *(f"  {label['probability']:.3f} {label['label']} → {label['text']}" for label in seen["labels"]),
    ]


def _zone_sentence(name: str, zone: Mapping[str, Any]) -> str:
    said = [
        f"zone {name}: {zone['mean']:.2f} on average, {zone['max']} at most",
        f"{zone['entries']} came in, {zone['exits']} went out",
    ]
    if zone.get("appeared") or zone.get("vanished"):
        said.append(f"{zone.get('appeared', 0)} appeared, {zone.get('vanished', 0)} vanished")
    dwell = zone["dwell_seconds_mean"]
    return "; ".join([*said, *([] if dwell is None else [f"they stayed {dwell:.1f} s"])])


def health_sentence(health: Mapping[str, Any]) -> str | None:
    """Return a sentence about the time a camera was not well, None when it was all the time."""
    findings = health["findings"]
    if not findings:
        return None
    seconds = Counter[str]()
    for finding in findings:
        seconds[finding["state"]] += finding["seconds"]
    parts = ", ".join(f"{state} {length:.0f} s" for state, length in seconds.items())
    return f"camera not well for {health['suspect_seconds']:.0f} s ({parts}): counts of that time are suspect"
