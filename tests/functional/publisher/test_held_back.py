"""Records that cannot be sent as they are: of a newer release, of an unknown time, on a full disk."""

from __future__ import annotations

import logging
import os
import subprocess
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from unittest import mock

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    ReadTimeoutError,
    SSLError,
)

from contract.envelope import PackedMessage
from contract.errors import DiskFullError
from contract.lake import day_of
from edge_components.publisher.sender import QueueSender, SendResult
from edge_components.runtime.clock import PROBE_INTERVAL_SECONDS, DeviceClock
from edge_components.runtime.spool import newer
from edge_components.runtime.time_sync import EARLIEST_PLAUSIBLE_MILLISECONDS, TimeSync

TRUE_BOOT_MS = 1_795_176_000_000
URL = "https://sqs.example.org"
NOT_YET_VALID = "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate is not yet valid"
SKEWED = {"Error": {"Code": "InvalidSignatureException"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
BROKEN = {"Error": {"Code": "InternalError"}, "ResponseMetadata": {"HTTPStatusCode": 500}}


class Machine:
    """A machine that boots in 1970 and learns the time later."""

    uptime_seconds = 10.0
    wall_offset_ms = 0

    def clock(self) -> DeviceClock:
        return DeviceClock(
            monotonic_seconds=lambda: self.uptime_seconds,
            wall_seconds=lambda: self.uptime_seconds + self.wall_offset_ms / 1000,
            probe=lambda wall_ms: TimeSync(wall_ms > EARLIEST_PLAUSIBLE_MILLISECONDS, "test"),
        )

    def synchronise(self) -> None:
        self.wall_offset_ms = TRUE_BOOT_MS
        self.uptime_seconds += PROBE_INTERVAL_SECONDS


def accept_all(messages: Sequence[PackedMessage]) -> SendResult:
    return SendResult(list(range(len(messages))))


def test_records_of_a_newer_release_stop_nothing_and_are_told_once(
    open_spool, make_status, publish_with, caplog, monkeypatch
):
    spool = open_spool()
    spool.append([make_status(index) for index in range(5)])
    monkeypatch.delitem(newer.TABLES, "camera_status")
    publisher = publish_with(spool, accept_all, progress_seconds=0.0)
    for _ in range(3):
        assert publisher.flush()
        publisher._turn()
    assert (publisher.progress.records, spool.waiting()[0]) == (0, 5)
    told = [record for record in caplog.records if record.message == "records of a newer release wait for it"]
    assert [(record.levelno, record.held) for record in told] == [(logging.WARNING, {"camera_status": 5})]
    caplog.set_level(logging.INFO)
    publisher._log.now("publisher progress", 0)
    assert caplog.records[-1].held_records == 5
    monkeypatch.undo()
    assert publish_with(spool, accept_all).flush()
    assert spool.counts().acknowledged == 5


def nothing_left(messages: Sequence[PackedMessage]) -> SendResult:
    every = tuple(range(len(messages)))
    return SendResult([], {"EndpointConnectionError": len(messages)}, untaken=every)


def nobody_knows(messages: Sequence[PackedMessage]) -> SendResult:
    return SendResult([], {"ReadTimeoutError": len(messages)})


def accept_the_first(messages: Sequence[PackedMessage]) -> SendResult:
    return SendResult([0], {"EndpointConnectionError": 1}, untaken=tuple(range(1, len(messages))))


@pytest.mark.parametrize(
    ("answer", "some_stay_unsynced", "some_are_taken"),
    [
        pytest.param(nothing_left, False, False, id="no connection: nothing left the device"),
        # Ten messages of the batch may be in the queue; the batches behind it were not tried.
        pytest.param(nobody_knows, True, False, id="no answer: the batch may be in the queue"),
        pytest.param(accept_the_first, False, True, id="one message taken, the others refused"),
    ],
)
def test_what_never_left_moves_to_the_true_time(  # noqa: PLR0917 - fixtures and the scenario's columns
    open_spool, make_status, publish_with, answer, some_stay_unsynced, some_are_taken
):
    machine = Machine()
    clock = machine.clock()
    spool = open_spool(clock=clock, boot_id="boot-1")
    spool.append([make_status(i, event_time_ms=clock.now_ms(), quality="unsynced") for i in range(2_000)])
    sent: list[tuple[str, str]] = []

    def note(messages: Sequence[PackedMessage]) -> SendResult:
        records = [stored.record for message in messages for stored in message.records]
        sent.extend((day_of(record.event_time_ms), record.clock_quality) for record in records)
        return accept_all(messages)

    settings = {"hold_unsynced_seconds": 0.0, "maximum_body_bytes": 1_500}
    assert not publish_with(spool, answer, **settings).flush()
    acknowledged = spool.counts().acknowledged
    assert (acknowledged > 0) == some_are_taken
    machine.synchronise()
    publisher = publish_with(spool, note, **settings)
    while spool.waiting()[0]:
        publisher.flush()
    found = Counter(sent)
    late = found.pop(("2026-11-01", "unsynced"), 0)
    assert (late > 0) == some_stay_unsynced
    assert late < 2_000
    assert found == {("2026-11-20", "restamped"): 2_000 - acknowledged - late}


@pytest.mark.parametrize(
    ("error", "is_certain"),
    [
        pytest.param(EndpointConnectionError(endpoint_url=URL), True, id="no connection"),
        pytest.param(ConnectTimeoutError(endpoint_url=URL), True, id="connection not answered"),
        pytest.param(NoCredentialsError(), True, id="no credentials"),
        pytest.param(SSLError(endpoint_url=URL, error=NOT_YET_VALID), True, id="certificate of the future"),
        pytest.param(ClientError(SKEWED, "SendMessageBatch"), True, id="signature of 1970"),
        pytest.param(ClientError(BROKEN, "SendMessageBatch"), False, id="error of the queue"),
        pytest.param(ReadTimeoutError(endpoint_url=URL), False, id="no answer"),
        pytest.param(SSLError(endpoint_url=URL, error="EOF occurred"), False, id="connection cut"),
    ],
)
def test_only_what_is_certainly_not_in_the_queue_is_untaken(error, is_certain):
    class Failing:
        def send_message_batch(self, **_: object) -> dict[str, object]:
            raise error

    result = QueueSender("http://127.0.0.1/queue", Failing).send(
        [PackedMessage("a", []), PackedMessage("b", [])]
    )  # type: ignore[arg-type]
    assert result.untaken == ((0, 1) if is_certain else ())
    assert (result.accepted, sum(result.failures.values())) == ([], 2)


def test_a_restamp_that_finds_no_room_does_not_stop_the_drain(open_spool, make_status, publish_with):
    machine = Machine()
    clock = machine.clock()
    spool = open_spool(clock=clock, boot_id="boot-1")
    spool.append([make_status(i, event_time_ms=clock.now_ms(), quality="unsynced") for i in range(1_200)])
    machine.synchronise()
    clock.refresh()
    spool.append([make_status(1, event_time_ms=clock.now_ms(), quality="synced")])
    sent: list[str] = []

    def note(messages: Sequence[PackedMessage]) -> SendResult:
        sent.extend(stored.record.clock_quality for message in messages for stored in message.records)
        return accept_all(messages)

    publisher = publish_with(spool, note)
    full = DiskFullError("the disk is full")
    with mock.patch.object(spool, "restamp", side_effect=full):
        with mock.patch.object(spool, "restamp_within_reserve", side_effect=full):
            assert publisher.flush()
        assert Counter(sent) == {"synced": 1}
        while spool.waiting()[0]:
            publisher.flush()
    assert Counter(sent) == {"synced": 1, "restamped": 1_200}


@pytest.fixture
def small_disk(tmp_path: Path):
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("a file system of 12 MB can be mounted by root only")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def test_a_full_disk_with_records_of_1970_is_drained_at_the_true_time(
    small_disk, make_spool_at, make_status, publish_with
):
    machine = Machine()
    clock = machine.clock()
    spool = make_spool_at(small_disk / "spool.sqlite", clock=clock, boot_id="boot-1")
    count = 4_000
    spool.append([make_status(i, event_time_ms=clock.now_ms(), quality="unsynced") for i in range(count)])
    with (small_disk / "of another program").open("wb", buffering=0) as file:
        try:
            while file.write(b"x" * 4096) == 4096:
                pass
        except OSError:
            pass
    more = [make_status(i, event_time_ms=clock.now_ms(), quality="unsynced") for i in range(300)]
    with suppress(DiskFullError):
        while True:
            count += len(spool.append(more))
    machine.synchronise()
    sent: Counter[str] = Counter()

    def note(messages: Sequence[PackedMessage]) -> SendResult:
        sent.update(stored.record.clock_quality for message in messages for stored in message.records)
        return accept_all(messages)

    publisher = publish_with(spool, note)
    for _ in range(200):
        publisher.flush()
        if not spool.waiting()[0]:
            break
    # And the gap that declares the append that was refused, noted before the time was known.
    assert sent == {"restamped": count + 1}
