"""What is wrong with the call or the AWS settings is one sentence, whichever command meets it."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli.main import main

BUCKET = "crowdlens-lake"
COMMANDS = {
    "compact": ["compact", "--bucket", BUCKET, "--table", "tracks", "--day", "2026-11-21"],
    "reconcile": ["reconcile", "--bucket", BUCKET],
    "quarantine": ["quarantine", "list", "--bucket", BUCKET],
    "redrive": ["redrive", "--bucket", BUCKET],
    "dry run": ["redrive", "--bucket", BUCKET, "--dry-run"],
    "release": ["quarantine", "release", "--bucket", BUCKET, "--dry-run"],
    "devices": ["devices", "list"],
}
LISTING = ("compact", "reconcile", "quarantine", "redrive", "dry run", "release")
"""Those that look into the bucket."""


def asks(commands: Sequence[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("words", [pytest.param(COMMANDS[name], id=name) for name in commands])


@pytest.fixture(autouse=True)
def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """No profile, no region and no credentials of whoever runs the tests."""
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "MYSQL_HOST"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.fixture
def lake(dynamodb: Any, nobody: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty lake's bucket beside the control table."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    boto3.client("s3").create_bucket(
        Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"}
    )


def mistake(words: Sequence[str], status: int, capsys: pytest.CaptureFixture[str]) -> str:
    """Return the only line that the command says."""
    assert main(words) == status
    (line,) = capsys.readouterr().err.splitlines()
    return str(line).partition(": ")[2]


@asks(("compact", "redrive", "dry run", "release", "devices"))
def test_a_missing_region_is_asked_for(
    words: list[str], lake: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert mistake(words, 2, capsys) == "no AWS region is named: expected --region or AWS_REGION"


@pytest.mark.parametrize("words", COMMANDS.values(), ids=list(COMMANDS))
@pytest.mark.parametrize("how", ["AWS_REGION", "--region"])
def test_a_region_is_taken_from_either_place(
    how: str, words: list[str], lake: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    if how == "AWS_REGION":
        monkeypatch.setenv("AWS_REGION", "ap-northeast-2")
    else:
        words = [*words, "--region", "ap-northeast-2"]
    # Of an empty lake nobody can say whether it is complete.
    assert main(words) == (1 if words[0] == "reconcile" else 0)


def test_aws_region_is_the_one_that_counts(lake: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """As for the AWS command line, which asks AWS_DEFAULT_REGION only without it."""
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    assert main(COMMANDS["devices"]) == 1
    monkeypatch.setenv("AWS_REGION", "ap-northeast-2")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    assert main(COMMANDS["devices"]) == 0


@pytest.mark.parametrize("words", COMMANDS.values(), ids=list(COMMANDS))
@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        pytest.param("AWS_PROFILE=nope", "(nope) could not be found: expected AWS_PROFILE", id="profile"),
        pytest.param(
            "AWS_ENDPOINT_URL=junk", "the AWS endpoint is 'junk': expected a URL like", id="endpoint"
        ),
        pytest.param("AWS_REGION=no region", "expected one like ap-northeast-2", id="region"),
    ],
)
def test_a_setting_that_leads_nowhere_is_told(
    setting: str,
    sentence: str,
    words: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("AWS_REGION", "ap-northeast-2")
    monkeypatch.setenv(*setting.split("="))
    assert sentence in mistake(words, 2, capsys)


@pytest.mark.parametrize("words", COMMANDS.values(), ids=list(COMMANDS))
def test_missing_credentials_are_asked_for(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "ap-northeast-2")
    assert mistake(words, 1, capsys).startswith("no AWS credentials were found: expected a profile")


@pytest.mark.parametrize("words", COMMANDS.values(), ids=list(COMMANDS))
def test_an_endpoint_that_does_not_answer_is_told(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed_soon:
        endpoint = f"http://127.0.0.1:{closed_soon.getsockname()[1]}"
    for name, value in (("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")):
        monkeypatch.setenv(name, value)
    for name, value in (("AWS_REGION", "ap-northeast-2"), ("AWS_ENDPOINT_URL", endpoint)):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    said = mistake(words, 1, capsys)
    assert said.startswith(f'AWS did not answer: Could not connect to the endpoint URL: "{endpoint}/')


@asks(LISTING)
@pytest.mark.parametrize(
    ("bucket", "sentence"),
    [
        pytest.param("crowdlens-gone", "bucket 'crowdlens-gone' does not exist (NoSuchBucket)", id="gone"),
        pytest.param("Bad Bucket!", "bucket is 'Bad Bucket!': expected 3 to 63 of a-z", id="no name"),
    ],
)
def test_a_bucket_that_is_none_is_told(
    bucket: str, sentence: str, words: list[str], lake: None, capsys: pytest.CaptureFixture[str]
) -> None:
    named = [bucket if word == BUCKET else word for word in words]
    assert mistake(named, 2, capsys).startswith(sentence)


SCENE = str(Path(__file__).parents[3] / "examples" / "demo" / "scene.yaml")
TO_DEVICES = {
    "models push": ["models", "push", "person_demo"],
    "models push into a bucket": ["models", "push", "person_demo", "--bucket", BUCKET],
    "models versions": ["models", "versions"],
    "scene push": ["scene", "push", SCENE, "--device", "jetson-7"],
    "scene status": ["scene", "status", "--group", "jetson-jetpack6"],
}


@pytest.mark.parametrize("words", TO_DEVICES.values(), ids=list(TO_DEVICES))
def test_models_and_scenes_ask_alike_for_a_region(
    words: list[str], nobody: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    assert mistake(words, 2, capsys) == "no AWS region is named: expected --region or AWS_REGION"


@pytest.mark.parametrize("words", TO_DEVICES.values(), ids=list(TO_DEVICES))
def test_models_and_scenes_ask_alike_for_credentials(
    words: list[str], nobody: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    told = mistake([*words, "--region", "ap-northeast-2"], 1, capsys)
    assert told == "no AWS credentials were found: expected a profile or variables of the AWS tools"


@pytest.mark.parametrize("words", TO_DEVICES.values(), ids=list(TO_DEVICES))
def test_models_and_scenes_know_the_same_stages(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--stage", "test"])
    assert ended.value.code == 2
    assert "'test'" in capsys.readouterr().err
