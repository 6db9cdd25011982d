"""The function as Lambda calls it: messages in, rows or one sentence in the lake, failures named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from lambdas.open_data import handler as function

DONE: dict[str, list[Any]] = {"batchItemFailures": []}


class Clock:
    """What Lambda tells of the time left, in milliseconds, at the first look."""

    aws_request_id = "r1"

    def __init__(self, milliseconds: int) -> None:
        self._milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        """Return the time left."""
        return self._milliseconds


@pytest.fixture(autouse=True)
def fresh(buckets: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Settings of this test, and a client made under moto."""
    monkeypatch.setenv("LAKE_BUCKET", "lake")
    monkeypatch.setenv("OPEN_DATA_LARGEST_BYTES", "1000000")
    function.inbox.cache_clear()
    yield
    function.inbox.cache_clear()


def sent(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """Return the metrics of the one line that the function printed."""
    (line,) = [json.loads(text) for text in capsys.readouterr().out.splitlines() if '"_aws"' in text]
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    return {metric["Name"]: sum(line[metric["Name"]]) for metric in directive["Metrics"]}


def test_a_file_is_loaded_and_counted(buckets: Any, wifi: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    event = buckets.message(buckets.drop("inbox/wifi.csv", wifi))
    assert function.handler(event, Clock(900_000)) == DONE
    assert len(buckets.lake("open_data/free_wifi/day=")) == 1
    assert len(buckets.lake("open_data_quarantine/free_wifi/day=")) == 1
    assert sent(capsys) == {"files_refused": 0, "files_unknown": 0, "rows": 3, "rows_quarantined": 1}


def test_delivered_again_it_replaces_the_same_objects(buckets: Any, wifi: bytes) -> None:
    event = buckets.message(buckets.drop("inbox/wifi.csv", wifi))
    function.handler(event, Clock(900_000))
    first = {key: buckets.text(key) for key in buckets.lake("open_data_reports/")}
    function.handler(event, Clock(900_000))
    assert {key: buckets.text(key) for key in buckets.lake("open_data_reports/")} == first
    assert len(buckets.lake()) == 4


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{", id="no JSON"),
        pytest.param("[]", id="no object"),
        pytest.param('{"Records": 3}', id="no list"),
        pytest.param('{"Records": [3]}', id="no record"),
        pytest.param('{"Records": [{"eventName": "ObjectCreated:Put", "s3": {}}]}', id="no bucket"),
        pytest.param("[" * 100_000, id="nested too deep"),
    ],
)
def test_a_message_that_is_no_event_comes_again_and_ends_among_the_dead_letters(
    buckets: Any, body: str
) -> None:
    assert function.handler(buckets.message(body), None) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert buckets.lake() == []


def test_one_bad_message_does_not_hold_up_another(buckets: Any, wifi: bytes) -> None:
    good = buckets.message(buckets.drop("inbox/wifi.csv", wifi), "good")
    event = {"Records": buckets.message("{", "bad")["Records"] + good["Records"]}
    assert function.handler(event, Clock(900_000)) == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert len(buckets.lake("open_data/")) == 1


def test_when_s3_fails_the_message_comes_again(
    buckets: Any, wifi: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = buckets.message(buckets.drop("inbox/wifi.csv", wifi))

    def fail(*_: object, **__: object) -> None:
        raise ClientError({"Error": {"Code": "SlowDown", "Message": "slow down"}}, "PutObject")

    monkeypatch.setattr(function.inbox()._client, "upload_file", fail)
    assert function.handler(event, None) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    monkeypatch.undo()


def test_a_file_for_which_the_time_does_not_suffice_is_refused_and_not_tried_again(
    buckets: Any, wifi: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([True, False])
    monkeypatch.setattr(function, "time_left", lambda *_: lambda: next(answers))
    event = buckets.message(buckets.drop("inbox/wifi.csv", wifi))
    assert function.handler(event, None) == DONE
    assert buckets.refusal() == (
        "the time is over after 0 rows (100 % of the file): expected a file that loads within it; "
        "split this one, or load it with `crowdlens opendata`"
    )


def test_a_message_that_cannot_be_begun_in_time_comes_again(
    buckets: Any, wifi: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(function, "time_left", lambda *_: lambda: False)
    event = buckets.message(buckets.drop("inbox/wifi.csv", wifi))
    assert function.handler(event, None) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert buckets.lake() == []


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
    "<list><row><name>&b;</name><lat>1</lat></row></list>"
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
    "<list><row><name>&a;</name><lat>1</lat></row></list>"
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(
            BOMB.encode(),
            "the XML declares the entity 'a': expected none, for they can be bombs",
            id="an entity bomb",
        ),
        pytest.param(
            OUTSIDE.encode(),
            "the XML declares the entity 'a': expected none, for they can be bombs",
            id="an entity of another file",
        ),
        pytest.param(
            b"<a>" * 100_000,
            "the XML nests deeper than 50 elements: expected a flat table",
            id="a deep nest",
        ),
        pytest.param(
            b"<list><row><name>a</name><lat>1</lat></row>",
            "the XML is not well formed (no element found: line 1, column 43): expected closed elements",
            id="broken off",
        ),
        pytest.param(
            bytes(range(256)) * 40,
            "the file is binary: 1120 of its first 10240 bytes are control codes; expected text",
            id="binary called csv",
        ),
        pytest.param(
            b"PK\x03\x04" + bytes(90),
            "the file is a zip archive or an Excel workbook (XLSX): expected CSV, TSV or XML "
            "(in Excel: save as CSV UTF-8)",
            id="a workbook called csv",
        ),
        pytest.param(b'[{"a": 1}]', "the file is JSON: expected CSV, TSV or XML", id="JSON"),
        pytest.param(b" \r\n \r\n", "the file is empty: expected a table", id="blank"),
        pytest.param(
            b"\xff\xff,1\n" * 50,
            "the text is neither UTF-8 nor CP949/EUC-KR: of 48 lines with letters beyond ASCII 0 can be "
            "read; expected one of these encodings",
            id="another encoding",
        ),
        pytest.param(
            b"a," + b"x" * 900_000 + b"\n" + b"y" * 90_000,
            "the file has no rows below its header: expected some to learn from",
            id="a line of a megabyte",
        ),
        pytest.param(
            b"a" * 1_000_001, "the file has 1000001 bytes: expected at most 1000000", id="too large"
        ),
    ],
)
def test_an_attack_is_refused_in_one_sentence(
    buckets: Any, content: bytes, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    event = buckets.message(buckets.drop("inbox/무료 와이파이.csv", content))
    assert function.handler(event, Clock(900_000)) == DONE
    assert buckets.refusal() == sentence
    assert sent(capsys)["files_refused"] == 1


def test_a_formula_is_neutralised_and_counted(buckets: Any) -> None:
    header = "설치장소명,설치시도명,서비스제공사명,와이파이SSID,위도,경도"
    rows = [
        '=HYPERLINK("http://x"),서울특별시,KT,WiFi,37.5663,126.9779',
        "@SUM(A1),서울특별시,+cmd|' /C calc'!A0,WiFi,37.5663,126.9779",
    ]
    content = "\r\n".join((header, *rows)).encode("cp949")
    function.handler(buckets.message(buckets.drop("inbox/a.csv", content)), Clock(900_000))
    (report,) = [key for key in buckets.lake("open_data_reports/") if key.endswith(".json")]
    changes = {one["code"]: one for one in json.loads(buckets.text(report))["changes"]}
    assert changes["formula"]["count"] == 3
    assert {one["after"][0] for one in changes["formula"]["examples"]} == {"'"}
