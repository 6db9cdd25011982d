from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from contract.records import Record, check_record
from contract.scene import Scene, parse_scene
from edge_components.vision.camera_health import CameraHealth, CameraHealthSettings
from edge_components.vision.sources import Frame, SourceInfo

SETTINGS = CameraHealthSettings(
    **{"lost_seconds": 5, "frozen_seconds": 10, "dark_seconds": 3, "slow_seconds": 10, "recovery_seconds": 2}
)
BASE_MS = 1_760_000_000_000


def scene() -> Scene:
    return parse_scene(
        {
            "site": "test",
            "time_zone": "UTC",
            "camera": "gate-1",
            "frame": {"width": 64, "height": 48},
            "lines": [{"name": "gate", "points": [[32, 0], [32, 48]]}],
            "classes": ["person"],
        }
    )


class Camera:
    """A camera in front of the health watcher; collects the records, all checked."""

    def __init__(self, *, live: bool = True) -> None:
        self.health = CameraHealth(scene(), SourceInfo(64, 48, 10, None, live=live), SETTINGS)
        self.seconds = 100.0
        self.index = 0
        self.records: list[Record] = []
        self._random = np.random.default_rng(1)

    def run(self, seconds: float, *, rate: float = 10, level: int = 128, noise: bool = True) -> Camera:
        for _ in range(round(seconds * rate)):
            image = np.full((48, 64, 3), level, np.int16)
            if noise:
                image += self._random.integers(-4, 5, image.shape, dtype=np.int16)
            frame = Frame(np.clip(image, 0, 255).astype(np.uint8), self.index, self.seconds)
            self._keep(self.health.observe(frame, self._now_ms(), "synced"))
            self.index += 1
            self.seconds += 1 / rate
        return self

    def alternate(self, seconds: float, *, rates: tuple[float, float]) -> Camera:
        for part in range(round(seconds / 10)):
            self.run(10, rate=rates[part % 2])
        return self

    def silent(self, seconds: float, fault: str | None = "the stream ended") -> Camera:
        for _ in range(round(seconds * 2)):
            self.seconds += 0.5
            self._keep(self.health.silence(self.seconds, self._now_ms(), "synced", fault))
        return self

    def close(self) -> Camera:
        self._keep(self.health.close(self._now_ms(), "synced", "the source ended"))
        return self

    def _now_ms(self) -> int:
        return BASE_MS + round(self.seconds * 1000)

    def _keep(self, records: list[Record]) -> None:
        for record in records:
            check_record(record)
        self.records += records

    @property
    def states(self) -> list[object]:
        return [record.values["state"] for record in self.records if record.table == "camera_status"]

    def gaps(self) -> Iterator[float]:
        for record in self.records:
            if record.table == "gaps":
                start, end = record.values["gap_start"], record.values["gap_end"]
                assert isinstance(start, int)
                assert isinstance(end, int)
                assert (record.values["reason"], record.event_time_ms) == ("camera_lost", start)
                yield (end - start) / 1000


@pytest.mark.parametrize(
    ("camera", "states"),
    [
        pytest.param(Camera().run(60), ["ok"], id="a healthy minute says ok once"),
        pytest.param(Camera().run(5).run(9, noise=False).run(5), ["ok"], id="still for 9 s is not frozen"),
        pytest.param(
            Camera().run(5).run(12, noise=False).run(5), ["ok", "frozen", "ok"], id="frozen for 12 s and back"
        ),
        pytest.param(
            Camera().run(5).run(12, noise=False).run(1).run(12, noise=False).run(5),
            ["ok", "frozen", "ok"],
            id="one live second is no recovery",
        ),
        pytest.param(Camera().run(5).run(5, level=4).run(5), ["ok", "dark", "ok"], id="dark and light again"),
        pytest.param(
            Camera().run(5).run(2, level=4).run(5), ["ok"], id="two dark seconds are a passing lorry"
        ),
        pytest.param(
            Camera().run(5).run(5, level=4).run(20, level=15),
            ["ok", "dark"],
            id="dusk between the levels stays",
        ),
        pytest.param(Camera().run(15).run(15, rate=2), ["ok", "slow"], id="a collapsed frame rate"),
        pytest.param(
            Camera().run(15).run(150, rate=2), ["ok", "slow", "ok"], id="its own night mode: a new usual rate"
        ),
        pytest.param(
            Camera().run(15).alternate(150, rates=(1, 3)), ["ok", "slow"], id="an unsteady rate stays slow"
        ),
        pytest.param(Camera().run(15).run(15, rate=6), ["ok"], id="60 % of the usual rate is not slow"),
        pytest.param(
            Camera().run(15).run(15, rate=2).run(15), ["ok", "slow", "ok"], id="the rate comes back"
        ),
        pytest.param(
            Camera(live=False).run(15).run(15, rate=2), ["ok"], id="a file's frame rate is its own affair"
        ),
        pytest.param(Camera().run(5).silent(3).run(5), ["ok"], id="three silent seconds are not lost"),
        pytest.param(Camera().run(5).silent(8).run(5), ["ok", "lost", "ok"], id="lost and found"),
        pytest.param(Camera().run(5).silent(8).close(), ["ok", "lost", "ended"], id="lost to the end"),
        pytest.param(Camera().run(5).close(), ["ok", "ended"], id="a source that ends"),
    ],
)
def test_states(camera: Camera, states: list[str]) -> None:
    assert camera.states == states


@pytest.mark.parametrize(
    ("camera", "gaps"),
    [
        pytest.param(Camera().run(60), [], id="none while frames come"),
        pytest.param(Camera().run(5).silent(8).run(5), [8.1], id="from the last frame to the next"),
        pytest.param(
            Camera().run(5).silent(8).run(1).silent(8).run(5),
            [8.1, 8.1],
            id="twice, without recovery between",
        ),
        pytest.param(Camera().run(5).silent(30).close(), [30.1], id="open at the end"),
        pytest.param(Camera().run(5).silent(150), [60.1, 60.0], id="minute by minute while it lasts"),
        pytest.param(Camera().run(5).silent(150).run(5), [60.1, 60.0, 30.1], id="and the rest"),
    ],
)
def test_lost_time_is_declared(camera: Camera, gaps: list[float]) -> None:
    assert list(camera.gaps()) == pytest.approx(gaps, abs=0.11)


def test_counts_are_suspect_until_the_camera_has_recovered() -> None:
    camera = Camera().run(5).silent(8)
    assert camera.health.suspect
    assert camera.run(1).health.suspect
    assert not camera.run(2).health.suspect


def test_the_summary_tells_how_long_the_camera_was_not_well() -> None:
    camera = Camera().run(5).run(10, level=4).run(10).silent(8).run(5).close()
    summary = camera.health.summary()
    assert [finding["state"] for finding in summary["findings"]] == ["dark", "lost"]
    assert summary["findings"][0]["seconds"] == pytest.approx(9.0, abs=0.6)
    total = sum(finding["seconds"] for finding in summary["findings"])
    assert summary["suspect_seconds"] == pytest.approx(total, abs=0.01)
    assert Camera().run(5).close().health.summary() == {"suspect_seconds": 0.0, "findings": []}


def test_a_status_tells_what_came_before_and_why() -> None:
    status = Camera().run(5).silent(8, "it cannot be opened").records[-1]
    assert status.values["previous_state"] == "ok"
    assert status.values["detail"] == "no frame for 5 s: it cannot be opened"
    assert (status.camera, status.scene_version) == ("gate-1", scene().version)
