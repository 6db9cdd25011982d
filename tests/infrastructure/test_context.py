"""What a user gives with `-c`: read whole, refused in one sentence."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.certificates import CertificateError, check_rds_region, rds_regions
from infra.config import OPTIONS, ConfigError, MySqlConfig, read_config
from infra.context import check_names
from infra.layers import LayerError, pandas_layer_arn, pandas_regions
from infra.node import node_path

ROOT = Path(__file__).parents[2]
REGION = {"region": "ap-northeast-2"}


@pytest.mark.parametrize(
    ("context", "sentence"),
    [
        pytest.param(
            {"stage": "production"}, "stage is 'production': expected one of dev, prod", id="unknown stage"
        ),
        pytest.param(
            {"region": None}, "region is missing: expected a name like ap-northeast-2", id="no region"
        ),
        pytest.param(
            {"region": "seoul"}, "region is 'seoul': expected a name like ap-northeast-2", id="a city"
        ),
        pytest.param({"account": "12"}, "account is '12': expected 12 digits", id="short account"),
        pytest.param({"account": ""}, "account is '': expected 12 digits", id="empty account"),
        pytest.param(
            {"stage": "prod"},
            "account is missing: expected 12 digits, for prod belongs to one account only",
            id="prod without account",
        ),
        pytest.param({"profile": "fast"}, "profile is 'fast': expected one of live, economy", id="profile"),
        pytest.param(
            {"identity_mode": "off"},
            "identity_mode is 'off': expected one of observe, enforce",
            id="identity mode",
        ),
        pytest.param({"mysql": "maybe"}, "mysql is 'maybe': expected on or off", id="half a switch"),
        pytest.param(
            {"mysql_storage_gib": "5"},
            "mysql_storage_gib is '5': expected a whole number from 20 to 65,535",
            id="too little storage",
        ),
        pytest.param(
            {"mysql_storage_gib": "65536"},
            "mysql_storage_gib is '65536': expected a whole number from 20 to 65,535",
            id="storage without room to grow",
        ),
        pytest.param(
            {"mysql_instance_class": "banana.micro", "monthly_budget_usd": "60"},
            "mysql_instance_class is 'banana.micro': expected a class like t4g.micro",
            id="no class that there is",
        ),
        pytest.param(
            {"cameras": "\u0665"},
            "cameras is '\u0665': expected a whole number from 1 to 10,000",
            id="Arabic",
        ),
        pytest.param(
            {"vpc_cidr": ""}, "vpc_cidr is '': expected a CIDR like 10.42.0.0/16", id="empty network"
        ),
        pytest.param(
            {"vpc_cidr": "8.8.0.0/16"},
            "vpc_cidr is '8.8.0.0/16': expected a part of 10.0.0.0/8, 172.16.0.0/12, "
            "192.168.0.0/16, 100.64.0.0/10",
            id="somebody else's network",
        ),
        pytest.param(
            {"vpc_cidr": "127.0.0.0/16"},
            "vpc_cidr is '127.0.0.0/16': expected a part of 10.0.0.0/8, 172.16.0.0/12, "
            "192.168.0.0/16, 100.64.0.0/10",
            id="loopback",
        ),
        pytest.param(
            {"mysql_instance_class": "db.t4g.micro"},
            "mysql_instance_class is 'db.t4g.micro': expected a class like t4g.micro",
            id="class with its prefix",
        ),
        pytest.param({"cameras": "0"}, "cameras is '0': expected a whole number from 1 to 10,000", id="none"),
        pytest.param(
            {"cameras": 20_000}, "cameras is 20000: expected a whole number from 1 to 10,000", id="too many"
        ),
        pytest.param(
            {"vpc_cidr": "10.0.0.0/33"},
            "vpc_cidr is '10.0.0.0/33': expected a CIDR like 10.42.0.0/16",
            id="33",
        ),
        pytest.param(
            {"vpc_cidr": "10.0.0.0/28"},
            "vpc_cidr is '10.0.0.0/28': expected a prefix from /16 to /24",
            id="28",
        ),
        pytest.param(
            {"peered_cidrs": "192.168.0.0/16,10.42.7.0/24"},
            "vpc_cidr 10.42.0.0/16 overlaps 10.42.7.0/24: expected a range of its own",
            id="overlap",
        ),
        pytest.param(
            {"peered_cidrs": 7}, "peered_cidrs is 7: expected texts with commas between them", id="no list"
        ),
        pytest.param(
            {"quicksight_principal": "kim"},
            "quicksight_principal is 'kim': expected an ARN like "
            "arn:aws:quicksight:us-east-1:123456789012:user/default/NAME",
            id="a name for an ARN",
        ),
        pytest.param(
            {"quicksight_principal": "arn:aws:iam::123456789012:user/kim"},
            "quicksight_principal is 'arn:aws:iam::123456789012:user/kim': expected an ARN like "
            "arn:aws:quicksight:us-east-1:123456789012:user/default/NAME",
            id="another service's ARN",
        ),
        pytest.param(
            {"alarm_email": "ops"}, "alarm_email is 'ops': expected an e-mail address", id="no address"
        ),
        pytest.param(
            {"monthly_budget_usd": "-1"},
            "monthly_budget_usd is '-1': expected an amount above 0, like 60 or 60.5",
            id="below zero",
        ),
    ],
)
def test_a_wrong_context_value_is_told_in_one_sentence(context: dict[str, object], sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read_config({**REGION, **context}.get)
    assert str(caught.value) == sentence


def test_what_the_command_line_gives_as_texts_is_understood() -> None:
    config = read_config(
        {
            "stage": "prod",
            "region": "eu-west-1",
            "account": 123456789012,
            "mysql_proxy": "TRUE",
            "mysql_multi_az": "off",
            "mysql_storage_gib": "100",
            "fleet": "no",
            "cameras": "250",
            "monthly_budget_usd": "99.5",
            "peered_cidrs": "10.0.0.0/16, 172.16.0.0/12",
            "quicksight_principal": "arn:aws:quicksight:us-east-1:123456789012:group/default/readers",
        }.get
    )
    assert config.account == "123456789012"
    assert config.mysql == MySqlConfig("t4g.medium", 100, 500, 14, False, True, True)
    assert (config.fleet, config.cameras, config.monthly_budget_usd) == (False, 250, 99.5)
    assert config.peered_cidrs == ("10.0.0.0/16", "172.16.0.0/12")
    assert config.dashboards is not None
    assert config.keep_data


@pytest.mark.parametrize(
    ("switched", "is_none"),
    [
        pytest.param({"mysql": "off"}, "mysql", id="mysql off"),
        pytest.param({"mysql": False}, "mysql", id="mysql off in cdk.json"),
        pytest.param({}, "dashboards", id="no principal"),
        pytest.param(
            {
                "dashboards": "off",
                "quicksight_principal": "arn:aws:quicksight:us-east-1:123456789012:user/default/kim",
            },
            "dashboards",
            id="dashboards off",
        ),
    ],
)
def test_a_stack_that_is_switched_off_has_no_configuration(switched: dict[str, object], is_none: str) -> None:
    assert getattr(read_config({**REGION, **switched}.get), is_none) is None


def test_every_option_that_is_read_is_known_and_told() -> None:
    asked: set[str] = set()

    def context(name: str) -> object:
        asked.add(name)
        given = {
            **REGION,
            "quicksight_principal": "arn:aws:quicksight:us-east-1:123456789012:user/default/kim",
        }
        return given.get(name)

    read_config(context)
    assert asked == OPTIONS
    told = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert [name for name in OPTIONS if f"`{name}`" not in told] == []


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        pytest.param("Mysql", "there is no option Mysql: expected mysql", id="capital"),
        pytest.param(
            "mysql_instace_class",
            "there is no option mysql_instace_class: expected mysql_instance_class",
            id="a letter left out",
        ),
        pytest.param("alarm-email", "there is no option alarm-email: expected alarm_email", id="hyphen"),
    ],
)
def test_a_mistyped_option_is_not_ignored(given: str, sentence: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_names(["stage", "@aws-cdk/core:x", "aws:cdk:bundling", given], OPTIONS)
    assert str(caught.value) == sentence


def test_the_context_of_cdk_json_is_known() -> None:
    document = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))
    check_names(document["context"], OPTIONS)


@pytest.mark.parametrize(
    ("given", "grows_to"), [pytest.param("100", 500, id="small"), pytest.param("20000", 65_536, id="large")]
)
def test_storage_grows_no_further_than_rds_lets_it(given: str, grows_to: int) -> None:
    mysql = read_config({**REGION, "mysql_storage_gib": given}.get).mysql
    assert mysql is not None
    assert mysql.maximum_storage_gib == grows_to


def test_a_class_without_a_price_may_be_chosen() -> None:
    mysql = read_config({**REGION, "mysql_instance_class": "m5.large"}.get).mysql
    assert mysql is not None
    assert (mysql.instance_class, mysql.connections) == ("m5.large", 400)


def test_two_regions_of_an_account_have_roles_of_their_own() -> None:
    seoul, dublin = (read_config({"region": name}.get) for name in ("ap-northeast-2", "eu-west-1"))
    assert seoul.role_name("device") != dublin.role_name("device")
    assert len(read_config({"region": "ap-southeast-2"}.get).role_name("quicksight")) <= 64


def test_a_stage_says_its_names() -> None:
    config = read_config(REGION.get)
    assert config.lake_bucket_name("123456789012") == "crowdlens-dev-lake-123456789012-ap-northeast-2"
    names = (config.control_table_name, config.database_name, config.workgroup_name)
    assert names == ("crowdlens-dev-control", "crowdlens_dev", "crowdlens-dev")
    assert config.tags == {"application": "crowdlens", "stage": "dev"}


def test_every_pinned_layer_is_of_its_region() -> None:
    assert len(pandas_regions()) > 25
    for region in pandas_regions():
        parts = pandas_layer_arn(region).split(":")
        assert parts[:4] == ["arn", "aws", "lambda", region]
        assert len(parts[4]) == 12
        assert parts[4].isdigit()
        assert parts[5:7] == ["layer", "AWSSDKPandas-Python313-Arm64"]
        assert int(parts[7]) > 0


def test_a_region_without_the_layer_is_refused_in_one_sentence() -> None:
    with pytest.raises(LayerError, match=r"^region is 'me-south-1': AWS publishes no AWSSDKPandas-Python313"):
        pandas_layer_arn("me-south-1")


def test_a_region_without_an_rds_root_is_refused_in_one_sentence() -> None:
    with pytest.raises(CertificateError, match=r"^region is 'il-central-1': .* expected mysql=off or one of"):
        check_rds_region("il-central-1")
    assert {"ap-northeast-2", "us-east-1", "eu-central-1"} <= set(rds_regions())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param({"region": "il-central-1"}, "app.py: region is 'il-central-1'", id="no RDS root"),
    ],
)
@pytest.mark.xdist_group("synth")
def test_synth_says_it_in_one_line_and_without_a_trace(
    arguments: dict[str, str], words: str, tmp_path: Path
) -> None:
    """As the CDK command line runs it: the context comes by the environment."""
    finished = subprocess.run(
        [sys.executable, "app.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
            "JSII_NODE": str(node_path()),
            "CDK_OUTDIR": str(tmp_path),
            "CDK_CONTEXT_JSON": json.dumps(arguments),
        },
    )
    assert finished.returncode == 2
    assert finished.stderr.startswith(words)
    assert finished.stderr.count("\n") == 1
