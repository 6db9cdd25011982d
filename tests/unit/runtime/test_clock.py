from __future__ import annotations

from pathlib import Path

import pytest

from edge_components.runtime.boot import UNKNOWN_BOOT, read_boot_id
from edge_components.runtime.clock import PROBE_INTERVAL_SECONDS, DeviceClock
from edge_components.runtime.time_sync import (
    EARLIEST_PLAUSIBLE_MILLISECONDS,
    TimeSync,
    kernel_says_synchronised,
    probe_time_sync,
)

AFTER_MS = EARLIEST_PLAUSIBLE_MILLISECONDS + 1_000


class Clocks:
    def __init__(self, wall_seconds: float = 1_795_176_000.0) -> None:
        self.monotonic_seconds = 50.0
        self.wall_seconds = wall_seconds
        self.synchronised = True

    def make(self) -> DeviceClock:
        return DeviceClock(
            monotonic_seconds=lambda: self.monotonic_seconds,
            wall_seconds=lambda: self.wall_seconds,
            probe=lambda _: TimeSync(self.synchronised, "test"),
        )

    def pass_time(self, seconds: float, *, wall_step_seconds: float = 0.0) -> None:
        self.monotonic_seconds += seconds
        self.wall_seconds += seconds + wall_step_seconds


def test_event_time_follows_the_monotonic_clock_whatever_the_wall_clock_does():
    clocks = Clocks()
    clock = clocks.make()
    start_ms = clock.now_ms()
    assert start_ms == 1_795_176_000_000
    clocks.pass_time(2.5, wall_step_seconds=-3600)
    assert clock.now_ms() == start_ms + 2_500
    assert clock.at_monotonic_ms(49.0) == start_ms - 1_000


@pytest.mark.parametrize(
    ("synced_before", "synced_after", "step_seconds", "moved", "quality"),
    [
        pytest.param(False, True, 1_000_000.0, True, "synced", id="first sync after a wrong boot time"),
        pytest.param(False, True, 0.0, True, "synced", id="first sync of a right clock"),
        pytest.param(False, False, 500.0, False, "unsynced", id="a step while unsynced keeps the anchor"),
        pytest.param(True, True, 0.1, False, "synced", id="slewing is left to the kernel"),
        pytest.param(True, True, -1.0, True, "synced", id="a leap second is followed"),
        pytest.param(True, True, 1.0, True, "synced", id="a leap second left out is followed"),
        pytest.param(False, True, -86_400.0, True, "synced", id="first sync back over a day"),
        pytest.param(True, True, 3600.0, True, "synced", id="a believed clock is followed forward"),
        pytest.param(True, True, -7200.0, True, "synced", id="a believed clock is followed back"),
        pytest.param(True, False, 500.0, False, "synced", id="losing the time service keeps the anchor"),
    ],
)
def test_refresh(synced_before: bool, synced_after: bool, step_seconds: float, moved: bool, quality: str):
    clocks = Clocks()
    clocks.synchronised = synced_before
    clock = clocks.make()
    start_ms = clock.now_ms()
    clocks.synchronised = synced_after
    clocks.pass_time(PROBE_INTERVAL_SECONDS, wall_step_seconds=step_seconds)
    assert clock.refresh() is moved
    assert clock.quality == quality
    step_ms = round(step_seconds * 1000) if moved else 0
    assert clock.now_ms() - start_ms == PROBE_INTERVAL_SECONDS * 1000 + step_ms


def test_refresh_looks_at_most_every_five_seconds():
    clocks = Clocks()
    clocks.synchronised = False
    clock = clocks.make()
    clocks.synchronised = True
    clocks.pass_time(PROBE_INTERVAL_SECONDS - 0.1)
    assert not clock.refresh()
    clocks.pass_time(0.1)
    assert clock.refresh()


def test_a_synced_clock_adopts_no_unsynced_offset():
    clocks = Clocks()
    clock = clocks.make()
    clock.adopt_unsynced_offset(0)
    assert clock.now_ms() == 1_795_176_000_000


@pytest.mark.parametrize(
    ("wall_ms", "kernel", "mark", "service", "synchronised"),
    [
        pytest.param(0, True, True, False, False, id="1970 is never believed"),
        pytest.param(EARLIEST_PLAUSIBLE_MILLISECONDS - 1, True, True, True, False, id="before the release"),
        pytest.param(AFTER_MS, True, False, True, True, id="kernel disciplined"),
        pytest.param(AFTER_MS, False, True, True, True, id="timesyncd has synchronised"),
        pytest.param(AFTER_MS, False, False, True, False, id="service still waiting"),
        pytest.param(AFTER_MS, False, False, False, True, id="no service: plausible is believed"),
        pytest.param(AFTER_MS, None, False, False, True, id="no adjtimex, no service"),
    ],
)
def test_probe(
    tmp_path: Path, *, wall_ms: int, kernel: bool | None, mark: bool, service: bool, synchronised: bool
):
    for name, present in (("mark", mark), ("service", service)):
        if present:
            (tmp_path / name).touch()
    verdict = probe_time_sync(
        wall_ms,
        kernel=lambda: kernel,
        timesyncd_mark=tmp_path / "mark",
        service_traces=(tmp_path / "service",),
    )
    assert verdict.synchronised is synchronised
    assert verdict.evidence


def test_the_kernel_is_asked_without_a_crash():
    assert kernel_says_synchronised() in (True, False, None)


def test_boot_id(tmp_path: Path):
    (tmp_path / "boot_id").write_text("42e410e5\n")
    assert read_boot_id(tmp_path / "boot_id") == "42e410e5"
    assert read_boot_id(tmp_path / "nowhere") == UNKNOWN_BOOT
