"""What a batch says: subject, e-mail and SMS, in one language.

SNS takes a subject of fewer than 100 characters of UTF-8 without line breaks or control characters (API
reference, Publish). An SMS of one part has 160 characters of the GSM alphabet, or 70 with any other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from contract.alerts import CAMERA_FAULT, CLASSIFIED, DEVICE_SILENT
from lambdas.notifier.entries import PART_END, PART_RISE, PART_START, Entry
from lambdas.notifier.quiet import zone_of
from lambdas.notifier.rules import SEVERITIES
from lambdas.notifier.words import WORDS, Words

MAXIMUM_SUBJECT: Final = 99
MAXIMUM_SMS: Final = 70
MAXIMUM_SMS_GSM: Final = 160
LISTED_ENTRIES: Final = 20
_PARTS: Final = (PART_START, PART_RISE, PART_END)
_GSM_EXTRA: Final = frozenset("£¥èéùìòÇØøÅåΔΦΓΛΩΠΨΣΘΞÆæßÉÄÖÑÜ§¿äöñüà¡\n")
_NOT_GSM: Final = frozenset("`[]{}\\^~|")
"""ASCII that is not in the alphabet, or counts as two."""


@dataclass(frozen=True)
class Message:
    """One message in one language."""

    subject: str
    body: str
    sms: str
    severity: str


@dataclass(frozen=True)
class _Told:
    """An event as far as the batch tells it: `began`, `rose` and `over` say which of its parts."""

    entry: Entry
    began: bool
    rose: bool
    over: bool


def compose(language: str, site: str, entries: Sequence[Entry], map_url: str | None) -> Message:
    """Return what `entries`, one at least, say in `language` (ko, en)."""
    words, events = WORDS[language], _merged(entries)
    severity = max((event.entry.severity for event in events), key=SEVERITIES.index)
    link = None if map_url is None else f"{map_url.rstrip('/')}/#site={quote(site)}"
    if len(events) == 1:
        subject, lines = _single(words, language, site, events[0])
    else:
        subject, lines = _several(words, language, site, events, severity)
    if any(event.entry.late for event in events):
        lines += ["", words.late_note]
    if any(event.entry.clock_quality == "unsynced" for event in events):
        lines += ["", words.clock]
    if link is not None:
        lines += ["", f"{words.map}: {link}"]
    body = "\n".join([*lines, "", "--", words.footer, ""])
    return Message(_clean(subject)[:MAXIMUM_SUBJECT], body, _sms(subject, events, link), severity)


def ascii_subject(subject: str) -> str:
    """Return `subject` for an endpoint that takes ASCII only."""
    plain = " ".join("".join(letter if letter.isascii() else " " for letter in subject).split())
    return f"CrowdLens {plain}"[:MAXIMUM_SUBJECT]


def _merged(entries: Sequence[Entry]) -> list[_Told]:
    """Return one item an event, its end laid over its start."""
    found: dict[tuple[str, str | None, str], _Told] = {}
    for entry in sorted(entries, key=lambda one: (one.started_ms, _PARTS.index(one.part))):
        key = (entry.device, entry.camera, entry.event)
        before = found.get(key)
        ends = entry.part == PART_END or entry.ended_ms is not None
        began = entry.part == PART_START or (before is not None and before.began)
        rose = entry.part == PART_RISE or (before is not None and before.rose)
        found[key] = _Told(entry, began, rose, ends or (before is not None and before.over))
    return list(found.values())


def _single(words: Words, language: str, site: str, event: _Told) -> tuple[str, list[str]]:
    entry, kind = event.entry, _kind(words, event)
    label = _label(words, [event], entry.severity)
    place, figure = _place(entry, language, site), _figure(words, entry)
    # Without the word "crowding over 14" would read as more than 14.
    told = f", {words.peak.lower()} {figure}" if event.over else f" {figure}"
    subject = f"[{label}] {place}: {kind}" + (told if figure else "")
    rows = [(words.what, kind)]
    if figure:
        rows.append((words.peak if event.over else words.value, figure))
    if entry.state:
        rows.append((words.state, _state(words, entry)))
    rows.append((words.began if event.over else words.time, _moment(entry.started_ms, entry.time_zone)))
    if entry.ended_ms is not None:
        seconds = (entry.ended_ms - entry.started_ms) / 1000
        rows.append((words.lasted, _duration(language, seconds)))
    where = " / ".join(part for part in (site, entry.camera, entry.place) if part)
    rows += [(words.where, where), (words.device, entry.device)]
    rows.append((words.severity, words.severities[entry.severity]))
    return subject, [f"{place}: {kind}", "", *(f"{name}: {value}" for name, value in rows)]


def _several(
    words: Words, language: str, site: str, events: Sequence[_Told], severity: str
) -> tuple[str, list[str]]:
    counts = Counter(_kind(words, event) for event in events)
    kinds = ", ".join(
        words.count.format(kind=kind, count=f"{number:,}") for kind, number in counts.most_common()
    )
    label = _label(words, events, severity)
    head = f"{site}: {kinds}"
    lines = [head]
    headings = (words.began_heading, words.rose_heading, words.over_heading)
    for number, heading in enumerate(headings):
        chosen = [event for event in events if _heading_of(event) == number]
        if chosen:
            lines += ["", heading.format(count=f"{len(chosen):,}"), *_listed(words, language, site, chosen)]
    return f"[{label}] {head}", lines


def _heading_of(event: _Told) -> int:
    return 0 if event.began else 2 if event.over else 1


def _label(words: Words, events: Sequence[_Told], severity: str) -> str:
    """Return what a subject begins with; news that is old is never shown as fresh."""
    if all(event.entry.late for event in events):
        return words.late
    if all(event.over and not event.began for event in events):
        return words.over
    return words.severities[severity]


def _listed(words: Words, language: str, site: str, events: Sequence[_Told]) -> list[str]:
    # What is kept without its details comes last, and is only counted.
    detailed = [event for event in events if event.entry.started_ms]
    lines = [f"- {_line(words, language, site, event)}" for event in detailed[:LISTED_ENTRIES]]
    more = len(events) - len(lines)
    return [*lines, f"- {words.more.format(count=f'{more:,}')}"] if more else lines


def _line(words: Words, language: str, site: str, event: _Told) -> str:
    entry = event.entry
    moment = _moment(entry.started_ms, entry.time_zone, short=True)
    if entry.kind == DEVICE_SILENT:
        return f"{entry.device} ({words.silent_since.format(time=moment)})"
    detail = _state(words, entry) if entry.kind == CAMERA_FAULT else _figure(words, entry)
    text = f"{moment} {_place(entry, language, site)}: {_kind(words, event)}"
    if detail:
        text += f", {detail}"
    if entry.late:
        text += f" ({words.late.lower()})"
    if event.over and entry.ended_ms is not None:
        text += f", {words.lasted.lower()} {_duration(language, (entry.ended_ms - entry.started_ms) / 1000)}"
    return text


def _kind(words: Words, event: _Told) -> str:
    """Return what happened; of what is over, that it is."""
    kind = words.kinds[event.entry.kind]
    if event.entry.kind == CLASSIFIED and event.entry.object_class:
        kind = f"{kind} {event.entry.object_class}"
    if not event.began and not event.over:
        return f"{kind} {words.rose}"
    return words.overs.get(event.entry.kind, f"{kind} {words.ended}") if event.over else kind


def _place(entry: Entry, language: str, site: str) -> str:
    named = entry.place_ko if language == "ko" else entry.place_en
    if named:
        return named
    if entry.kind == DEVICE_SILENT:
        return entry.device
    return entry.place_en or entry.place_ko or entry.place or entry.camera or site


def _figure(words: Words, entry: Entry) -> str:
    """Return the value with its unit and threshold; nothing for what has none."""
    if entry.value is None:
        return ""
    unit = words.units.get(entry.kind, "")
    limit = "" if entry.threshold is None else f" ({words.threshold} {entry.threshold:g}{unit})"
    return f"{round(entry.value, 1):g}{unit}{limit}"


def _state(words: Words, entry: Entry) -> str:
    named = words.states.get(entry.state or "", entry.state or "")
    return f"{named} ({entry.detail})" if entry.detail else named


def _moment(milliseconds: int, time_zone: str, *, short: bool = False) -> str:
    zone = zone_of(time_zone)
    local = datetime.fromtimestamp(milliseconds / 1000, tz=UTC).astimezone(zone)
    if short:
        # Where nobody knows a site's time zone, a bare time would be read as local.
        return f"{local:%m-%d %H:%M}" + (" UTC" if zone.key == "UTC" else "")
    return f"{local:%Y-%m-%d %H:%M:%S} ({zone.key})"


def _duration(language: str, seconds: float) -> str:
    units = (("일", 86_400), ("시간", 3_600), ("분", 60), ("초", 1))
    if language != "ko":
        units = ((" d", 86_400), (" h", 3_600), (" min", 60), (" s", 1))
    left, parts = max(0, round(seconds)), list[str]()
    for unit, length in units:
        number, left = divmod(left, length)
        if number or (length == 1 and not parts):
            parts.append(f"{number}{unit}")
    return " ".join(parts[:2])


def _sms(subject: str, events: Sequence[_Told], link: str | None) -> str:
    entry = events[0].entry
    moment = "" if len(events) > 1 else " " + _moment(entry.started_ms, entry.time_zone, short=True)
    # Brackets are two characters each in an SMS.
    text = _clean(subject).replace("[", "").replace("]", ":", 1) + moment
    for whole in (f"{text} {link}" if link else text, text):
        if len(whole) <= _sms_limit(whole):
            return whole
    limit = _sms_limit(text)
    return text[: limit - 1] + ("." if limit == MAXIMUM_SMS_GSM else "…")


def _sms_limit(text: str) -> int:
    plain = all((letter.isascii() and letter not in _NOT_GSM) or letter in _GSM_EXTRA for letter in text)
    return MAXIMUM_SMS_GSM if plain else MAXIMUM_SMS


def _clean(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text)
