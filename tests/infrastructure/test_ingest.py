"""The functions behind the ingest queue: what they are told, and all that they may do."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from infra.ingest_settings import COMPACTOR, LAKE_WRITER, RECONCILER
from lambdas.compactor.settings import CompactionRules, compactor_settings
from lambdas.reconciler.reconciler import ReconcilerRules
from lambdas.reconciler.settings import reconciler_settings
from lambdas.shared.control_table import EXPIRY_ATTRIBUTE, PARTITION_KEY, SORT_KEY
from lambdas.shared.settings import dead_letters_settings, lake_writer_settings
from tests.infrastructure.reading import (
    Templates,
    allowed,
    environment_of,
    function_of,
    properties,
    stack_of,
    text_of,
)

pytestmark = pytest.mark.xdist_group("synth")


@pytest.fixture
def stage(templates: Templates) -> str:
    """The stage that `templates` is of."""
    return next(iter(templates)).split("-")[1]


def lake(stage: str, path: str = "") -> str:
    return f"arn:${{AWS::Partition}}:s3:::crowdlens-{stage}-lake-${{AWS::AccountId}}-ap-northeast-2{path}"


def control(templates: Templates) -> str:
    (name,) = (
        name
        for name, resource in stack_of(templates, "ingest")["Resources"].items()
        if resource["Type"] == "AWS::DynamoDB::Table"
    )
    return f"${{{name}.Arn}}"


def without_queues(found: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Leave out what an event source does in the function's name."""
    receiving = {
        "ReceiveMessage",
        "DeleteMessage",
        "ChangeMessageVisibility",
        "GetQueueAttributes",
        "GetQueueUrl",
    }
    return {(action, resource) for action, resource in found if action.removeprefix("sqs:") not in receiving}


def test_the_lake_writer_may_add_objects_and_read_the_registry(templates: Templates, stage: str) -> None:
    assert without_queues(allowed(templates, "lake-writer")) == {
        ("s3:PutObject", lake(stage, "/raw/*")),
        ("s3:PutObject", lake(stage, "/quarantine/*")),
        ("dynamodb:BatchGetItem", control(templates)),
    }


def test_the_compactor_may_fold_and_hide_but_never_destroy(templates: Templates, stage: str) -> None:
    prefixes = ("/raw/*", "/compacted/*", "/covers/*")
    here = "${AWS::Region}:${AWS::AccountId}"
    own = f"arn:${{AWS::Partition}}:lambda:{here}:function:crowdlens-{stage}-compactor"
    assert allowed(templates, "compactor") == {
        ("s3:ListBucket", lake(stage)),
        *(("s3:GetObject", lake(stage, prefix)) for prefix in prefixes),
        *(("s3:DeleteObject", lake(stage, prefix)) for prefix in prefixes),
        ("s3:PutObject", lake(stage, "/compacted/*")),
        ("s3:PutObject", lake(stage, "/covers/*")),
        ("dynamodb:UpdateItem", control(templates)),
        # dev reserves no executions: a fan-out could take all there are, those of lake_writer too.
        *([("lambda:InvokeFunction", own)] if stage == "prod" else []),
    }


def test_the_reconciler_may_read_the_lake_and_ask_for_a_load(templates: Templates, stage: str) -> None:
    here = "${AWS::Region}:${AWS::AccountId}"
    verbs = ("GetItem", "Query", "PutItem", "UpdateItem", "DeleteItem")
    assert allowed(templates, "reconciler") == {
        ("s3:ListBucket", lake(stage)),
        *(("s3:GetObject", lake(stage, prefix)) for prefix in ("/raw/*", "/compacted/*", "/covers/*")),
        *((f"dynamodb:{verb}", control(templates)) for verb in verbs),
        ("sqs:SendMessage", f"arn:${{AWS::Partition}}:sqs:{here}:crowdlens-{stage}-load"),
        ("sqs:SendMessage", f"arn:${{AWS::Partition}}:sqs:{here}:crowdlens-{stage}-alerts"),
        (
            "lambda:InvokeFunction",
            f"arn:${{AWS::Partition}}:lambda:{here}:function:crowdlens-{stage}-rds-loader",
        ),
    }


def test_dead_letters_may_only_add_to_quarantine(templates: Templates, stage: str) -> None:
    assert without_queues(allowed(templates, "dead-letters")) == {
        ("s3:PutObject", lake(stage, "/quarantine/*"))
    }


def test_without_mysql_the_reconciler_asks_nobody(synthesise: Callable[[str], Templates]) -> None:
    found = allowed(synthesise("without mysql"), "reconciler")
    assert {action.partition(":")[0] for action, _ in found} == {"s3", "dynamodb", "sqs"}
    assert [resource for action, resource in found if action == "sqs:SendMessage"] == [
        "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:crowdlens-dev-alerts"
    ]
    assert not {"LOADER_FUNCTION", "LOAD_QUEUE_URL"} & set(
        environment_of(synthesise("without mysql"), "reconciler")
    )


def test_every_function_understands_what_it_is_told(templates: Templates, stage: str) -> None:
    bucket = f"crowdlens-{stage}-lake-${{AWS::AccountId}}-ap-northeast-2"
    writer = lake_writer_settings(environment_of(templates, "lake-writer"))
    compactor = compactor_settings(environment_of(templates, "compactor"))
    reconciler = reconciler_settings(environment_of(templates, "reconciler"))
    keeper = dead_letters_settings(environment_of(templates, "dead-letters"))
    buckets = {each.lake_bucket for each in (writer, compactor, reconciler, keeper)}
    assert buckets == {bucket}
    assert writer.identity_mode.value == "observe"
    own_name = f"crowdlens-{stage}-compactor"
    assert compactor.fan_out_function == (own_name if stage == "prod" else None)
    assert reconciler.loader_function == f"crowdlens-{stage}-rds-loader"
    assert str(reconciler.load_queue_url).endswith(f"/crowdlens-{stage}-load")
    assert str(reconciler.alert_queue_url).endswith(f"/crowdlens-{stage}-alerts")


def test_a_raw_object_stays_longer_than_mysql_may_take(templates: Templates) -> None:
    """Who reconciles must see an object that was never announced before the compactor hides it."""
    compactor = compactor_settings(environment_of(templates, "compactor")).rules
    reconciler = reconciler_settings(environment_of(templates, "reconciler")).rules
    pace = timedelta(seconds=RECONCILER.every_seconds)
    assert reconciler.load_grace + pace < compactor.raw_keep
    assert reconciler.grace + pace < compactor.raw_keep
    assert (compactor, reconciler) == (CompactionRules(), ReconcilerRules())


def test_schedules_call_what_they_should_at_their_pace(templates: Templates) -> None:
    rules = {
        rule["ScheduleExpression"]: text_of(rule["Targets"][0]["Arn"])
        for rule in properties({"x-ingest": stack_of(templates, "ingest")}, "AWS::Events::Rule")
    }
    assert set(rules) == {"rate(15 minutes)"}
    targets = [
        text_of(rule["Targets"][0]["Arn"])
        for rule in properties({"x-ingest": stack_of(templates, "ingest")}, "AWS::Events::Rule")
    ]
    assert sorted(target.partition("Function")[0] for target in targets) == ["${Compactor", "${Reconciler"]
    assert COMPACTOR.every_seconds == RECONCILER.every_seconds == 15 * 60


def test_the_control_table_is_what_the_functions_expect(templates: Templates, stage: str) -> None:
    (table,) = properties(templates, "AWS::DynamoDB::Table")
    assert table["TableName"] == f"crowdlens-{stage}-control"
    assert [key["AttributeName"] for key in table["KeySchema"]] == [PARTITION_KEY, SORT_KEY]
    assert table["TimeToLiveSpecification"] == {"AttributeName": EXPIRY_ATTRIBUTE, "Enabled": True}
    assert table["BillingMode"] == "PAY_PER_REQUEST"
    assert table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"] is True
    assert table.get("DeletionProtectionEnabled", False) is (stage == "prod")


def test_functions_have_the_sizes_that_the_local_stack_has(templates: Templates) -> None:
    writer = function_of(templates, "lake-writer")
    assert (writer["MemorySize"], writer["Timeout"]) == (
        LAKE_WRITER.memory_mib,
        LAKE_WRITER.function_timeout_seconds,
    )


def test_concurrency_is_reserved_where_data_is_kept_only(synthesise: Callable[[str], Templates]) -> None:
    """A fresh account may hold so few executions that reserving some is refused."""
    for context, reserved in (("dev", False), ("prod", True)):
        compactor = function_of(synthesise(context), "compactor")
        assert ("ReservedConcurrentExecutions" in compactor) is reserved
