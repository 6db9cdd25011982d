"""A changed address or password is seen while the camera runs, and used when it does no harm."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_components.vision.camera_setup import AddressWatch
from edge_components.vision.component_settings import CameraEntry

OLD = "rtsp://viewer:old@10.0.0.9/live"


@pytest.mark.parametrize(
    ("content", "fault", "expected"),
    [
        pytest.param(OLD, None, None, id="nothing-new"),
        pytest.param(OLD, "the stream ended", None, id="nothing-new-and-lost"),
        pytest.param("rtsp://viewer:new@10.0.0.9/live", None, None, id="another-password-for-later"),
        pytest.param(
            "rtsp://viewer:new@10.0.0.9/live",
            "Unauthorized",
            "the camera's password or user is another one now; before: Unauthorized",
            id="another-password",
        ),
        pytest.param(
            "rtsp://viewer:old@10.0.0.10/live",
            None,
            "the camera's address is rtsp://***@10.0.0.10/live now",
            id="another-address",
        ),
        pytest.param("", "Unauthorized", None, id="half-written"),
    ],
)
def test_when_a_camera_is_opened_anew(
    tmp_path: Path, content: str, fault: str | None, expected: str | None
) -> None:
    path = tmp_path / "plaza-1"
    path.write_text(content + "\n")
    path.chmod(0o640)
    watch = AddressWatch(CameraEntry("plaza-1", source_file=path), OLD)
    assert watch.change(fault) == expected


def test_a_password_file_that_went_changes_nothing(tmp_path: Path) -> None:
    entry = CameraEntry("p", source="rtsp://v:{password}@h/x", password_file=tmp_path / "gone")
    assert AddressWatch(entry, "rtsp://v:old@h/x").change("Unauthorized") is None
