"""What holds for every stack: nothing lost, nothing open, nothing wide, nothing cfn-lint finds."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.ingest_settings import DEAD_LETTERS
from tests.infrastructure.reading import Templates, as_list, properties, stack_of, statements_of, text_of

pytestmark = pytest.mark.xdist_group("synth")
EVERY_CONTEXT = ("dev", "prod", "without mysql")


def test_every_work_queue_hands_what_fails_to_a_dead_letter_queue(templates: Templates) -> None:
    queues = properties(templates, "AWS::SQS::Queue")
    working = [queue for queue in queues if not queue["QueueName"].endswith("dead-letters")]
    assert len(working) >= 2
    for queue in working:
        assert queue["RedrivePolicy"]["maxReceiveCount"] >= 3
    assert all(queue["MessageRetentionPeriod"] == 14 * 24 * 3600 for queue in queues)
    assert all(queue["SqsManagedSseEnabled"] for queue in queues)


def test_functions_run_on_arm64_python_3_13_with_logs_that_expire(templates: Templates) -> None:
    for function in properties(templates, "AWS::Lambda::Function"):
        assert (function["Architectures"], function["Runtime"]) == (["arm64"], "python3.13")
        assert "LogGroup" in function["LoggingConfig"]
    assert all(group["RetentionInDays"] for group in properties(templates, "AWS::Logs::LogGroup"))


def test_who_reads_parquet_has_the_layer_and_nobody_else(templates: Templates) -> None:
    with_layer = {
        function["FunctionName"].split("-", 2)[2]
        for function in properties(templates, "AWS::Lambda::Function")
        if function.get("Layers")
    }
    assert with_layer == {"lake-writer", "compactor", "reconciler", "rds-loader", "open-data"}


def test_every_event_source_reports_partial_failures_and_is_bounded(templates: Templates) -> None:
    mappings = properties(templates, "AWS::Lambda::EventSourceMapping")
    assert len(mappings) >= 3
    for mapping in mappings:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_time_outs_fit_the_queues(templates: Templates) -> None:
    """AWS asks for six function time-outs and the window, or a message comes again while it is handled."""
    queues = {queue["QueueName"]: queue for queue in properties(templates, "AWS::SQS::Queue")}
    checked = 0
    for stack in templates.values():
        for mapping in (
            r["Properties"] for r in stack["Resources"].values() if r["Type"].endswith("SourceMapping")
        ):
            function = stack["Resources"][mapping["FunctionName"]["Ref"]]["Properties"]
            arn = text_of(mapping["EventSourceArn"])
            named = arn.rpartition(":")[2] if ":" in arn else None
            source = stack["Resources"].get(arn.strip("${}").removesuffix(".Arn"))
            queue = queues[named] if source is None else source["Properties"]
            needed = 6 * function["Timeout"] + mapping.get("MaximumBatchingWindowInSeconds", 0)
            assert queue["VisibilityTimeout"] >= needed
            checked += 1
    assert checked >= 3


def test_every_dead_letter_queue_is_emptied(templates: Templates) -> None:
    ingest = stack_of(templates, "ingest")["Resources"]
    sources = {
        text_of(one["Properties"]["EventSourceArn"])
        for one in ingest.values()
        if one["Type"] == "AWS::Lambda::EventSourceMapping"
        and "DeadLetters" in one["Properties"]["FunctionName"]["Ref"]
    }
    queues = [q for q in properties(templates, "AWS::SQS::Queue") if q["QueueName"].endswith("-dead-letters")]
    assert len(sources) == len(queues)
    for queue in queues:
        assert queue["VisibilityTimeout"] == DEAD_LETTERS.visibility_timeout_seconds
        logical = {text_of(source) for source in sources}
        assert any(queue["QueueName"] in source or "IngestDeadLetters" in source for source in logical)


def test_no_statement_is_wider_than_a_reason_says(templates: Templates) -> None:
    """The one resource ``*`` is for network interfaces, and denied to the code of the function."""
    for function in properties(templates, "AWS::Lambda::Function"):
        name = function["FunctionName"].split("-", 2)[2]
        for statement in statements_of(templates, name):
            actions = as_list(statement["Action"])
            assert not any("*" in action for action in actions), name
            if "*" in as_list(statement["Resource"]):
                assert all(action.startswith("ec2:") for action in actions), name
                assert "VpcConfig" in function


def test_a_function_in_the_vpc_may_not_make_interfaces_itself(synthesise: Callable[[str], Templates]) -> None:
    templates = synthesise("dev")
    inside = [f for f in properties(templates, "AWS::Lambda::Function") if "VpcConfig" in f]
    names = {f["FunctionName"].removeprefix("crowdlens-dev-") for f in inside}
    assert names == {"migrations", "rds-loader", "live-api"}
    for function in inside:
        statements = statements_of(templates, function["FunctionName"].split("-", 2)[2])
        allows, denies = (
            next(s for s in statements if s["Effect"] == effect and s["Resource"] == "*")
            for effect in ("Allow", "Deny")
        )
        assert allows["Action"] == denies["Action"]
        source = denies["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]
        assert text_of(source).endswith(":function:" + function["FunctionName"])


def test_no_secret_stands_in_a_template(templates: Templates) -> None:
    for function in properties(templates, "AWS::Lambda::Function"):
        assert not [key for key in function["Environment"]["Variables"] if "PASSWORD" in key]
    assert not [s for s in properties(templates, "AWS::RDS::DBInstance") if "MasterUserPassword" in s]


def test_everything_that_can_be_tagged_tells_its_stage(templates: Templates) -> None:
    for bucket in properties(templates, "AWS::S3::Bucket"):
        tags = {tag["Key"]: tag["Value"] for tag in bucket["Tags"]}
        assert tags["application"] == "crowdlens"
        assert tags["stage"] in ("dev", "prod")


@pytest.mark.parametrize("context", EVERY_CONTEXT)
def test_cfn_lint_finds_nothing(context: str, synthesise: Callable[[str], Templates], tmp_path: Path) -> None:
    for name, template in synthesise(context).items():
        (tmp_path / f"{name}.json").write_text(json.dumps(template), encoding="utf-8")
    finished = subprocess.run(
        [
            Path(sys.executable).with_name("cfn-lint"),
            "--region",
            "ap-northeast-2",
            # A DependsOn beside a reference to the same resource: CDK writes both, and it is harmless.
            "--ignore-checks",
            "W3005",
            "--",
            *tmp_path.glob("*.json"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (finished.returncode, finished.stdout) == (0, "")
