"""The URL of a user's own MySQL."""

from __future__ import annotations

from unittest.mock import create_autospec

import pymysql
import pytest

from infra.local.mysql_server import MySqlServer, MySqlServerError, parse_url, server_from_url


@pytest.mark.parametrize(
    ("url", "server"),
    [
        pytest.param(
            "mysql://ann:secret@db.example:3307/counts",
            MySqlServer("db.example", 3307, "ann", "secret", "counts", tls=True),
            id="all",
        ),
        pytest.param(
            "mysql://ann@localhost/counts", MySqlServer("localhost", 3306, "ann", "", "counts"), id="defaults"
        ),
        pytest.param(
            "mysql://ann:p%40ss%2Fword@db/counts",
            MySqlServer("db", 3306, "ann", "p@ss/word", "counts", tls=True),
            id="escaped-password",
        ),
    ],
)
def test_a_url_names_a_server(url: str, server: MySqlServer) -> None:
    assert parse_url(url) == server


@pytest.mark.parametrize(
    ("place", "tls"),
    [
        pytest.param("db.example/counts", "require", id="another-machine"),
        pytest.param("10.0.0.7/counts", "require", id="another-machine-by-address"),
        pytest.param("localhost.example/counts", "require", id="a-name-that-only-begins-like-ours"),
        pytest.param("db.example/counts?tls=off", "off", id="told-to-go-without"),
        pytest.param("127.0.0.1/counts", "off", id="this-machine"),
        pytest.param("127.0.0.1/counts?tls=require", "require", id="this-machine-all-the-same"),
        pytest.param("[::1]/counts", "off", id="this-machine-by-ipv6"),
        pytest.param("localhost/counts", "off", id="this-machine-by-name"),
    ],
)
def test_a_password_goes_to_another_machine_only_encrypted(place: str, tls: str) -> None:
    server = parse_url(f"mysql://ann:secret@{place}")
    assert server.tls is (tls == "require")
    assert server.environment()["MYSQL_TLS"] == tls


def test_the_functions_are_told_who_signed_the_certificate() -> None:
    server = parse_url("mysql://ann@db/counts?ca=/etc/my%20ca.pem")
    assert server.environment()["MYSQL_CA_FILE"] == "/etc/my ca.pem"
    assert "MYSQL_CA_FILE" not in parse_url("mysql://ann@db/counts").environment()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        pytest.param("ssl=off", "the option 'ssl': expected tls or ca", id="unknown"),
        pytest.param("tls=maybe", "tls='maybe': expected 'require' or 'off'", id="tls"),
        pytest.param("ca=", "an empty ca: expected the path", id="ca"),
    ],
)
def test_an_option_that_means_nothing_is_refused(options: str, says: str) -> None:
    with pytest.raises(MySqlServerError, match=says):
        parse_url(f"mysql://ann:secret@db/counts?{options}")


@pytest.mark.parametrize(
    "problem",
    [
        pytest.param(RuntimeError("'cryptography' package is required\nfor this"), id="no-cryptography"),
        pytest.param(ValueError("it makes no sense"), id="value"),
        pytest.param(FileNotFoundError(2, "No such file or directory"), id="no-ca-file"),
    ],
)
def test_what_the_driver_raises_is_one_sentence(problem: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise problem

    monkeypatch.setattr(pymysql, "connect", refuse)
    with pytest.raises(MySqlServerError, match=r"^MySQL at db:3306/counts does not let ann in: ") as caught:
        server_from_url("mysql://ann:secret@db/counts")
    assert "\n" not in str(caught.value)


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


def test_a_korean_password_reaches_the_driver_as_utf_8(monkeypatch: pytest.MonkeyPatch) -> None:
    # PyMySQL writes text as Latin-1 and fails on Korean letters.
    connect = create_autospec(pymysql.connect)
    monkeypatch.setattr(pymysql, "connect", connect)
    parse_url("mysql://user:%EB%B9%84%EB%B0%80@127.0.0.1:3306/db").connect()
    assert connect.call_args.kwargs["password"] == "비밀".encode()
