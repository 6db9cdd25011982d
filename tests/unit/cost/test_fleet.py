"""Records and messages of a camera, by hand."""

from __future__ import annotations

import math

import pytest

from infra.cost.fleet import Fleet, FleetError


def test_a_camera_makes_the_records_of_the_spools_arithmetic() -> None:
    records = Fleet(1, "live").records_a_camera_day()

    assert records["zone_counts"] == 25_920
    assert records["tracks"] == 86_400
    assert records["line_crossings"] == 8_640
    assert records["zone_counts"] + records["tracks"] + records["line_crossings"] == 120_960


def test_every_flush_of_the_economy_profile_has_a_window_in_it() -> None:
    fleet = Fleet(1_000, "economy")

    assert fleet.messages_a_device_day == 1_440
    assert fleet.messages_a_second == pytest.approx(1_000 / 60)


def test_every_other_flush_of_the_live_profile_has_only_what_else_came() -> None:
    # Each 5 s: half the flushes have the window; of the others those in which one of
    # 6 crossings, a health record or a ledger a minute came: 8 a minute, 2/3 in 5 s.
    expected = 17_280 * (0.5 + 0.5 * (1 - math.exp(-2 / 3)))

    assert Fleet(1, "live").messages_a_device_day == pytest.approx(expected)


def test_cameras_that_share_a_device_share_its_messages() -> None:
    alone, together = Fleet(1_000, "economy"), Fleet(1_000, "economy", cameras_a_device=4)

    assert together.devices == 250
    assert together.messages_a_second == pytest.approx(alone.messages_a_second / 4)
    assert together.records_a_message == pytest.approx(alone.records_a_message * 4)
    assert together.records_a_second == pytest.approx(alone.records_a_second)


@pytest.mark.parametrize(
    ("cameras", "profile", "window_seconds", "sentence"),
    [
        pytest.param(0, "live", 10.0, "cameras is 0", id="no cameras"),
        pytest.param(1, "slow", 10.0, "profile is 'slow'", id="unknown profile"),
        pytest.param(1, "live", 0.5, "window_seconds is 0.5", id="window too short"),
    ],
)
def test_a_fleet_that_cannot_be_is_refused(
    cameras: int, profile: str, window_seconds: float, sentence: str
) -> None:
    with pytest.raises(FleetError, match=sentence):
        Fleet(cameras, profile, window_seconds=window_seconds)
