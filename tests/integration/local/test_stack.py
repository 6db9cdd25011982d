"""The local stack with real servers: what goes in comes out, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from contract.envelope import pack_messages
from contract.errors import CrowdLensError, DiskFullError
from contract.records import StoredRecord
from infra.ingest_settings import LAKE_WRITER
from infra.local import stack as stack_module
from infra.local.aws_environment import REPOSITORY_ROOT
from infra.local.run_directory import RUN_VARIABLE
from infra.local.stack import LocalStack, NotDrainedError, StackOptions

RecordFactory = Callable[..., list[StoredRecord]]
RECORDING = "tests.integration.local.recording_handler:handler"
RECORDING_WRITER = replace(
    LAKE_WRITER, handler=RECORDING, batch_window_seconds=0, batch_size=10, maximum_receives=2
)


def test_records_reach_the_lake_and_mysql(
    local_stack: LocalStack, make_records: RecordFactory, tmp_path: Path
) -> None:
    sqs = local_stack.sqs()
    records = make_records("zone_counts", count=1000)
    bodies = [message.body for message in pack_messages("site-1", "cam-box-1", records, maximum_bytes=3000)]
    assert len(bodies) > 10  # more than one receive
    for body in bodies:
        sqs.send_message(QueueUrl=local_stack.ingest_queue_url, MessageBody=body)
    depths = local_stack.wait_until_drained(60)
    assert all(depth.dead_letters == 0 for depth in depths.values())
    copied = local_stack.copy_lake_to(tmp_path)
    keys = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")}
    assert copied.objects == len(keys)
    devices = [pq.read_table(tmp_path / key, columns=["device"])["device"].to_pylist() for key in keys]
    assert sum(rows.count("cam-box-1") for rows in devices) == 1000
    if local_stack.mysql is None:
        pytest.skip(str(local_stack.mysql_missing))
    with local_stack.mysql.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(DISTINCT record_id) FROM zone_counts WHERE device = %s", ["cam-box-1"])
        assert cursor.fetchall() == ((1000,),)
        cursor.execute("SELECT object_key FROM load_ledger")
        assert {key for (key,) in cursor.fetchall()} == keys
    statistics = local_stack.statistics()
    assert statistics["lake_writer"].deleted_messages >= len(bodies)
    assert statistics["rds_loader"].failed_messages == 0


@pytest.fixture(scope="module")
def recording_stack() -> Iterator[LocalStack]:
    options = StackOptions(
        with_mysql=False,
        lake_writer=RECORDING_WRITER,
        visibility_timeout_seconds=1,
        sender_id="AROA:device-7",
        dead_letters=None,
    )
    with LocalStack(options) as stack:
        yield stack


def seen(stack: LocalStack, body: str) -> list[str]:
    listed = stack.s3().list_objects_v2(Bucket=stack.bucket, Prefix=f"seen/{body}/")
    return [entry["Key"].removeprefix(f"seen/{body}/") for entry in listed.get("Contents", [])]


@pytest.mark.parametrize(
    ("body", "expected", "dead_letters"),
    [
        pytest.param("plain", ["1/AROA:device-7"], 0, id="handled-once-with-the-injected-sender"),
        pytest.param("fail once", ["2/AROA:device-7"], 0, id="a-partial-failure-comes-back"),
        pytest.param("fail", [], 1, id="two-failures-make-a-dead-letter"),
        pytest.param("crash", [], 1, id="an-exception-deletes-nothing"),
    ],
)
def test_what_becomes_of_a_message(
    recording_stack: LocalStack, body: str, expected: list[str], dead_letters: int
) -> None:
    before = recording_stack.queue_depths()["lake_writer"].dead_letters
    recording_stack.sqs().send_message(QueueUrl=recording_stack.ingest_queue_url, MessageBody=body)
    depths = recording_stack.wait_until_drained(20)
    assert seen(recording_stack, body) == expected
    assert depths["lake_writer"].dead_letters - before == dead_letters


def test_waiting_for_what_never_ends_says_what_is_left(recording_stack: LocalStack) -> None:
    recording_stack.sqs().send_message(QueueUrl=recording_stack.ingest_queue_url, MessageBody="fail")
    with pytest.raises(NotDrainedError, match=r"lake_writer: \d waiting, \d in flight, \d dead letters"):
        recording_stack.wait_until_drained(0.5)
    recording_stack.wait_until_drained(20)


def test_without_mysql_the_lake_half_runs_and_says_why(recording_stack: LocalStack) -> None:
    assert recording_stack.mysql is None
    assert recording_stack.mysql_missing
    assert set(recording_stack.queue_depths()) == {"lake_writer"}


def test_a_second_stack_runs_beside_the_first(recording_stack: LocalStack) -> None:
    with LocalStack(StackOptions(with_mysql=False, lake_writer=RECORDING_WRITER)) as second:
        assert second.run.path != recording_stack.run.path
        assert not second.run.swept
        second.sqs().send_message(QueueUrl=second.ingest_queue_url, MessageBody="second")
        second.wait_until_drained(20)
        assert seen(second, "second")
    assert not second.run.path.exists()
    assert seen(recording_stack, "second") == []
    recording_stack.check_processes()


OWNER = """
import sys, time
from pathlib import Path
from infra.local.stack import LocalStack, StackOptions
with LocalStack(StackOptions(run_base=Path(sys.argv[1]), migrations_handler=None)) as stack:
    print(stack.run.path, flush=True)
    time.sleep(600)
"""


def processes_of(run: str) -> list[int]:
    mark = f"{RUN_VARIABLE}={run}".encode()
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if mark in environment.read_bytes().split(b"\0"):
                found.append(int(environment.parent.name))
        except OSError:
            continue
    return found


@pytest.fixture
def short_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("runs")


@pytest.mark.parametrize(
    ("number", "status", "is_removed"),
    [
        pytest.param(signal.SIGKILL, -signal.SIGKILL, False, id="kill-9"),
        pytest.param(signal.SIGTERM, 128 + signal.SIGTERM, True, id="terminate"),
        pytest.param(signal.SIGINT, -signal.SIGINT, True, id="ctrl-c"),
    ],
)
def test_no_process_outlives_its_owner(
    short_base: Path, number: signal.Signals, status: int, is_removed: bool
) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(short_base)],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY_ROOT)},
    )
    with owner:
        assert owner.stdout
        run = owner.stdout.readline().strip()
        assert len(processes_of(run)) >= 3  # MiniStack and the pollers at the least
        owner.send_signal(number)
        owner.wait(30)
    deadline = time.monotonic() + 5
    while processes_of(run) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert processes_of(run) == []
    assert owner.returncode == status
    assert Path(run).exists() is not is_removed
    with LocalStack(
        StackOptions(run_base=short_base, with_mysql=False, lake_writer=RECORDING_WRITER)
    ) as after:
        assert [str(path) for path in after.run.swept] == ([] if is_removed else [run])
    assert not Path(run).exists()


def test_a_port_in_use_is_one_sentence(recording_stack: LocalStack, short_base: Path) -> None:
    port = int(recording_stack.endpoint_url.rsplit(":", 1)[1])
    with (
        pytest.raises(CrowdLensError, match=f"port {port} for MiniStack is busy"),
        LocalStack(StackOptions(ministack_port=port, run_base=short_base)),
    ):
        pass
    assert not list(short_base.glob("run-*"))


def test_a_broken_function_stops_the_start_and_leaves_nothing(short_base: Path) -> None:
    broken = replace(LAKE_WRITER, handler="lambdas.lake_writer.handler:no_such_function")
    with (
        pytest.raises(CrowdLensError, match=r"lake_writer ended with status 2 .*has no such function"),
        LocalStack(StackOptions(lake_writer=broken, run_base=short_base, with_mysql=False)),
    ):
        pass
    assert not list(short_base.glob("run-*"))


def test_too_little_disk_is_one_sentence(short_base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stack_module, "_NEEDED_MEBIBYTES", 10**9)
    with (
        pytest.raises(DiskFullError, match=r"has \d+ MiB free: expected at least"),
        LocalStack(StackOptions(run_base=short_base)),
    ):
        pass
    assert not list(short_base.glob("run-*"))
