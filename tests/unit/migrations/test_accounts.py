"""The accounts of our functions: by IAM token and TLS, with rows and nothing else."""

from __future__ import annotations

import pytest

from contract.mysql import LOADER_ACCOUNT, PLACES_ACCOUNT, READER_ACCOUNT
from lambdas.migrations.accounts import PRIVILEGES, account_statements
from lambdas.migrations.handler import EventError, as_master
from lambdas.shared.settings import MySQLAuthentication, mysql_settings

SETTINGS = mysql_settings({"MYSQL_HOST": "db", "MYSQL_USER": "crowdlens_master", "MYSQL_CA_FILE": "/ca.pem"})


def test_each_account_logs_in_by_iam_over_tls_and_touches_one_database() -> None:
    statements = account_statements("crowdlens")
    assert set(PRIVILEGES) == {LOADER_ACCOUNT, READER_ACCOUNT, PLACES_ACCOUNT}
    for account in PRIVILEGES:
        create, require, *grants = (one for one in statements if f"'{account}'@'%'" in one)
        assert create.startswith("CREATE USER IF NOT EXISTS")
        assert create.endswith("IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'")
        assert require.endswith("REQUIRE SSL")
        whole = [one for one in grants if " ON `crowdlens`.* TO " in one]
        assert len(whole) == (account != PLACES_ACCOUNT)
        assert all(" ON `crowdlens`." in one for one in grants)


def test_who_writes_places_reaches_three_tables() -> None:
    grants = [one for one in account_statements("crowdlens") if "GRANT" in one and PLACES_ACCOUNT in one]
    assert [one.split("`")[3] for one in grants] == ["places", "place_feeds", "hours_due"]


@pytest.mark.parametrize("privilege", ["DROP", "CREATE", "ALTER", "FILE", "SUPER", "ALL", "GRANT OPTION"])
def test_no_account_changes_the_schema_or_reads_files(privilege: str) -> None:
    assert all(privilege not in privileges for privileges in PRIVILEGES.values())
    assert PRIVILEGES[READER_ACCOUNT] == ("SELECT",)


def test_the_master_comes_with_the_event() -> None:
    master = as_master(SETTINGS, {"username": "crowdlens_master", "password": "secret"})
    assert (master.user, master.password) == ("crowdlens_master", "secret")
    assert master.authentication is MySQLAuthentication.PASSWORD
    assert (master.require_tls, master.ca_file, master.host) == (True, "/ca.pem", "db")
    assert "secret" not in repr(master)


@pytest.mark.parametrize(
    "master",
    [
        pytest.param("secret", id="a text"),
        pytest.param({"username": "a"}, id="no password"),
        pytest.param({"username": "a", "password": ""}, id="empty password"),
        pytest.param({"username": 1, "password": "secret"}, id="a number for a name"),
    ],
)
def test_a_master_that_is_none_is_refused_without_its_values(master: object) -> None:
    with pytest.raises(EventError, match=r"^master ") as caught:
        as_master(SETTINGS, master)
    assert "secret" not in str(caught.value)
