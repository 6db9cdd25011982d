from __future__ import annotations

import pytest

from lambdas.shared.settings import (
    IdentityMode,
    MySQLAuthentication,
    SettingError,
    lake_writer_settings,
    migration_settings,
    mysql_settings,
    rds_loader_settings,
)

CLOUD = {"LAKE_BUCKET": "lake", "MYSQL_HOST": "db.internal", "MYSQL_USER": "loader"}
LOCAL = {
    **CLOUD,
    "MYSQL_AUTHENTICATION": "password",
    "MYSQL_PASSWORD": "secret",
    "MYSQL_TLS": "off",
    "MYSQL_PORT": "13306",
    "MYSQL_DATABASE": "other",
}


def test_the_cloud_needs_no_more_than_names_and_is_strict() -> None:
    settings = rds_loader_settings(CLOUD)
    assert settings.lake_bucket == "lake"
    assert settings.mysql.authentication is MySQLAuthentication.IAM
    assert settings.mysql.require_tls
    assert (settings.mysql.port, settings.mysql.database) == (3306, "crowdlens")


def test_one_machine_uses_a_password_without_tls() -> None:
    mysql = migration_settings(LOCAL).mysql
    assert mysql.authentication is MySQLAuthentication.PASSWORD
    assert (mysql.password, mysql.port, mysql.database) == ("secret", 13306, "other")
    assert not mysql.require_tls


def test_a_password_never_shows_in_a_log_of_the_settings() -> None:
    assert "secret" not in repr(mysql_settings(LOCAL))


def test_an_empty_password_is_a_password() -> None:
    assert mysql_settings({**LOCAL, "MYSQL_PASSWORD": ""}).password == ""


@pytest.mark.parametrize("name", ["LAKE_BUCKET", "MYSQL_HOST", "MYSQL_USER"])
@pytest.mark.parametrize("value", [None, "", "  "])
def test_what_is_missing_is_named(name: str, value: str | None) -> None:
    environment = {key: text for key, text in CLOUD.items() if key != name}
    if value is not None:
        environment[name] = value
    with pytest.raises(SettingError, match=f"{name} is not set"):
        rds_loader_settings(environment)


def test_the_lake_writer_asks_for_its_bucket_alone() -> None:
    assert lake_writer_settings({"LAKE_BUCKET": "lake"}).lake_bucket == "lake"
    with pytest.raises(SettingError, match="LAKE_BUCKET"):
        lake_writer_settings({})


def test_senders_are_observed_once_there_is_a_registry_and_refused_on_request() -> None:
    bucket = {"LAKE_BUCKET": "lake"}
    assert lake_writer_settings(bucket).control_table is None
    observed = lake_writer_settings({**bucket, "CONTROL_TABLE": "control"})
    assert (observed.control_table, observed.identity_mode) == ("control", IdentityMode.OBSERVE)
    enforced = lake_writer_settings({**bucket, "CONTROL_TABLE": "control", "IDENTITY_MODE": "enforce"})
    assert enforced.identity_mode is IdentityMode.ENFORCE


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"IDENTITY_MODE": "strict"}, "IDENTITY_MODE is 'strict'", id="unknown mode"),
        pytest.param({"IDENTITY_MODE": "enforce"}, "CONTROL_TABLE is not set", id="nothing to enforce by"),
    ],
)
def test_a_mode_that_cannot_be_kept_is_refused(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        lake_writer_settings({"LAKE_BUCKET": "lake", **changes})


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"MYSQL_PORT": "http"}, "MYSQL_PORT is 'http'", id="port of letters"),
        pytest.param({"MYSQL_PORT": "70000"}, "MYSQL_PORT is '70000'", id="port too large"),
        pytest.param({"MYSQL_PORT": "-1"}, "MYSQL_PORT is '-1'", id="port below zero"),
        pytest.param({"MYSQL_TLS": "maybe"}, "MYSQL_TLS is 'maybe': expected one of", id="unknown tls"),
        pytest.param({"MYSQL_AUTHENTICATION": "ldap"}, "MYSQL_AUTHENTICATION is 'ldap'", id="unknown method"),
        pytest.param(
            {"MYSQL_AUTHENTICATION": "iam"}, "MYSQL_TLS is 'off': expected 'require'", id="iam in the clear"
        ),
    ],
)
def test_a_bad_value_is_named_with_what_was_expected(changes: dict[str, str], sentence: str) -> None:
    with pytest.raises(SettingError, match=sentence):
        mysql_settings({**LOCAL, **changes})


def test_a_password_method_needs_a_password() -> None:
    environment = {key: value for key, value in LOCAL.items() if key != "MYSQL_PASSWORD"}
    with pytest.raises(SettingError, match="MYSQL_PASSWORD is not set"):
        mysql_settings(environment)
