"""The report as data: what a program, a log line or a page shows of a load."""

from __future__ import annotations

from collections import Counter
from typing import Any

from lambdas.open_data.load import Loaded
from lambdas.open_data.messages import change_text, reason_text

TOP = 30


def summary(loaded: Loaded) -> dict[str, Any]:
    """Return everything that a report says, ready for JSON."""
    account = loaded.account
    return {
        "data_set": loaded.profile.name,
        "title": {"en": loaded.profile.english, "ko": loaded.profile.korean},
        "series": loaded.origin.series,
        "source_file": loaded.origin.source_file,
        "source_bytes": loaded.source_bytes,
        "sha256": loaded.digest,
        "loaded_at": loaded.origin.loaded_at.isoformat(),
        "file": {"kind": loaded.source.kind, "encoding": loaded.source.encoding, **loaded.source.details},
        "header_line": None if loaded.header.by_position else loaded.header.line,
        "rows": account.rows,
        "accepted": account.accepted,
        "quarantined": account.quarantined,
        "copies": account.copies,
        "not_data": {
            "headers": account.headers,
            "above_header": account.above_header,
            "blank": account.blank,
        },
        "reasons": [
            _counted(code, number, reason_text(code)) for code, number in account.reasons.most_common()
        ],
        "changes": [_change(loaded, code, number) for code, number in _changes(loaded).most_common()],
        "columns": _columns(loaded),
        "other_columns": [name for name, _ in loaded.header.others],
        "counts": _counts(loaded),
        "bad_rows": [
            {"line": row.line, "reasons": list(row.reasons), "cells": list(row.cells)}
            for row in loaded.shown_bad_rows
        ],
    }


def _changes(loaded: Loaded) -> Counter[str]:
    return loaded.changes.counts + loaded.source.notes


def _counted(code: str, number: int, texts: tuple[str, str]) -> dict[str, Any]:
    return {"code": code, "count": number, "en": texts[0], "ko": texts[1]}


def _change(loaded: Loaded, code: str, number: int) -> dict[str, Any]:
    examples = [
        {"line": one.line, "column": one.column, "before": one.before, "after": one.after}
        for one in loaded.changes.examples.get(code, ())
    ]
    return {**_counted(code, number, change_text(code)), "examples": examples}


def _columns(loaded: Loaded) -> list[dict[str, Any]]:
    statistics, places = loaded.statistics, loaded.header.places
    return [
        {
            "name": column.name,
            "en": column.english,
            "ko": column.korean,
            "type": column.type,
            "in_file": loaded.header.names[places[column.name]] if column.name in places else None,
            "filled": statistics.filled[column.name],
            "lowest": _text(statistics.lowest.get(column.name)),
            "highest": _text(statistics.highest.get(column.name)),
        }
        for column in loaded.profile.columns
    ]


def _counts(loaded: Loaded) -> list[dict[str, Any]]:
    return [
        {
            "name": view.name,
            "en": view.english,
            "ko": view.korean,
            "by": list(view.by),
            "top": [
                [*("" if value is None else str(value) for value in values), number]
                for values, number in loaded.statistics.counts[view.by].most_common(TOP)
            ],
            "all": len(loaded.statistics.counts[view.by]),
        }
        for view in loaded.profile.counts
    ]


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
