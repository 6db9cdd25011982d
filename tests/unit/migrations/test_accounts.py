"""The accounts of our functions: by IAM token and TLS, with rows and nothing else."""

from __future__ import annotations

import pytest

from contract.mysql import LOADER_ACCOUNT, READER_ACCOUNT
from lambdas.migrations.accounts import PRIVILEGES, account_statements
from lambdas.migrations.handler import EventError, as_master
from lambdas.shared.settings import MySQLAuthentication, mysql_settings

SETTINGS = mysql_settings({"MYSQL_HOST": "db", "MYSQL_USER": "crowdlens_master", "MYSQL_CA_FILE": "/ca.pem"})


def test_each_account_logs_in_by_iam_over_tls_and_touches_one_database() -> None:
    statements = account_statements("crowdlens")
    assert len(statements) == 3 * len(PRIVILEGES)
    for account in (LOADER_ACCOUNT, READER_ACCOUNT):
        create, require, grant = (one for one in statements if f"'{account}'@'%'" in one)
        assert create.startswith("CREATE USER IF NOT EXISTS")
        assert create.endswith("IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'")
        assert require.endswith("REQUIRE SSL")
        assert " ON `crowdlens`.* TO " in grant


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
