"""What a stage costs idle, and the budget, by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.config import StageConfig, read_config
from infra.cost.budget import HEADROOM, STEP_USD, budget_usd, expected_usd
from infra.cost.prices import UnknownRegionError, price_list
from infra.cost.standing import PriceMissingError, standing


def config(**context: object) -> StageConfig:
    return read_config({"stage": "dev", "region": "us-east-1", **context}.get)


def by_service(**context: object) -> dict[str, float]:
    return dict(standing(config(**context), price_list()).by_service)


def test_mysql_costs_its_hours_its_disk_and_its_secret() -> None:
    on, off = by_service(mysql="on"), by_service(mysql="off")

    assert on["RDS"] == pytest.approx(730 * 0.016 + 20 * 0.115)
    assert on["Secrets Manager"] == pytest.approx(0.40)
    assert not {"RDS", "Secrets Manager"} & set(off)


@pytest.mark.parametrize(
    ("change", "times"),
    [
        pytest.param({"mysql_multi_az": "on"}, 2.0, id="two zones cost double"),
        pytest.param(
            {"mysql_proxy": "on"}, 1 + 2 * 0.015 * 730 / (730 * 0.016 + 2.3), id="a proxy has two vCPUs"
        ),
    ],
)
def test_choices_for_mysql_cost(change: dict[str, str], times: float) -> None:
    assert by_service(**change)["RDS"] == pytest.approx(by_service()["RDS"] * times)


def test_an_address_for_alarms_brings_a_key() -> None:
    assert by_service(alarm_email="a@example.org")["KMS"] == 1.0
    assert "KMS" not in by_service()


def test_every_author_has_a_seat() -> None:
    principal = "arn:aws:quicksight:us-east-1:111122223333:user/default/ann"

    assert by_service(quicksight_principal=principal)["QuickSight"] == 24.0


@pytest.mark.parametrize(
    ("mysql", "at_most"), [pytest.param("on", 25, id="MySQL"), pytest.param("off", 5, id="no MySQL")]
)
@pytest.mark.parametrize("region", ["us-east-1", "ap-northeast-2"])
def test_dev_keeps_the_goal_of_an_account_of_its_own(mysql: str, at_most: float, region: str) -> None:
    found = standing(config(mysql=mysql, region=region, alerts="off"), price_list())

    assert found.less_always_free <= at_most
    assert found.less_always_free < found.total


@pytest.mark.parametrize("mysql", ["on", "off"])
def test_alerts_cost_what_docs_say(mysql: str) -> None:
    with_them, without = (
        standing(config(mysql=mysql, region="ap-northeast-2", alerts=switch), price_list())
        for switch in ("on", "off")
    )

    assert with_them.total - without.total == pytest.approx(1.67, abs=0.05)
    assert with_them.less_always_free <= (26 if mysql == "on" else 5)


def test_the_live_map_stands_for_its_alarms_alone() -> None:
    on, off = by_service(live_map="on"), by_service(live_map="off")

    assert on["CloudWatch"] == pytest.approx(off["CloudWatch"] + 0.30)
    assert {name: usd for name, usd in on.items() if name != "CloudWatch"} == {
        name: usd for name, usd in off.items() if name != "CloudWatch"
    }


def test_the_budget_is_a_quarter_above_what_is_expected_in_whole_steps() -> None:
    found = config(cameras=100, profile="economy")
    expected = expected_usd(found, price_list())

    assert budget_usd(found) % STEP_USD == 0
    assert HEADROOM * expected <= budget_usd(found) < HEADROOM * expected + STEP_USD
    assert expected > standing(found, price_list()).total + 100 * 0.16


def test_more_cameras_need_a_larger_budget() -> None:
    assert budget_usd(config(cameras=1000)) > 2 * budget_usd(config(cameras=100))


def test_a_region_without_prices_has_no_standing_cost_but_a_budget() -> None:
    elsewhere = replace(config(), region="eu-west-1")

    with pytest.raises(UnknownRegionError, match="'eu-west-1'"):
        standing(elsewhere, price_list())
    assert budget_usd(elsewhere) == budget_usd(replace(config(), region="ap-northeast-2"))


def test_an_instance_without_a_price_is_told() -> None:
    with pytest.raises(PriceMissingError, match=r"no price of db\.r8g\.large"):
        budget_usd(config(mysql_instance_class="r8g.large"))


def test_the_budget_of_many_cameras_has_room_for_what_mysql_grows_to() -> None:
    small = expected_usd(config(cameras=1000, mysql="off"), price_list())
    grown = expected_usd(config(cameras=1000, mysql="on"), price_list())

    # From 20 GiB to the maximum of 100: the fleet's 400 GB would need a larger one.
    assert grown - small >= 730 * 0.016 + 100 * 0.115
