"""What Athena answers to each whitelisted piece, by its documentation; the local endpoint must agree."""
# ruff: noqa: E501, S608
# Tables of scenarios are read across, and the SQL here is the test's own.

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from infra.local.athena.engine import LocalAthena
from infra.local.athena.errors import AthenaQueryError, Fault
from infra.local.athena.lake import LocalFolderLake
from infra.local.athena.whitelist import ANONYMOUS_FUNCTIONS, FUNCTIONS

NOW = datetime(2026, 11, 21, 1, 2, 3, 456_000, tzinfo=UTC)
VALUES = (
    "(VALUES (1, 10, 'b', true), (2, 20, 'a', false), (3, 20, CAST(NULL AS varchar), true)) AS t(i, n, s, f)"
)


@pytest.fixture(scope="module")
def athena(tmp_path_factory: pytest.TempPathFactory) -> LocalAthena:
    folder: Path = tmp_path_factory.mktemp("lake")
    return LocalAthena(LocalFolderLake(folder), now=lambda: NOW)


SCALARS: dict[str, Any] = {
    "7 / 2": 3,
    "-7 / 2": -3,
    "7 % 3": 1,
    "-7 % 3": -1,
    "7e0 / 2": 3.5,
    "1e0 / 0": float("inf"),
    "1.5 * 2e0": 3.0,
    "abs(-3)": 3,
    "sqrt(9e0)": 3.0,
    "round(sin(1e0), 12)": 0.841470984808,
    "cos(0)": 1.0,
    "round(asin(1e0), 12)": 1.570796326795,
    "round(radians(180), 12)": 3.14159265359,
    "ceiling(1.2e0)": 2.0,
    "floor(-1.2e0)": -2.0,
    "round(2.5e0)": 3.0,
    "round(-2.5e0)": -3.0,
    "round(1.256e0, 2)": 1.26,
    "CAST(2.5e0 AS bigint)": 3,
    "CAST(-2.5e0 AS bigint)": -3,
    "CAST(3.5e0 AS integer)": 4,
    "CAST(12 AS varchar)": "12",
    "CAST(DATE '2026-01-02' AS varchar)": "2026-01-02",
    "CAST('2026-01-02' AS date)": date(2026, 1, 2),
    "CAST(TIMESTAMP '2026-01-02 03:04:05' AS date)": date(2026, 1, 2),
    "coalesce(NULL, 2)": 2,
    "nullif(1, 1)": None,
    "if(1 > 2, 'a')": None,
    "CASE WHEN 1 > 2 THEN 'a' ELSE 'b' END": "b",
    "greatest(1, 3, 2)": 3,
    "greatest(1, NULL)": None,
    "least(2, 1)": 1,
    "least(NULL, 1)": None,
    "concat('a', 'b', 'c')": "abc",
    "concat('a', NULL)": None,
    "'a' || NULL": None,
    "lower('AbÉ')": "abé",
    "upper('abé')": "ABÉ",
    "length('서울')": 2,
    "substr('crowd', 2, 3)": "row",
    "substr('crowd', 3)": "owd",
    "strpos('crowd', 'ow')": 3,
    "strpos('crowd', 'x')": 0,
    "'crowd' LIKE 'cr_w%'": True,
    "'a' IN ('a', 'b')": True,
    "2 BETWEEN 1 AND 3": True,
    "NULL IS DISTINCT FROM 1": True,
    "current_date": date(2026, 11, 21),
    "localtimestamp": datetime(2026, 11, 21, 1, 2, 3, 456_000),  # noqa: DTZ001 - Athena's naive UTC
    "current_date - INTERVAL '1' DAY": date(2026, 11, 20),
    "TIMESTAMP '2026-01-31 00:00:00' + INTERVAL '1' MONTH": datetime(2026, 2, 28),  # noqa: DTZ001
    "date_add('millisecond', 1500, TIMESTAMP '2026-01-01 00:00:00')": datetime(2026, 1, 1, 0, 0, 1, 500_000),  # noqa: DTZ001
    "date_add('day', -1, DATE '2026-01-01')": date(2025, 12, 31),
    "date_add('hour', 2, TIMESTAMP '2026-01-01 23:00:00')": datetime(2026, 1, 2, 1),  # noqa: DTZ001
    "date_diff('minute', TIMESTAMP '2026-01-01 00:00:59', TIMESTAMP '2026-01-01 00:01:00')": 0,
    "date_diff('minute', TIMESTAMP '2026-01-01 00:00:00', TIMESTAMP '2026-01-01 00:01:59')": 1,
    "date_diff('day', DATE '2026-01-01', DATE '2026-01-03')": 2,
    "date_diff('second', TIMESTAMP '2026-01-01 00:00:10', TIMESTAMP '2026-01-01 00:00:00')": -10,
    "date_trunc('hour', TIMESTAMP '2026-01-01 03:59:59')": datetime(2026, 1, 1, 3),  # noqa: DTZ001
    "date_trunc('week', DATE '2026-11-22')": date(2026, 11, 16),
    "date_format(TIMESTAMP '2026-01-02 03:04:05', '%Y-%m-%d %H:%i:%s')": "2026-01-02 03:04:05",
    "hour(TIMESTAMP '2026-01-02 03:04:05')": 3,
    "minute(TIMESTAMP '2026-01-02 03:04:05')": 4,
    "day(DATE '2026-01-02')": 2,
    "month(DATE '2026-01-02')": 1,
    "year(DATE '2026-01-02')": 2026,
    "day_of_week(DATE '2026-11-22')": 7,
    "day_of_week(DATE '2026-11-23')": 1,
    "to_unixtime(TIMESTAMP '1970-01-01 00:00:01.5')": 1.5,
    "CAST(at_timezone(with_timezone(TIMESTAMP '2026-01-01 20:00:00', 'UTC'), 'Asia/Seoul') AS timestamp)": datetime(  # noqa: DTZ001
        2026, 1, 2, 5
    ),
    "CAST(at_timezone(with_timezone(TIMESTAMP '2026-07-01 12:00:00', 'UTC'), 'Europe/Berlin') AS timestamp)": datetime(  # noqa: DTZ001
        2026, 7, 1, 14
    ),
    "EXISTS (SELECT 1 WHERE 1 = 2)": False,
}
AGGREGATES: dict[str, Any] = {
    "count(*)": 3,
    "count(s)": 2,
    "count(DISTINCT n)": 2,
    "count(*) FILTER (WHERE f)": 2,
    "count_if(f)": 2,
    "count_if(s = 'z')": 0,
    "count_if(f) FILTER (WHERE i > 5)": 0,
    "sum(n)": 50,
    "sum(n) / count(*)": 16,
    "avg(n)": 50 / 3,
    "min(s)": "a",
    "max(f)": True,
    "max_by(s, i)": None,
    "max_by(i, n) FILTER (WHERE i < 3)": 2,
    "min_by(s, i)": "b",
    "arbitrary(i) FILTER (WHERE i = 2)": 2,
    "sum(n) FILTER (WHERE i > 5)": None,
}
WINDOWS: dict[str, list[Any]] = {
    "row_number() OVER (ORDER BY i DESC)": [3, 2, 1],
    "rank() OVER (ORDER BY n DESC)": [3, 1, 1],
    "dense_rank() OVER (ORDER BY n DESC)": [2, 1, 1],
    "row_number() OVER (ORDER BY s DESC)": [1, 2, 3],
    "lag(i) OVER (ORDER BY i)": [None, 1, 2],
    "lead(i) OVER (ORDER BY i)": [2, 3, None],
    "first_value(i) OVER (ORDER BY i)": [1, 1, 1],
    "last_value(i) OVER (ORDER BY i)": [1, 2, 3],
    "sum(n) OVER (ORDER BY i)": [10, 30, 50],
    "count_if(f) OVER (ORDER BY i)": [1, 1, 2],
    "count_if(f) OVER (ORDER BY i ROWS BETWEEN 2 FOLLOWING AND 3 FOLLOWING)": [1, 0, 0],
}


@pytest.mark.parametrize("sql", [pytest.param(sql, id=sql) for sql in SCALARS])
def test_a_scalar_is_what_athena_gives(athena: LocalAthena, sql: str) -> None:
    assert athena.query(f"SELECT {sql}").rows == [(SCALARS[sql],)]


@pytest.mark.parametrize("sql", [pytest.param(sql, id=sql) for sql in AGGREGATES])
def test_an_aggregate_is_what_athena_gives(athena: LocalAthena, sql: str) -> None:
    assert athena.query(f"SELECT {sql} FROM {VALUES}").rows == [(AGGREGATES[sql],)]


@pytest.mark.parametrize(
    ("sql", "answer"),
    [
        pytest.param("count(*)", 0, id="count"),
        pytest.param("count_if(f)", 0, id="count_if"),
        pytest.param("count_if(f) FILTER (WHERE i > 0)", 0, id="count_if of some"),
        pytest.param("sum(n)", None, id="sum"),
    ],
)
def test_an_aggregate_of_no_rows_is_what_athena_gives(athena: LocalAthena, sql: str, answer: Any) -> None:
    assert athena.query(f"SELECT {sql} FROM {VALUES} WHERE i > 5").rows == [(answer,)]


@pytest.mark.parametrize("sql", [pytest.param(sql, id=sql) for sql in WINDOWS])
def test_a_window_is_what_athena_gives(athena: LocalAthena, sql: str) -> None:
    rows = athena.query(f"SELECT i, {sql} FROM {VALUES} ORDER BY i").rows
    assert [row[1] for row in rows] == WINDOWS[sql]


def test_every_whitelisted_function_has_a_known_answer() -> None:
    tried = " ".join([*SCALARS, *AGGREGATES, *WINDOWS]).lower()
    names = {*FUNCTIONS.values(), *ANONYMOUS_FUNCTIONS} - {"current_timestamp"}
    assert {name for name in names if name not in tried} == set()


def test_the_present_has_a_zone_and_is_one_instant(athena: LocalAthena) -> None:
    result = athena.query("SELECT current_timestamp AS a, now() AS b")
    assert result.types == ("timestamp with time zone",) * 2
    assert result.rows == [(NOW, NOW)]


@pytest.mark.parametrize(
    ("sql", "types"),
    [
        pytest.param(
            "SELECT sum(i) AS a, count_if(f) AS b, avg(n) AS c FROM " + VALUES,
            ("bigint", "bigint", "double"),
            id="sums stay bigint",
        ),
        pytest.param("SELECT 1, 2 AS two, 'x'", ("integer", "integer", "varchar"), id="literals"),
        pytest.param("SELECT date_diff('day', current_date, current_date) AS a", ("bigint",), id="date_diff"),
    ],
)
def test_result_types_are_athenas(athena: LocalAthena, sql: str, types: tuple[str, ...]) -> None:
    assert athena.query(sql).types == types


def test_unnamed_columns_are_called_as_in_athena(athena: LocalAthena) -> None:
    assert athena.query("SELECT 1 + 1, 2 AS two, 3 + 3").columns == ("_col0", "two", "_col2")


def test_nulls_come_last_in_both_directions(athena: LocalAthena) -> None:
    for direction in ("ASC", "DESC"):
        rows = athena.query(f"SELECT s FROM {VALUES} ORDER BY s {direction}").rows
        assert rows[-1] == (None,)


@pytest.mark.parametrize(
    ("sql", "fault"),
    [
        pytest.param("SELECT 1 / 0", Fault.DIVISION_BY_ZERO, id="whole division by zero"),
        pytest.param("SELECT 1 WHERE 'a' = 1", Fault.TYPE_MISMATCH, id="text is no number"),
        pytest.param("SELECT 1 WHERE current_date > '2026-01-01'", Fault.TYPE_MISMATCH, id="text is no date"),
        pytest.param("SELECT 'a' + 1", Fault.TYPE_MISMATCH, id="no sum of text"),
        pytest.param("SELECT lower(1)", Fault.TYPE_MISMATCH, id="no lower of a number"),
        pytest.param("SELECT if(1 > 2, 'a', 1)", Fault.TYPE_MISMATCH, id="branches of an if"),
        pytest.param(
            "SELECT CASE WHEN 1 > 2 THEN 'a' ELSE 1 END", Fault.TYPE_MISMATCH, id="branches of a case"
        ),
        pytest.param("SELECT 1 AS a UNION ALL SELECT 'x'", Fault.TYPE_MISMATCH, id="halves of a union"),
        pytest.param("SELECT 1 AS a UNION ALL SELECT 1, 2", Fault.SYNTAX, id="union of other widths"),
        pytest.param("SELECT current_date - current_date", Fault.TYPE_MISMATCH, id="no difference of dates"),
        pytest.param("SELECT 1.0 / 3", Fault.NOT_SUPPORTED, id="decimals divide by rules of their own"),
        pytest.param(
            f"SELECT i + 1 AS k FROM {VALUES} WHERE k > 1", Fault.COLUMN_NOT_FOUND, id="alias in WHERE"
        ),
        pytest.param(
            f"SELECT n, count(*) AS c FROM {VALUES} GROUP BY n HAVING c > 1",
            Fault.COLUMN_NOT_FOUND,
            id="alias in HAVING",
        ),
        pytest.param(f"SELECT n, i FROM {VALUES} GROUP BY n", Fault.SYNTAX, id="column not grouped"),
        pytest.param("SELECT nope FROM zone_counts", Fault.COLUMN_NOT_FOUND, id="no such column"),
        pytest.param("SELECT 1 FROM nope", Fault.TABLE_NOT_FOUND, id="no such table"),
        pytest.param("SELECT 1 FROM other.zone_counts", Fault.TABLE_NOT_FOUND, id="no such database"),
        pytest.param("SELECT 1::bigint", Fault.SYNTAX, id="double colon"),
        pytest.param("SELECT 1, FROM zone_counts", Fault.SYNTAX, id="trailing comma"),
        pytest.param("SELECT `day` FROM zone_counts", Fault.SYNTAX, id="backticks"),
        pytest.param("SELECT 1 LIMIT 1 OFFSET 1", Fault.SYNTAX, id="OFFSET after LIMIT"),
        pytest.param("SELECT 1 == 1", Fault.SYNTAX, id="double equals"),
        pytest.param("SELECT (1", Fault.SYNTAX, id="open bracket"),
        pytest.param("SELECT 1; SELECT 2", Fault.SYNTAX, id="two statements"),
    ],
)
def test_what_athena_refuses_is_refused(athena: LocalAthena, sql: str, fault: Fault) -> None:
    with pytest.raises(AthenaQueryError) as caught:
        athena.query(sql)
    assert caught.value.fault is fault
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("sql", "named"),
    [
        pytest.param("SELECT approx_percentile(n, 0.5) FROM " + VALUES, "approx", id="approx_percentile"),
        pytest.param("SELECT approx_distinct(n) FROM " + VALUES, "approx", id="approx_distinct"),
        pytest.param("SELECT substr('abc', 0)", "substr", id="substr from 0"),
        pytest.param("SELECT transform(n, x -> x) FROM " + VALUES, "supported", id="lambda"),
        pytest.param("SELECT foo(1)", "foo", id="unknown function"),
        pytest.param("SELECT read_csv('x')", "read_csv", id="file function"),
        pytest.param("SELECT * FROM read_parquet('x')", "FROM", id="table function"),
        pytest.param("SELECT * FROM glob('/*')", "glob", id="glob"),
        pytest.param("SELECT getenv('HOME')", "getenv", id="environment"),
        pytest.param("SELECT date_format(current_date, '%W')", "date_format", id="day name"),
        pytest.param("SELECT try_cast('a' AS bigint)", "cast", id="try_cast"),
        pytest.param("SELECT CAST('1' AS bigint)", "CAST", id="text to number"),
        pytest.param("SELECT CAST(1e0 AS varchar)", "CAST", id="double to text"),
        pytest.param("SELECT CAST(1 AS decimal(10,2))", "decimal", id="decimal"),
        pytest.param("SELECT n FROM " + VALUES + " GROUP BY ALL", "GROUP BY", id="group by all"),
        pytest.param(
            "SELECT n FROM " + VALUES + " QUALIFY row_number() OVER (ORDER BY n) = 1", "SYNTAX", id="qualify"
        ),
        pytest.param("SELECT * EXCLUDE (n) FROM " + VALUES, "SELECT *", id="star exclude"),
        pytest.param("SELECT s FROM " + VALUES + " WHERE s ILIKE 'A'", "ILIKE", id="ilike"),
        pytest.param("SELECT at_timezone(current_timestamp, 'UTC')", "at_timezone", id="zone by itself"),
        pytest.param("SELECT current_date + INTERVAL 1 DAY", "mismatched input '1'", id="bare interval"),
        pytest.param("SELECT max(n, 2) FROM " + VALUES, "max", id="max of many"),
        pytest.param("COPY zone_counts TO 'x.csv'", "COPY", id="copy"),
        pytest.param("ATTACH 'x.db'", "SYNTAX", id="attach"),
        pytest.param("PRAGMA version", "PRAGMA", id="pragma"),
        pytest.param("INSTALL httpfs", "INSTALL", id="install"),
        pytest.param("SET memory_limit = '1GB'", "SET", id="set"),
        pytest.param("INSERT INTO zone_counts SELECT * FROM zone_counts", "INSERT", id="insert"),
        pytest.param("DELETE FROM zone_counts", "DELETE", id="delete"),
        pytest.param("DROP TABLE zone_counts", "DROP", id="drop table"),
        pytest.param("CREATE TABLE x AS SELECT 1 AS a", "CREATE", id="create table as"),
    ],
)
def test_what_is_outside_the_whitelist_is_refused_by_name(athena: LocalAthena, sql: str, named: str) -> None:
    with pytest.raises(AthenaQueryError) as caught:
        athena.query(sql)
    assert named.lower() in str(caught.value).lower()


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        pytest.param(
            "WITH zone_counts AS (SELECT 'mine' AS x) SELECT x FROM zone_counts",
            [("mine",)],
            id="hides table",
        ),
        pytest.param(
            "WITH zone_counts AS (SELECT 1 AS x) SELECT count(*) FROM zone_counts_by_minute",
            [(0,)],
            id="cannot reach into a view",
        ),
    ],
)
def test_a_with_name_is_the_querys_own(athena: LocalAthena, sql: str, expected: list[Any]) -> None:
    assert athena.query(sql).rows == expected


def test_files_of_the_machine_cannot_be_read(athena: LocalAthena, tmp_path: Path) -> None:
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(AthenaQueryError, match="does not exist"):
        athena.query(f'SELECT * FROM "{secret}"')
