"""The stacks of app.py deployed for real: `cdk bootstrap`, `deploy`, records, an upgrade, `destroy`.

MiniStack stands for AWS: its CloudFormation makes the resources, its Lambda runs the very bundles that CDK
uploaded, on this machine's Python. What it cannot show is told in docs/deploy.md.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shlex
import subprocess
import sys
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.demo.conservation import Conservation, StreamTotal, account, lake_record_ids, quarantined_messages
from contract.lake import COMPACTED_PREFIX, QUARANTINE_PREFIX, RAW_PREFIX
from contract.records import StoredRecord
from edge_components.runtime.spool import Spool
from infra.local.aws_environment import REPOSITORY_ROOT
from infra.local.cdk.deployment import Deployment
from infra.local.lake_copy import copy_lake

pytestmark = [
    pytest.mark.e2e,
    pytest.mark.deploy,
    pytest.mark.timeout(1800),
    pytest.mark.xdist_group("cdk-deploy"),
]
STORAGE, INGEST, ANALYTICS = "crowdlens-dev-storage", "crowdlens-dev-ingest", "crowdlens-dev-analytics"
OPEN_DATA = "crowdlens-dev-open-data"
ALERTS = "crowdlens-dev-alerts"
STACKS = (STORAGE, ALERTS, INGEST, ANALYTICS, OPEN_DATA)
INBOX = "crowdlens-dev-inbox-000000000000-ap-northeast-2"
LAKE = "crowdlens-dev-lake-000000000000-ap-northeast-2"
INGEST_QUEUE, LOAD_QUEUE = "crowdlens-dev-ingest", "crowdlens-dev-load"
CONTEXT = {"stage": "dev", "mysql": "off", "fleet": "off"}
"""Without MySQL nothing outside these stacks is asked by name."""
SENT = {"zone_counts": 2_000, "line_crossings": 1_000, "tracks": 1_000, "events": 200, "camera_status": 200}
DEADLINE_SECONDS = 300.0
FUNCTIONS = ("lake_writer", "compactor", "reconciler", "dead_letters")
RecordFactory = Callable[..., list[StoredRecord]]


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"not after {DEADLINE_SECONDS:g} s: {what}"
        time.sleep(0.5)


class Account:
    """The account that was deployed into, and one device that sends to it."""

    def __init__(self, deployment: Deployment, assembly: Path, folder: Path) -> None:
        self.deployment = deployment
        self.assembly = assembly
        self.folder = folder
        self.s3 = deployment.endpoint.s3()
        self.sqs = deployment.endpoint.sqs()
        self.lambda_ = deployment.endpoint.client("lambda")

    def queue_url(self, name: str) -> str:
        return self.sqs.get_queue_url(QueueName=name)["QueueUrl"]

    def waiting(self, queue_name: str) -> int:
        """Messages that are in the queue or in somebody's hands."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue_url(queue_name), AttributeNames=names)  # type: ignore[arg-type]
        return sum(int(count) for count in answer["Attributes"].values())

    def send(self, make_records: RecordFactory, counts: dict[str, int]) -> list[StreamTotal]:
        """Spool new records of one device and publish them; return what it made and dropped by stream."""
        path = self.folder / "spool.sqlite"
        now_ms = int(time.time() * 1000)
        with Spool(path, device="jetson-7") as spool:
            for table, count in counts.items():
                made = make_records(table, count=count, start_ms=now_ms - count, step_ms=1)
                spool.append([stored.record for stored in made])
            spool.write_ledger()
            self._publish(path, spool)
            return [StreamTotal(one.stream, one.made, one.dropped) for one in spool.counts().streams]

    def _publish(self, path: Path, spool: Spool) -> None:
        command = [sys.executable, "-m", "edge_components.publisher", "--spool", str(path)]
        command += ["--site", "seoul-1", "--device", "jetson-7", "--queue-url", self.queue_url(INGEST_QUEUE)]
        environment = {
            **self.deployment.endpoint.environment(),
            "PATH": "/usr/bin:/bin",
            "PYTHONPATH": str(REPOSITORY_ROOT),
        }
        publisher = subprocess.Popen(command, env=environment, cwd=self.folder)
        try:
            wait_until(lambda: spool.waiting()[0] == 0, "SQS has accepted every record")
        finally:
            publisher.terminate()
            publisher.wait()

    def conserved(self, streams: list[StreamTotal]) -> Conservation:
        """Return the account of what the device made against a copy of the lake."""
        copy = self.folder / f"lake-{time.monotonic_ns()}"
        (copy / RAW_PREFIX).mkdir(parents=True)
        copy_lake(self.s3, LAKE, copy, prefixes=(RAW_PREFIX, COMPACTED_PREFIX, QUARANTINE_PREFIX))
        return account(streams, lake_record_ids(copy), None, quarantined_messages(copy))

    def invoke(self, function_name: str, event: dict[str, Any]) -> dict[str, Any]:
        answer = self.lambda_.invoke(FunctionName=function_name, Payload=json.dumps(event).encode())
        payload: dict[str, Any] = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, payload
        return payload


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """Storage, ingest and analytics, deployed by the CDK command line."""
    with Deployment(say=print) as deployment:
        assembly = deployment.synthesise(CONTEXT, STACKS)
        deployment.deploy(assembly, STACKS)
        yield Account(deployment, assembly, tmp_path_factory.mktemp("device"))


def test_only_saved_queries_had_to_be_left_out(deployed: Account) -> None:
    dropped = deployed.deployment.dropped
    assert {one.stack for one in dropped} == {ANALYTICS}
    assert {one.type for one in dropped} == {"AWS::Athena::NamedQuery", "AWS::Athena::PreparedStatement"}


def test_every_table_and_view_is_in_the_catalogue(deployed: Account) -> None:
    template = json.loads((deployed.assembly / f"{ANALYTICS}.template.json").read_text(encoding="utf-8"))
    expected = {
        resource["Properties"]["TableInput"]["Name"]: resource["Properties"]["TableInput"]["TableType"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Glue::Table"
    }
    pages = deployed.deployment.endpoint.client("glue").get_paginator("get_tables")
    found = {
        table["Name"]: table["TableType"]
        for page in pages.paginate(DatabaseName="crowdlens_dev")
        for table in page["TableList"]
    }
    assert found == expected
    assert {"zone_counts", "compacted_zone_counts"} <= set(found)
    assert "VIRTUAL_VIEW" in found.values()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_the_bundle_that_was_staged_here(deployed: Account, name: str) -> None:
    """Byte for byte what `infra.bundles` staged, as CDK zipped and uploaded it and Lambda unpacks it."""
    found = deployed.lambda_.get_function(FunctionName=f"crowdlens-dev-{name.replace('_', '-')}")
    template = json.loads((deployed.assembly / f"{INGEST}.template.json").read_text(encoding="utf-8"))
    (code,) = (
        resource["Properties"]["Code"]
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
        and resource["Properties"]["FunctionName"] == found["Configuration"]["FunctionName"]
    )
    staged = deployed.assembly / f"asset.{Path(code['S3Key']).stem}"
    bucket = f"cdk-hnb659fds-assets-000000000000-{deployed.deployment.endpoint.region}"
    uploaded = deployed.s3.get_object(Bucket=bucket, Key=code["S3Key"])["Body"].read()
    assert len(uploaded) == found["Configuration"]["CodeSize"]
    with zipfile.ZipFile(io.BytesIO(uploaded)) as archive:
        in_archive = {one: digest(archive.read(one)) for one in archive.namelist() if not one.endswith("/")}
    on_disk = {
        path.relative_to(staged).as_posix(): digest(path.read_bytes())
        for path in staged.rglob("*")
        if path.is_file()
    }
    assert in_archive == on_disk
    assert f"lambdas/{name}/handler.py" in in_archive


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def test_every_record_sent_through_the_deployed_queue_is_in_the_lake(
    deployed: Account, make_records: RecordFactory
) -> None:
    streams = deployed.send(make_records, SENT)
    wait_until(lambda: deployed.waiting(INGEST_QUEUE) == 0, "the ingest queue is empty")
    found = deployed.conserved(streams)
    assert found.holds, found.sentence()
    in_lake = Counter({table.table: table.lake for table in found.tables})
    assert {table: in_lake[table] for table in SENT} == SENT
    assert in_lake["stream_ledger"] >= len(SENT)

    folded = deployed.invoke("crowdlens-dev-compactor", {})
    assert folded["pieces_failed"] == 0, folded
    told = deployed.invoke("crowdlens-dev-reconciler", {})
    assert (told["days_failed"], told["records_missing"]) == (0, 0), told
    assert told["days_checked"] >= 1
    assert deployed.conserved(streams).holds


def test_a_file_dropped_into_the_inbox_is_loaded_by_the_deployed_function(deployed: Account) -> None:
    example = REPOSITORY_ROOT / "examples" / "opendata" / "free_wifi.csv"
    deployed.s3.put_object(Bucket=INBOX, Key="inbox/seoul/무료 와이파이.csv", Body=example.read_bytes())

    def reports() -> list[str]:
        listed = deployed.s3.list_objects_v2(Bucket=LAKE, Prefix="open_data_reports/free_wifi/")
        return [one["Key"] for one in listed.get("Contents", []) if one["Key"].endswith(".json")]

    wait_until(lambda: bool(reports()), "the report of the file is in the lake")
    report = json.loads(deployed.s3.get_object(Bucket=LAKE, Key=reports()[0])["Body"].read())
    assert report["source_file"] == "inbox/seoul/무료 와이파이.csv"
    assert report["rows"] == report["accepted"] + report["quarantined"] > report["accepted"] > 0
    wait_until(lambda: deployed.waiting(OPEN_DATA) == 0, "the queue is empty")
    data = deployed.s3.list_objects_v2(Bucket=LAKE, Prefix="open_data/free_wifi/day=")["Contents"]
    assert len(data) == 1


def test_what_nobody_can_read_is_kept_in_quarantine(deployed: Account) -> None:
    deployed.sqs.send_message(QueueUrl=deployed.queue_url(INGEST_QUEUE), MessageBody="no message of ours")
    wait_until(lambda: deployed.waiting(INGEST_QUEUE) == 0, "the ingest queue is empty")
    listed = deployed.s3.list_objects_v2(Bucket=LAKE, Prefix=QUARANTINE_PREFIX).get("Contents", [])
    bodies = [deployed.s3.get_object(Bucket=LAKE, Key=one["Key"])["Body"].read().decode() for one in listed]
    assert [body for body in bodies if "no message of ours" in body] == bodies
    assert len(bodies) == 1


def destroy_plan(deployed: Account) -> dict[str, Any]:
    """Return what `crowdlens destroy-plan` says of the account."""
    finished = subprocess.run(
        [Path(sys.executable).with_name("crowdlens"), "destroy-plan", "--stage", "dev", "--json"],
        env={**os.environ, **deployed.deployment.endpoint.environment()},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    return dict(json.loads(finished.stdout))


@pytest.fixture(scope="module")
def shell_path(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A PATH on which `aws` is a small command of our own: no AWS CLI is needed to run this test."""
    folder = tmp_path_factory.mktemp("bin")
    command = folder / "aws"
    script = Path(__file__).with_name("aws_command.py")
    command.write_text(
        f'#!/bin/sh\nexec {shlex.join([sys.executable, str(script)])} "$@"\n', encoding="utf-8"
    )
    command.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


def follow(deployed: Account, shell_path: str, command: str) -> None:
    """Do what a line of the plan says, as it is printed."""
    environment = {**os.environ, **deployed.deployment.endpoint.environment(), "PATH": shell_path}
    subprocess.run(command, shell=True, env=environment, cwd=REPOSITORY_ROOT, check=True)  # noqa: S602


def left_over(deployed: Account) -> dict[str, list[str]]:
    """Return the names of everything in the account that no bootstrap made."""
    client = deployed.deployment.endpoint.client
    stacks = client("cloudformation").list_stacks()["StackSummaries"]
    found = {
        "stacks": [one["StackName"] for one in stacks if one["StackStatus"] != "DELETE_COMPLETE"],
        "functions": [one["FunctionName"] for one in client("lambda").list_functions()["Functions"]],
        "event sources": [
            one["UUID"] for one in client("lambda").list_event_source_mappings()["EventSourceMappings"]
        ],
        "queues": client("sqs").list_queues().get("QueueUrls", []),
        "buckets": [one["Name"] for one in client("s3").list_buckets()["Buckets"]],
        "tables": client("dynamodb").list_tables()["TableNames"],
        "roles": [one["RoleName"] for one in client("iam").list_roles()["Roles"]],
        "rules": [one["Name"] for one in client("events").list_rules()["Rules"]],
        "schedules": [one["Name"] for one in client("scheduler").list_schedules()["Schedules"]],
        "Glue databases": [one["Name"] for one in client("glue").get_databases()["DatabaseList"]],
        "workgroups": [one["Name"] for one in client("athena").list_work_groups()["WorkGroups"]],
        "log groups": [one["logGroupName"] for one in client("logs").describe_log_groups()["logGroups"]],
    }
    # "primary" is every account's.
    bootstrap = ("cdk-hnb659fds-", "CDKToolkit", "primary")
    return {
        kind: left
        for kind, names in found.items()
        if (left := [name for name in names if not name.startswith(bootstrap)])
    }


def test_the_destroy_plan_leaves_nothing_but_the_bootstrap(deployed: Account, shell_path: str) -> None:
    assert left_over(deployed)  # the list sees what there is to see
    plan = destroy_plan(deployed)
    assert not plan["keeps_records"]
    for step in plan["steps"]:
        for command in step["commands"]:
            follow(deployed, shell_path, command)
    assert left_over(deployed) == {}


def test_a_stage_that_went_comes_back_and_cdk_destroys_it(deployed: Account) -> None:
    """Names that are fixed are free again, and an empty stage goes by the CDK command line alone."""
    deployed.deployment.deploy(deployed.assembly, STACKS)
    assert {STORAGE, INGEST, ANALYTICS} <= set(left_over(deployed)["stacks"])
    deployed.deployment.destroy(deployed.assembly, STACKS)
    assert left_over(deployed) == {}
