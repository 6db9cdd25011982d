"""The URL of a user's own MySQL."""

from __future__ import annotations

import pytest

from infra.local.mariadb import MySqlServer, MySqlServerError, parse_url


@pytest.mark.parametrize(
    ("url", "server"),
    [
        pytest.param(
            "mysql://ann:secret@db.example:3307/counts",
            MySqlServer("db.example", 3307, "ann", "secret", "counts"),
            id="all",
        ),
        pytest.param("mysql://ann@db/counts", MySqlServer("db", 3306, "ann", "", "counts"), id="defaults"),
        pytest.param(
            "mysql://ann:p%40ss%2Fword@db/counts",
            MySqlServer("db", 3306, "ann", "p@ss/word", "counts"),
            id="escaped-password",
        ),
    ],
)
def test_a_url_names_a_server(url: str, server: MySqlServer) -> None:
    assert parse_url(url) == server


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("postgres://ann:secret@db/counts", id="another-kind"),
        pytest.param("mysql://db/counts", id="no-user"),
        pytest.param("mysql://ann:secret@/counts", id="no-host"),
        pytest.param("mysql://ann:secret@db", id="no-database"),
        pytest.param("mysql://ann:secret@db/a`b", id="a-database-no-one-can-have"),
        pytest.param("mysql://ann:secret@db:port/counts", id="no-port"),
    ],
)
def test_what_is_no_such_url_is_said_without_the_password(url: str) -> None:
    with pytest.raises(
        MySqlServerError, match=r"expected mysql://user:password@host:port/database"
    ) as caught:
        parse_url(url)
    assert "secret" not in str(caught.value)


def test_a_server_does_not_show_its_password() -> None:
    assert "secret" not in repr(MySqlServer("db", 3306, "ann", "secret"))
