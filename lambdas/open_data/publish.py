"""Puts what became of a file into its places: rows first, then the report that speaks of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lambdas.open_data.load import Loaded
from lambdas.open_data.places import data_key, load_name, quarantine_key, report_key
from lambdas.open_data.report import html_report
from lambdas.open_data.summary import summary


class Store(Protocol):
    """The lake: a bucket, or a folder that stands for one."""

    def put_file(self, key: str, path: Path, content_type: str) -> None:
        """Store a file under `key`, replacing what was there."""
        ...

    def put_text(self, key: str, text: str, content_type: str) -> None:
        """Store a text under `key`, replacing what was there."""
        ...


@dataclass(frozen=True)
class Published:
    """The keys of what was stored; None where there was nothing of its kind."""

    data: str | None
    quarantine: str | None
    report: str
    summary: dict[str, Any]


def publish(loaded: Loaded, store: Store) -> Published:
    """Store rows, bad rows and report of one file; doing it again replaces the same objects."""
    name = load_name(loaded.origin)
    data_set, loaded_at = loaded.profile.name, loaded.origin.loaded_at
    found = summary(loaded)
    quarantine = quarantine_key(data_set, loaded_at, name) if loaded.quarantine else None
    data = data_key(data_set, loaded_at, name) if loaded.parquet else None
    if loaded.quarantine is not None and quarantine is not None:
        store.put_file(quarantine, loaded.quarantine, "application/x-ndjson")
    if loaded.parquet is not None and data is not None:
        store.put_file(data, loaded.parquet, "application/vnd.apache.parquet")
    as_json = json.dumps(found, ensure_ascii=False, indent=1)
    store.put_text(report_key(data_set, loaded_at, name, "json"), as_json, "application/json")
    report = report_key(data_set, loaded_at, name, "html")
    store.put_text(report, html_report(found), "text/html; charset=utf-8")
    return Published(data, quarantine, report, found)
