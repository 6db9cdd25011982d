"""The endpoint as boto3 and awswrangler see it."""
# ruff: noqa: E501, S608
# Tables of scenarios are read across, and the SQL here is the test's own.

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import awswrangler as wr
import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from athena import catalog
from contract.tables import TABLES
from infra.local.athena import AthenaEndpoint, FolderResults, LocalAthena
from infra.local.athena.endpoint import AthenaPortError

AthenaOf = Callable[[Any], LocalAthena]
ROWS = 1500


@pytest.fixture(scope="module")
def athena(
    new_lake: Callable[[Path], Any], athena_of: AthenaOf, tmp_path_factory: pytest.TempPathFactory
) -> LocalAthena:
    lake = new_lake(tmp_path_factory.mktemp("endpoint"))
    lake.put(
        [
            lake.record(
                "tracks",
                f"2026-11-20T{row // 3600:02}:{row // 60 % 60:02}:{row % 60:02}",
                track=row,
                object_class="사람",
            )
            for row in range(ROWS)
        ]
    )
    return athena_of(lake)


@pytest.fixture(scope="module")
def endpoint(athena: LocalAthena) -> Iterator[AthenaEndpoint]:
    with AthenaEndpoint(athena) as running:
        yield running


@pytest.fixture(scope="module")
def session() -> boto3.Session:
    return boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="ap-northeast-2")


@pytest.fixture(scope="module")
def client(endpoint: AthenaEndpoint, session: boto3.Session) -> Any:
    config = Config(max_pool_connections=16, retries={"max_attempts": 0})
    return session.client("athena", endpoint_url=endpoint.url, config=config)


def state_of(client: Any, identity: str) -> str:
    execution = client.get_query_execution(QueryExecutionId=identity)["QueryExecution"]
    return str(execution["Status"]["State"])


def finish(client: Any, **request: Any) -> dict[str, Any]:
    identity = client.start_query_execution(**request)["QueryExecutionId"]
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        execution = client.get_query_execution(QueryExecutionId=identity)["QueryExecution"]
        if execution["Status"]["State"] not in ("QUEUED", "RUNNING"):
            return dict(execution)
        time.sleep(0.01)
    pytest.fail("the query did not end")


def rows_of(client: Any, execution: dict[str, Any]) -> list[list[str | None]]:
    pages = client.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
    return [
        [datum.get("VarCharValue") for datum in row["Data"]]
        for page in pages
        for row in page["ResultSet"]["Rows"]
    ]


def test_a_query_runs_and_tells_what_it_cost(client: Any) -> None:
    execution = finish(
        client, QueryString="SELECT day, count(*) AS n, CAST(NULL AS varchar) AS x FROM tracks GROUP BY day;"
    )
    assert execution["Status"]["State"] == "SUCCEEDED"
    assert execution["StatementType"] == "DML"
    assert execution["Statistics"]["EngineExecutionTimeInMillis"] > 0
    assert rows_of(client, execution) == [["day", "n", "x"], ["2026-11-20", str(ROWS), None]]
    detailed = finish(client, QueryString="SELECT track FROM tracks")
    assert detailed["Statistics"]["DataScannedInBytes"] > 1000


def test_results_come_in_pages_with_one_header(client: Any) -> None:
    execution = finish(client, QueryString="SELECT track FROM tracks ORDER BY track")
    first = client.get_query_results(QueryExecutionId=execution["QueryExecutionId"], MaxResults=1)
    assert first["ResultSet"]["Rows"] == [{"Data": [{"VarCharValue": "track"}]}]
    assert first["ResultSet"]["ResultSetMetadata"]["ColumnInfo"][0]["Type"] == "bigint"
    assert rows_of(client, execution) == [["track"], *([str(row)] for row in range(ROWS))]
    paged: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = client.get_query_results(
            QueryExecutionId=execution["QueryExecutionId"], MaxResults=400, **token
        )
        paged += [row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    assert paged == ["track", *(str(row) for row in range(ROWS))]


@pytest.mark.parametrize(
    ("sql", "rows"),
    [
        pytest.param(
            "SHOW TABLES 'zone*'",
            ["zone_counts", "zone_counts_by_hour", "zone_counts_by_minute"],
            id="tables",
        ),
        pytest.param("SHOW DATABASES", ["crowdlens"], id="databases"),
        pytest.param("SHOW VIEWS IN crowdlens LIKE 'occ*live'", ["occupancy_live"], id="views"),
        pytest.param("SHOW COLUMNS IN gaps", None, id="columns"),
        pytest.param("DESCRIBE crowdlens.gaps", None, id="describe"),
        pytest.param("SHOW CREATE VIEW occupancy_live", None, id="create view"),
    ],
)
def test_utility_statements_answer_without_a_header(client: Any, sql: str, rows: list[str] | None) -> None:
    execution = finish(client, QueryString=sql)
    assert execution["StatementType"] == "UTILITY"
    found = [row[0] for row in rows_of(client, execution)]
    assert found == rows if rows is not None else found


@pytest.mark.parametrize(
    ("request_fields", "kind", "text"),
    [
        pytest.param({"QueryString": "SELEC 1"}, "InvalidRequestException", "line 1", id="syntax"),
        pytest.param(
            {"QueryString": "SELECT 1::int"}, "InvalidRequestException", "mismatched input", id="spelling"
        ),
        pytest.param({"QueryString": "SELECT ?"}, None, "", id="question mark without a value"),
        pytest.param(
            {"QueryString": "SELECT ?", "ExecutionParameters": ["a b"]},
            "InvalidRequestException",
            "literal",
            id="no literal",
        ),
        pytest.param(
            {"QueryString": "SELECT 1", "QueryExecutionContext": {"Database": "other"}},
            "InvalidRequestException",
            "other",
            id="database",
        ),
        pytest.param(
            {"QueryString": "SELECT 1", "WorkGroup": "other"},
            "InvalidRequestException",
            "other",
            id="work group",
        ),
        pytest.param(
            {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "/tmp"}},
            "InvalidRequestException",
            "S3 path",
            id="output",
        ),
        pytest.param(
            {"QueryString": "EXECUTE nope"}, "ResourceNotFoundException", "nope", id="prepared statement"
        ),
    ],
)
def test_a_bad_request_is_refused_at_once(
    client: Any, request_fields: dict[str, Any], kind: str | None, text: str
) -> None:
    if kind is None:
        assert finish(client, **request_fields)["Status"]["State"] == "FAILED"
        return
    with pytest.raises(ClientError, match=text) as caught:
        client.start_query_execution(**request_fields)
    assert caught.value.response["Error"]["Code"] == kind


def post(
    endpoint: AthenaEndpoint, operation: str, body: bytes, *, length: str | None = None
) -> tuple[int, dict[str, Any]]:
    """Send what boto3 would not; returns the status and the answer."""
    connection = http.client.HTTPConnection(endpoint.url.removeprefix("http://"), timeout=60)
    try:
        connection.putrequest("POST", "/")
        connection.putheader("X-Amz-Target", f"AmazonAthena.{operation}")
        connection.putheader("Content-Length", length or str(len(body)))
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, json.loads(response.read())
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("length", "says"),
    [
        pytest.param("abc", "Content-Length is 'abc': expected", id="words"),
        pytest.param("-1", "Content-Length is '-1': expected", id="negative"),
        pytest.param("1_0", "Content-Length is '1_0': expected", id="Python's own spelling"),
        pytest.param(str(2**20 + 1), "longer than 1048576 bytes", id="too long"),
        pytest.param("9" * 5000, "longer than 1048576 bytes", id="absurd"),
    ],
)
def test_a_length_that_cannot_be_is_answered(endpoint: AthenaEndpoint, length: str, says: str) -> None:
    status, answer = post(endpoint, "ListWorkGroups", b"", length=length)
    assert (status, answer["__type"]) == (400, "InvalidRequestException")
    assert says in answer["message"]


@pytest.mark.parametrize(
    ("operation", "body", "says"),
    [
        pytest.param("ListQueryExecutions", {"MaxResults": "abc"}, "MaxResults is 'abc'", id="page as text"),
        pytest.param("ListQueryExecutions", {"MaxResults": -3}, "from 1 to 50", id="page below zero"),
        pytest.param("ListNamedQueries", {"MaxResults": 51}, "from 1 to 50", id="page too long"),
        pytest.param("ListNamedQueries", {"MaxResults": True}, "MaxResults is True", id="page as truth"),
        pytest.param("ListNamedQueries", {"NextToken": 7}, "NextToken is 7", id="token as number"),
        pytest.param("ListNamedQueries", {"NextToken": "9" * 5000}, "NextToken is", id="endless token"),
        pytest.param("ListNamedQueries", {"WorkGroup": []}, "WorkGroup is []", id="work group as list"),
        pytest.param("StartQueryExecution", {"QueryString": 5}, "QueryString is", id="query as number"),
        pytest.param(
            "StartQueryExecution",
            {"QueryString": "SELECT ?", "ExecutionParameters": 5},
            "ExecutionParameters is 5: expected a list of texts",
            id="parameters as number",
        ),
        pytest.param(
            "StartQueryExecution",
            {"QueryString": "SELECT ?", "ExecutionParameters": [5]},
            "ExecutionParameters is [5]",
            id="parameter as number",
        ),
        pytest.param(
            "StartQueryExecution",
            {"QueryString": "SELECT 1", "QueryExecutionContext": ["crowdlens"]},
            "QueryExecutionContext is ['crowdlens']: expected a structure",
            id="context as list",
        ),
        pytest.param(
            "StartQueryExecution",
            {"QueryString": "SELECT 1", "QueryExecutionContext": {"Database": 5}},
            "Database is 5",
            id="database as number",
        ),
        pytest.param(
            "StartQueryExecution",
            {"QueryString": "SELECT 1", "ResultConfiguration": "s3://here"},
            "ResultConfiguration is",
            id="results as text",
        ),
        pytest.param(
            "StartQueryExecution",
            {"QueryString": "SELECT 1", "ClientRequestToken": {}},
            "ClientRequestToken is {}",
            id="request token as structure",
        ),
        pytest.param(
            "BatchGetQueryExecution", {"QueryExecutionIds": [[]]}, "QueryExecutionIds is [[]]", id="ids"
        ),
        pytest.param("BatchGetNamedQuery", {"NamedQueryIds": 1}, "NamedQueryIds is 1", id="named ids"),
        pytest.param(
            "ListTableMetadata",
            {"DatabaseName": "crowdlens", "Expression": 5},
            "Expression is 5",
            id="pattern",
        ),
    ],
)
def test_a_field_of_another_kind_is_refused(
    endpoint: AthenaEndpoint, operation: str, body: dict[str, Any], says: str
) -> None:
    status, answer = post(endpoint, operation, json.dumps(body).encode())
    assert (status, answer["__type"]) == (400, "InvalidRequestException")
    assert says in answer["message"]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"{", id="half"),
        pytest.param(b"\xff", id="no text"),
        pytest.param(b"[" * 200_000, id="endless nesting"),
        pytest.param(b'{"QueryString": "\\ud800"}', id="half a surrogate pair"),
    ],
)
def test_what_is_no_json_is_answered(endpoint: AthenaEndpoint, body: bytes) -> None:
    status, answer = post(endpoint, "StartQueryExecution", body)
    assert (status, answer["__type"]) == (400, "SerializationException")


def test_a_client_that_falls_silent_is_left(
    endpoint: AthenaEndpoint, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("infra.local.athena.endpoint._Handler.timeout", 0.1)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        post(endpoint, "ListWorkGroups", b"{", length="100")
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        pytest.param("SELECT nope FROM tracks", "COLUMN_NOT_FOUND: ", id="column"),
        pytest.param(
            "SELECT 1 FROM nope", "TABLE_NOT_FOUND: Table 'awsdatacatalog.crowdlens.nope'", id="table"
        ),
        pytest.param("SELECT 1 / 0", "DIVISION_BY_ZERO: ", id="division"),
        pytest.param("SELECT md5(day) FROM tracks", "NOT_SUPPORTED: the function md5", id="whitelist"),
    ],
)
def test_a_failed_query_says_why(client: Any, sql: str, reason: str) -> None:
    execution = finish(client, QueryString=sql)
    assert execution["Status"]["State"] == "FAILED"
    assert execution["Status"]["StateChangeReason"].startswith(reason)
    assert execution["Status"]["AthenaError"]["ErrorMessage"].startswith(reason)
    with pytest.raises(ClientError, match="Current state: FAILED"):
        client.get_query_results(QueryExecutionId=execution["QueryExecutionId"])


@pytest.mark.parametrize(
    ("operation", "fields"),
    [
        ("get_query_execution", {"QueryExecutionId": "6604375a-88af-405a-94d0-23a80837945e"}),
        ("get_named_query", {"NamedQueryId": "6604375a-88af-405a-94d0-23a80837945e"}),
        ("get_prepared_statement", {"StatementName": "nope", "WorkGroup": "primary"}),
        (
            "get_table_metadata",
            {"CatalogName": "AwsDataCatalog", "DatabaseName": "crowdlens", "TableName": "nope"},
        ),
        ("get_database", {"CatalogName": "AwsDataCatalog", "DatabaseName": "nope"}),
        ("create_notebook", {"WorkGroup": "primary", "Name": "x"}),
        ("list_table_metadata", {"CatalogName": "c", "DatabaseName": "crowdlens", "Expression": "(("}),
        ("list_named_queries", {"NextToken": "never given"}),
    ],
)
def test_what_does_not_exist_is_a_client_error(client: Any, operation: str, fields: dict[str, str]) -> None:
    with pytest.raises(ClientError):
        getattr(client, operation)(**fields)


def test_values_stand_in_for_question_marks(client: Any) -> None:
    execution = finish(
        client,
        QueryString="SELECT count(*) AS n FROM tracks WHERE day = ? AND track < ?",
        ExecutionParameters=["'2026-11-20'", "10"],
    )
    assert rows_of(client, execution) == [["n"], ["10"]]
    assert execution["ExecutionParameters"] == ["'2026-11-20'", "10"]


def test_prepared_statements_are_kept_and_executed(client: Any) -> None:
    client.create_prepared_statement(
        StatementName="tracks_from",
        WorkGroup="primary",
        QueryStatement="SELECT min(track) AS t FROM tracks WHERE day = ? AND track >= ?",
    )
    execution = finish(client, QueryString="EXECUTE tracks_from USING '2026-11-20', 7")
    assert rows_of(client, execution) == [["t"], ["7"]]
    again = finish(client, QueryString="EXECUTE tracks_from", ExecutionParameters=["'2026-11-20'", "8"])
    assert rows_of(client, again) == [["t"], ["8"]]
    names = [
        item["StatementName"]
        for item in client.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]
    ]
    assert names == [*(one.name for one in catalog.prepared_statements()), "tracks_from"]
    client.delete_prepared_statement(StatementName="tracks_from", WorkGroup="primary")
    left = client.list_prepared_statements(WorkGroup="primary")["PreparedStatements"]
    assert "tracks_from" not in [item["StatementName"] for item in left]


def test_named_queries_are_those_of_the_catalogue(client: Any) -> None:
    identities = client.list_named_queries()["NamedQueryIds"]
    queries = client.batch_get_named_query(NamedQueryIds=identities)["NamedQueries"]
    assert {"people_now", "what_is_missing"} <= {query["Name"] for query in queries}
    one = client.get_named_query(NamedQueryId=identities[0])["NamedQuery"]
    assert finish(client, QueryString=one["QueryString"])["Status"]["State"] == "SUCCEEDED"


def test_metadata_lists_tables_and_views(client: Any) -> None:
    place = {"CatalogName": "AwsDataCatalog", "DatabaseName": "crowdlens"}
    listed = (
        client.get_paginator("list_table_metadata").paginate(**place).build_full_result()["TableMetadataList"]
    )
    assert {table["Name"] for table in listed} >= {*TABLES, "occupancy_live"}
    table = client.get_table_metadata(**place, TableName="zone_counts")["TableMetadata"]
    assert [column["Name"] for column in table["Columns"]] == [
        column.name for column in TABLES["zone_counts"].columns
    ]
    assert table["PartitionKeys"][0]["Name"] == "day"
    crossings = client.list_table_metadata(**place, Expression="line_crossings_by_(hour|minute)")[
        "TableMetadataList"
    ]
    assert [item["Name"] for item in crossings] == ["line_crossings_by_hour", "line_crossings_by_minute"]
    view = client.get_table_metadata(**place, TableName="records_by_table")["TableMetadata"]
    assert [(c["Name"], c["Type"]) for c in view["Columns"]] == [
        ("day", "varchar"), ("table_name", "varchar"), ("rows_stored", "bigint"), ("records", "bigint"),
    ]  # fmt: skip
    assert client.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"] == [{"Name": "crowdlens"}]
    assert client.list_data_catalogs()["DataCatalogsSummary"][0]["CatalogName"] == "AwsDataCatalog"
    assert client.list_work_groups()["WorkGroups"][0]["Name"] == "primary"


def test_executions_are_remembered(client: Any) -> None:
    execution = finish(client, QueryString="SELECT 1 AS a")
    identity = execution["QueryExecutionId"]
    assert client.list_query_executions()["QueryExecutionIds"][0] == identity
    batch = client.batch_get_query_execution(QueryExecutionIds=[identity, "nope"])
    assert batch["QueryExecutions"][0]["Query"] == "SELECT 1 AS a"
    assert batch["UnprocessedQueryExecutionIds"][0]["QueryExecutionId"] == "nope"


def test_the_same_token_starts_one_query(client: Any) -> None:
    token = "0123456789abcdef0123456789abcdef"
    first, second = (
        client.start_query_execution(QueryString="SELECT 1", ClientRequestToken=token)["QueryExecutionId"]
        for _ in range(2)
    )
    assert first == second


def test_a_long_query_can_be_stopped(client: Any) -> None:
    sql = "SELECT count(*) AS n FROM tracks AS a CROSS JOIN tracks AS b CROSS JOIN tracks AS c WHERE a.track * b.track + c.track = -1"
    identity = client.start_query_execution(QueryString=sql)["QueryExecutionId"]
    deadline = time.monotonic() + 60
    while state_of(client, identity) == "QUEUED" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert state_of(client, identity) == "RUNNING"
    client.stop_query_execution(QueryExecutionId=identity)
    # Nobody waits for its end: it would take hours.
    assert state_of(client, identity) == "CANCELLED"
    assert finish(client, QueryString="SELECT 1")["Status"]["State"] == "SUCCEEDED"


def test_views_can_be_made_replaced_and_dropped(client: Any) -> None:
    assert finish(client, QueryString="CREATE VIEW mine AS SELECT 1 AS a")["StatementType"] == "DDL"
    assert finish(client, QueryString="CREATE VIEW mine AS SELECT 2 AS a")["Status"]["State"] == "FAILED"
    finish(client, QueryString="CREATE OR REPLACE VIEW mine AS SELECT 2 AS a")
    assert rows_of(client, finish(client, QueryString="SELECT a FROM mine")) == [["a"], ["2"]]
    looped = finish(client, QueryString="CREATE OR REPLACE VIEW mine AS SELECT a FROM mine")
    assert "reads itself" in looped["Status"]["StateChangeReason"]
    finish(client, QueryString="DROP VIEW mine")
    assert finish(client, QueryString="SELECT a FROM mine")["Status"]["State"] == "FAILED"


def test_awswrangler_reads_managed_results(endpoint: AthenaEndpoint, session: boto3.Session) -> None:
    wr.config.athena_endpoint_url = endpoint.url
    try:
        frame = wr.athena.read_sql_query(
            "SELECT track, object_class, event_time, CAST(event_time AS date) AS d, speed_mps, suspect "
            "FROM tracks WHERE day = ? ORDER BY track",
            database="crowdlens",
            ctas_approach=False,
            boto3_session=session,
            params=["'2026-11-20'"],
            paramstyle="qmark",
        )
    finally:
        wr.config.reset("athena_endpoint_url")
    assert len(frame) == ROWS
    assert str(frame["event_time"].dtype).startswith("datetime64")
    assert frame["track"].tolist() == list(range(ROWS))
    assert frame["d"][0] == date(2026, 11, 20)
    assert frame["object_class"][0] == "사람"
    assert frame["speed_mps"].isna().all()
    assert not frame["suspect"].any()


def test_results_can_lie_in_a_folder(athena: LocalAthena, session: boto3.Session, tmp_path: Path) -> None:
    with AthenaEndpoint(
        athena, results=FolderResults(tmp_path), output_location="s3://results/athena/"
    ) as running:
        client = session.client("athena", endpoint_url=running.url)
        location = finish(client, QueryString="SELECT 1 AS a, CAST(NULL AS varchar) AS b")[
            "ResultConfiguration"
        ]["OutputLocation"]
        shown = finish(client, QueryString="SHOW DATABASES")["ResultConfiguration"]["OutputLocation"]
    assert location.startswith("s3://results/athena/")
    assert (tmp_path / location.removeprefix("s3://")).read_bytes() == b'"a","b"\n"1",\n'
    assert shown.endswith(".txt")
    assert (tmp_path / shown.removeprefix("s3://")).read_bytes() == b"crowdlens\n"


def test_eight_threads_ask_at_once(client: Any) -> None:
    def ask(worker: int) -> list[list[str | None]]:
        return rows_of(
            client,
            finish(
                client,
                QueryString=f"SELECT count(*) AS n FROM unique_tracks WHERE track % 8 = {worker} AND day = '2026-11-20'",
            ),
        )

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, list(range(8)) * 2))
    expected = [sum(1 for row in range(ROWS) if row % 8 == worker) for worker in range(8)]
    assert [int(answer[1][0] or 0) for answer in answers] == expected * 2


def test_a_kept_alive_connection_answers_quickly(client: Any) -> None:
    client.list_databases(CatalogName="AwsDataCatalog")
    seconds = []
    for _ in range(20):
        begin = time.perf_counter()
        client.list_databases(CatalogName="AwsDataCatalog")
        seconds.append(time.perf_counter() - begin)
    # Two writes an answer would cost each of them 40 ms; a busy machine slows some of them.
    assert min(seconds) < 0.03


def test_nothing_is_left_behind(athena: LocalAthena) -> None:
    with AthenaEndpoint(athena) as running:
        port = int(running.url.rpartition(":")[2])
    with AthenaEndpoint(athena, port=port):
        pass
    assert not [
        thread for thread in threading.enumerate() if thread.name == "athena-endpoint" and not thread.daemon
    ]


def test_a_busy_port_is_told_in_one_sentence(athena: LocalAthena, endpoint: AthenaEndpoint) -> None:
    port = int(endpoint.url.rpartition(":")[2])
    with pytest.raises(AthenaPortError, match=f"port is {port}"):
        AthenaEndpoint(athena, port=port)
