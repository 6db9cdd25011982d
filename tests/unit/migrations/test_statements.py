from __future__ import annotations

import pytest

from lambdas.migrations.statements import SqlFileError, split_statements


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        pytest.param("", [], id="empty"),
        pytest.param(" ;;\n; ", [], id="nothing between semicolons"),
        pytest.param("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"], id="no semicolon at the end"),
        pytest.param("SELECT ';' ; SELECT 2;", ["SELECT ';'", "SELECT 2"], id="semicolon in text"),
        pytest.param("SELECT 'it''s; -- x'; SELECT 2", ["SELECT 'it''s; -- x'", "SELECT 2"], id="doubled"),
        pytest.param(r"SELECT 'a\';b'; SELECT 2", [r"SELECT 'a\';b'", "SELECT 2"], id="escaped quote"),
        pytest.param('SELECT "a;b"; SELECT 2', ['SELECT "a;b"', "SELECT 2"], id="double quotes"),
        pytest.param("SELECT `a;``b`; SELECT 2", ["SELECT `a;``b`", "SELECT 2"], id="backticks"),
        pytest.param("-- one; two\nSELECT 1", ["SELECT 1"], id="comment with dashes"),
        pytest.param("--\nSELECT 1", ["SELECT 1"], id="empty comment"),
        pytest.param("SELECT 5--1", ["SELECT 5--1"], id="minus minus is arithmetic"),
        pytest.param("# it's; a note\nSELECT 1", ["SELECT 1"], id="comment with a hash"),
        pytest.param("SELECT/* a;b' */1", ["SELECT 1"], id="comment between two words"),
        pytest.param("/* a\n b */\nSELECT 6/2;", ["SELECT 6/2"], id="comment of several lines"),
        pytest.param("SELECT 'a -- b', '#', '/*'", ["SELECT 'a -- b', '#', '/*'"], id="comments in text"),
    ],
)
def test_a_file_is_cut_where_a_server_would_cut_it(sql: str, statements: list[str]) -> None:
    assert split_statements(sql, "x.sql") == statements


@pytest.mark.parametrize(
    ("sql", "sentence"),
    [
        pytest.param("SELECT 1;\nSELECT 'a", "x.sql line 2: '", id="open quote"),
        pytest.param("SELECT `a", "x.sql line 1: `", id="open backtick"),
        pytest.param("/* a", r"x.sql line 1: /\*", id="open comment"),
        pytest.param("/*!80000 SELECT 1 */", r"x.sql line 1: /\*", id="version comment"),
    ],
)
def test_what_has_no_end_is_named_with_its_line(sql: str, sentence: str) -> None:
    with pytest.raises(SqlFileError, match=sentence):
        split_statements(sql, "x.sql")
