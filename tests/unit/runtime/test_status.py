"""Status files: written whole, read with an age, and never a reason to fail."""

from __future__ import annotations

import json
import logging
import math
from pathlib import Path

import pytest

from edge_components.runtime.status import SILENT_SECONDS, StatusWriter, read_status, read_statuses


def test_what_is_written_is_read(tmp_path: Path) -> None:
    writer = StatusWriter(tmp_path / "status", "vision", "1.2.3")
    writer.report("waiting", "no camera is set up", {"cameras": {}})
    writer.set_details(frames=3)
    writer.details_from(lambda: {"frames": 4})
    writer.write()
    status = read_statuses(tmp_path / "status")["vision"]
    assert (status.version, status.state, status.reason) == ("1.2.3", "waiting", "no camera is set up")
    assert status.details == {"cameras": {}, "frames": 4}
    assert not status.is_silent


def test_the_last_state_is_written_at_the_end(tmp_path: Path) -> None:
    writer = StatusWriter(tmp_path, "vision", "1.2.3")
    writer.start()
    writer.report("failed", "the model is gone")
    writer.close()
    status = read_status(tmp_path / "vision.json")
    assert status is not None
    assert (status.state, status.reason) == ("failed", "the model is gone")


@pytest.mark.parametrize(
    ("older_seconds", "age_seconds"),
    [
        pytest.param(SILENT_SECONDS + 1, SILENT_SECONDS + 1, id="old"),
        # A reading of the clock that is yet to come is of an earlier boot.
        pytest.param(-1000.0, math.inf, id="of-an-earlier-boot"),
    ],
)
def test_an_old_status_is_silent(tmp_path: Path, older_seconds: float, age_seconds: float) -> None:
    StatusWriter(tmp_path, "vision", "1").write()
    path = tmp_path / "vision.json"
    document = json.loads(path.read_text("utf-8"))
    document["monotonic_seconds"] -= older_seconds
    path.write_text(json.dumps(document), encoding="utf-8")
    status = read_status(path)
    assert status is not None
    assert status.is_silent
    assert status.age_seconds == pytest.approx(age_seconds, abs=30)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b'{"component": "vis', id="cut-off"),
        pytest.param(b"[]", id="list"),
        pytest.param(b'{"component": "vision", "state": "dancing"}', id="unknown-state"),
    ],
)
def test_what_is_no_status_is_passed_over(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "vision.json").write_bytes(content)
    assert read_statuses(tmp_path) == {}


def test_a_folder_that_cannot_be_made_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    writer = StatusWriter(tmp_path / "file" / "status", "vision", "1")
    with caplog.at_level(logging.WARNING):
        writer.write()
        writer.write()
    assert [record.message for record in caplog.records] == ["status not written"]


def test_details_that_fail_do_not_end_the_status(tmp_path: Path) -> None:
    writer = StatusWriter(tmp_path, "vision", "1")
    writer.details_from(lambda: {"x": 1 // 0})
    writer.report("running")
    writer.write()
    assert read_statuses(tmp_path)["vision"].state == "running"
