"""A configuration that the cameras refuse does not come into force by a restart either."""

from __future__ import annotations

from typing import Any

import pytest

from edge_components.runtime.status import read_status

pytestmark = pytest.mark.xdist_group("vision_component")
COMMON = {"cameras": {"plaza-1": {"source": "rtsp://plaza-1/stream"}}, "artifactsBucket": "artifacts"}


def problem(site: Any) -> str:
    """Return what the status says of the configuration, nothing while all is well."""
    status = read_status(site.folders.status / "vision.json")
    return str((status and status.details.get("configuration_problem")) or "")


def test_what_was_refused_while_counting_is_refused_after_a_boot(
    site: Any, make_scene: Any, wait: Any
) -> None:
    site.start(**COMMON)
    site.desire("plaza-1", make_scene(), "v1")
    site.wait_camera("plaza-1", state="running")
    site.nucleus.merge("com.crowdlens.vision", (), {"model": "person_demo@9"})
    wait(lambda: "person_demo@9" in problem(site), "the configuration is refused")
    site.stop()

    site.start(**COMMON, model="person_demo@9")
    site.wait_camera("plaza-1", state="running")
    wait(lambda: "person_demo@9" in problem(site), "the configuration is still refused")
    site.stop()
