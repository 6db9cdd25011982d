"""The page in its bucket: whole, typed, and nothing beside it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import pytest
from moto import mock_aws

from lambdas.page_setup import handler as entry
from lambdas.page_setup.page import PageError, PageRequest, empty_page, page_files, page_request, put_page

PAGE = {"index.html": b"<!doctype html>", "main.js": b"import './api.js'", "icon.svg": b"<svg/>"}
PROPERTIES = {"SourceBucket": "assets", "SourceKey": "page.zip", "Bucket": "page", "Configuration": "{}"}


def zipped(files: Mapping[str, bytes]) -> bytes:
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return body.getvalue()


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        for bucket in ("assets", "page"):
            client.create_bucket(Bucket=bucket)
        client.put_object(Bucket="assets", Key="page.zip", Body=zipped(PAGE))
        yield client


def keys(s3: Any) -> set[str]:
    return {one["Key"] for one in s3.list_objects_v2(Bucket="page").get("Contents", ())}


def test_every_file_is_served_as_what_it_is(s3: Any) -> None:
    request = PageRequest("assets", "page.zip", "page", json.dumps({"sign_in": "cognito"}))
    assert put_page(request, s3) == 4
    types = {name: s3.head_object(Bucket="page", Key=name)["ContentType"] for name in keys(s3)}
    assert types == {
        "index.html": "text/html; charset=utf-8",
        "main.js": "text/javascript; charset=utf-8",
        "icon.svg": "image/svg+xml",
        "config.json": "application/json; charset=utf-8",
    }
    assert json.loads(s3.get_object(Bucket="page", Key="config.json")["Body"].read()) == {
        "sign_in": "cognito"
    }
    assert s3.head_object(Bucket="page", Key="main.js")["CacheControl"] == "no-cache"


def test_a_new_page_takes_the_place_of_the_old(s3: Any) -> None:
    request = page_request(PROPERTIES)
    put_page(request, s3)
    s3.put_object(Bucket="assets", Key="page.zip", Body=zipped({"index.html": b"new", "other.js": b"1"}))
    put_page(request, s3)
    assert keys(s3) == {"index.html", "other.js", "config.json"}
    empty_page("page", s3)
    assert keys(s3) == set()


@pytest.mark.parametrize(
    ("archive", "sentence"),
    [
        pytest.param(b"no zip", "the page's archive is no zip file", id="no-zip"),
        pytest.param(zipped({"run.exe": b"MZ"}), "file 'run.exe' cannot be served", id="no-page-file"),
        pytest.param(zipped({"../up.js": b"1"}), "file '../up.js' cannot be served", id="climbs"),
    ],
)
def test_what_is_no_page_is_refused(archive: bytes, sentence: str) -> None:
    with pytest.raises(PageError, match=sentence):
        list(page_files(archive))


@pytest.mark.parametrize("name", PROPERTIES)
def test_a_missing_property_is_named(name: str) -> None:
    with pytest.raises(PageError, match=f"property {name} is ''"):
        page_request({**PROPERTIES, name: ""})


@pytest.mark.parametrize(
    ("kind", "properties", "status", "left"),
    [
        pytest.param("Create", PROPERTIES, "SUCCESS", {*PAGE, "config.json"}, id="create"),
        pytest.param("Delete", PROPERTIES, "SUCCESS", set(), id="delete"),
        pytest.param(
            "Update", {**PROPERTIES, "SourceKey": "gone.zip"}, "FAILED", {"old.js"}, id="no-archive"
        ),
        pytest.param("Update", {}, "FAILED", {"old.js"}, id="no-properties"),
    ],
)
def test_cloudformation_is_told(
    s3: Any,
    monkeypatch: pytest.MonkeyPatch,
    *,
    kind: str,
    properties: dict[str, str],
    status: str,
    left: set[str],
) -> None:
    told: list[Mapping[str, Any]] = []
    monkeypatch.setattr(entry, "send", lambda url, answer: told.append(answer))
    s3.put_object(Bucket="page", Key="old.js", Body=b"1")
    identity = {"StackId": "s", "RequestId": "r", "LogicalResourceId": "l", "ResponseURL": "https://answer"}
    entry.handler({**identity, "RequestType": kind, "ResourceProperties": properties}, None)
    assert [answer["Status"] for answer in told] == [status]
    assert keys(s3) == left
