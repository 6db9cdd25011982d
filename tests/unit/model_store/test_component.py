"""The component on its own: what it says of a clock without a battery, and when it tries again."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from edge_components.model_store.component import ModelStoreComponent, clock_sentence
from edge_components.model_store.pointers import read_active
from edge_components.model_store.store_folder import StoreFolder
from edge_components.runtime.component import ComponentContext
from edge_components.runtime.component_config import ComponentConfigError
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.status import StatusWriter
from tests.functional.model_store.store_kit import Bucket, Golden, Probe, package_files


@pytest.mark.parametrize(
    ("year", "text"), [(1970, "clock says 1970-01-01"), (2024, "clock says 2024-01-01"), (2026, "")]
)
def test_a_clock_that_cannot_be_right_is_named(year: int, text: str) -> None:
    said = clock_sentence(datetime(year, 1, 1, tzinfo=UTC))
    assert (text in said) if text else (said == "")


class Bench:
    """A component with its bucket, on no device."""

    def __init__(self, folder: Path) -> None:
        self.bucket, self.golden = Bucket(), Golden()
        for version in ("1", "2"):
            self.bucket.push("people", version, package_files())
        self.folders = DeviceFolders.below(folder)
        self.folders.make()
        status = StatusWriter(self.folders.status, "model_store", "1")
        self.context = ComponentContext(self.folders, "jetson-7", None, threading.Event(), status)
        self.component = ModelStoreComponent(
            make_objects=lambda _: self.bucket.store(),
            probe=Probe(folder),
            golden=self.golden,
            first_retry_seconds=0.05,
        )

    def want(self, model: str) -> Any:
        return self.component.settings({"artifactsBucket": "b", "model": model})

    def active(self) -> str | None:
        active = read_active(StoreFolder(self.folders.models))
        return None if active is None else str(active.reference)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(tmp_path)
    yield bench
    bench.component.stop()


def wait_for(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_what_may_pass_is_tried_until_it_passes(bench: Bench) -> None:
    bench.bucket.error = "RequestTimeTooSkewed"
    bench.component.start(bench.want("people@1"), bench.context)
    wait_for(lambda: len(bench.bucket.asked) >= 3)
    assert bench.context.failure is None
    bench.bucket.error = None
    wait_for(lambda: bench.active() == "people@1")


def test_a_refused_model_ends_the_process_and_is_not_offered_again(bench: Bench) -> None:
    bench.component.start(bench.want("people@1"), bench.context)
    wait_for(lambda: bench.active() == "people@1")
    bench.golden.fails = lambda engine, provider: "nothing is found"
    assert bench.component.apply(bench.want("people@2"))
    assert bench.context.stop.wait(60)
    assert "nothing is found" in str(bench.context.failure)
    assert bench.active() == "people@1"
    with pytest.raises(ComponentConfigError, match=r"people@2 is refused: .*nothing is found"):
        bench.want("people@2")


def test_a_new_wish_breaks_off_the_old_one(bench: Bench) -> None:
    started = threading.Event()

    def slow(engine: Path | None, provider: str) -> str | None:
        if not started.is_set():
            started.set()
            time.sleep(0.3)
        return None

    bench.golden.fails = slow
    bench.component.start(bench.want("people@1"), bench.context)
    assert started.wait(60)
    bench.component.apply(bench.want("people@2"))
    wait_for(lambda: bench.active() == "people@2")
    assert bench.context.failure is None


def test_without_a_model_it_waits(bench: Bench) -> None:
    bench.component.start(bench.component.settings({"artifactsBucket": "", "model": ""}), bench.context)
    bench.component.apply(bench.want("people@2"))
    wait_for(lambda: bench.active() == "people@2")


def test_a_refused_version_that_was_published_anew_is_let_through(bench: Bench) -> None:
    bench.golden.fails = lambda engine, provider: "nothing is found"
    bench.component.start(bench.want("people@1"), bench.context)
    assert bench.context.stop.wait(60)
    with pytest.raises(ComponentConfigError, match="people@1 is refused"):
        bench.want("people@1")
    bench.bucket.error = "SlowDown"
    assert str(bench.want("people@1").model) == "people@1"
    bench.bucket.error = None
    bench.bucket.push("people", "1", {**package_files(), "golden.json": b"{ }"})
    assert str(bench.want("people@1").model) == "people@1"


def test_a_model_that_is_not_signed_as_demanded_runs_on_and_is_said(bench: Bench, tmp_path: Path) -> None:
    bench.component.start(bench.want("people@1"), bench.context)
    wait_for(lambda: bench.active() == "people@1")
    settings = {"artifactsBucket": "b", "model": "people@1", "signingKey": "no key"}
    bench.component.apply(bench.component.settings(settings))

    def status() -> dict[str, Any]:
        bench.context.status.write()
        document: dict[str, Any] = json.loads((bench.folders.status / "model_store.json").read_text())
        return document

    wait_for(lambda: "people@1 runs on though model people@1 is not signed" in str(status()["reason"]))
    assert (status()["state"], status()["details"]["signed"]) == ("running", False)
    assert bench.context.failure is None
