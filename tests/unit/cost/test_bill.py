"""Quantities and dollars of known usage, by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from contract.envelope import MAXIMUM_BODY_BYTES
from infra.cost.bill import MONTH_SECONDS, Usage, compactor_seconds, fixed_lines, mysql_for, variable_lines
from infra.cost.fleet import Fleet
from infra.cost.ingest import Settings, objects_of
from infra.cost.model import Estimate, Outage, estimate
from infra.cost.prices import UnknownRegionError, prices_in
from infra.ingest_settings import LAKE_WRITER

NOTHING = Usage(**dict.fromkeys(Usage.__dataclass_fields__, 0.0))
PRICE = prices_in("us-east-1")


@pytest.mark.parametrize(
    ("use", "line", "usd"),
    [
        pytest.param(replace(NOTHING, sqs_requests=10e6), "SQS", 4.0, id="ten million requests"),
        pytest.param(replace(NOTHING, lambda_calls=5e6), "Lambda", 1.0, id="five million invocations"),
        pytest.param(replace(NOTHING, lambda_gb_seconds=3e6), "Lambda", 40.0, id="three million GB-seconds"),
        pytest.param(replace(NOTHING, s3_puts=1e6, s3_gets=1e6), "S3 requests", 5.4, id="a million of each"),
        pytest.param(replace(NOTHING, log_gb=4.0), "CloudWatch Logs", 2.0, id="four GB of logs"),
        pytest.param(replace(NOTHING, athena_tb=2.0), "Athena", 10.0, id="two TB scanned"),
        pytest.param(replace(NOTHING, raw_gb=100.0), "S3 storage", 2.3, id="a hundred GB"),
    ],
)
def test_a_quantity_costs_its_price(use: Usage, line: str, usd: float) -> None:
    assert variable_lines(use, PRICE, Fleet(1, "live"), 30.0)[line] == pytest.approx(usd, rel=1e-4)


def test_the_lake_costs_what_it_has_grown_to() -> None:
    use = replace(NOTHING, lake_gb_a_month=10.0)

    year = variable_lines(use, PRICE, Fleet(1, "live"), 365.0)["S3 storage"]

    assert year == pytest.approx(120 * 0.023)


def test_fees_are_by_device_and_seat() -> None:
    fleet = Fleet(1_000, "economy", cameras_a_device=4)
    fees = fixed_lines(PRICE, fleet, mysql_for(fleet), Settings())

    assert fees["Greengrass"] == pytest.approx(250 * 0.16)
    assert fees["QuickSight"] == pytest.approx(24 + 5 * 3)


def test_folding_costs_by_row_and_by_object() -> None:
    # Two million rows in 400 objects took 4.35 s once; three times over, with 5 ms to fetch each object.
    assert compactor_seconds(2e6, 400, Settings()) == pytest.approx(3 * 3.86 + 400 * 0.006235)


def test_a_batch_has_an_object_for_each_table_in_it() -> None:
    fleet = Fleet(1_000, "live")

    assert objects_of(fleet, 1_000) == pytest.approx(5.0)
    assert 2.0 < objects_of(fleet, 1) < 4.0


def test_mysql_grows_with_the_pages_it_writes_to() -> None:
    small, large, too_large = (mysql_for(Fleet(cameras, "economy")) for cameras in (100, 10_000, 1_000_000))

    assert small.instance == "db.t4g.micro"
    assert large.instance == "db.m7g.large"
    assert large.fits
    assert not too_large.fits


def estimated(settings: Settings, cameras: int = 1_000) -> Estimate:
    return estimate(
        Fleet(cameras, "economy"), "us-east-1", settings=settings, outage=Outage(), stored_days=30.0
    )


def test_records_and_messages_of_a_month_follow_from_the_fleet() -> None:
    found = estimated(Settings())

    assert found.use.messages == pytest.approx(1_000 / 60 * MONTH_SECONDS)
    # Each message is sent, received alone or with others, and deleted with others; so are the announcements.
    sent = found.use.messages + found.use.objects
    assert sent * 1.1 <= found.use.sqs_requests <= sent * 3.0
    assert sum(found.variable.values()) == pytest.approx(found.variable_a_camera * 1_000)


def test_a_longer_batch_window_makes_fewer_objects_and_a_smaller_bill() -> None:
    usual = estimated(Settings())
    patient = estimated(Settings(writer=replace(LAKE_WRITER, batch_window_seconds=60, batch_size=1_000)))

    assert patient.use.objects < usual.use.objects / 10
    assert patient.variable_a_camera < usual.variable_a_camera / 2


@pytest.mark.parametrize("region", ["ap-northeast-2", "us-east-1"])
def test_a_thousand_cameras_of_the_economy_profile_cost_ten_cents_each_at_most(region: str) -> None:
    """One camera a device, the lake of 90 days, settings as deployed; without fixed fees."""
    found = estimate(
        Fleet(1_000, "economy"), region, settings=Settings.of("economy"), outage=Outage(), stored_days=90.0
    )

    assert found.variable_a_camera <= 0.10


def test_an_outage_comes_back_and_everything_is_taken() -> None:
    back = estimated(Settings(), cameras=100).drain

    # Half of a hundred cameras, a day of 123,552 records each, so many of 101 bytes to a full message.
    assert back.records == pytest.approx(50 * 123_552)
    assert back.messages == 50 * math.ceil(123_552 * 101 / MAXIMUM_BODY_BYTES)
    assert back.writer.left == 0
    assert sum(messages for _, messages in back.writer.calls) == back.messages


def test_limits_come_with_the_nearest_first() -> None:
    found = estimated(Settings()).limits

    assert [one.used for one in found] == sorted((one.used for one in found), reverse=True)
    assert all(one.turn for one in found)


def test_an_unknown_region_is_named() -> None:
    with pytest.raises(UnknownRegionError, match="'mars-1'"):
        prices_in("mars-1")
