"""A camera nobody has drawn a scene for is counted all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_components.vision.default_scene import default_scene, system_time_zone


def test_the_whole_frame_and_its_middle_are_counted() -> None:
    scene = default_scene(641, 360, ("person", "car"))
    assert scene.classes == ("person",)
    assert scene.zones[0].polygon == ((0, 0), (641, 0), (641, 360), (0, 360))
    assert scene.lines[0].points == ((320.5, 0), (320.5, 360))


def test_a_model_that_knows_no_person_counts_all_it_knows() -> None:
    assert default_scene(640, 360, ("car", "bus")).classes == ("car", "bus")


@pytest.mark.parametrize(
    ("target", "zone"),
    [
        pytest.param("usr/share/zoneinfo/Asia/Seoul", "Asia/Seoul", id="region and city"),
        pytest.param("usr/share/zoneinfo/UTC", "UTC", id="single name"),
        pytest.param("usr/share/zoneinfo/America/Indiana/Knox", "America/Indiana/Knox", id="three parts"),
        pytest.param("etc/nonsense", "UTC", id="no zone at all"),
    ],
)
def test_the_time_zone_is_the_machines(target: str, zone: str, tmp_path: Path) -> None:
    file = tmp_path / target
    file.parent.mkdir(parents=True)
    file.touch()
    link = tmp_path / "localtime"
    link.symlink_to(file)
    assert system_time_zone(link) == zone
