"""What a publisher does when records come faster than they leave, or the queue takes some and not others."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

import pytest

from contract.envelope import MAXIMUM_BODY_BYTES, PackedMessage
from edge_components.publisher.refused import REFUSALS_A_PAUSE
from edge_components.publisher.sender import QueueSender, SendResult
from edge_components.publisher.settings import Profile
from edge_components.runtime.clock import PROBE_INTERVAL_SECONDS, DeviceClock
from edge_components.runtime.spool import MINIMUM_MAXIMUM_BYTES
from edge_components.runtime.time_sync import EARLIEST_PLAUSIBLE_MILLISECONDS, TimeSync

TRUE_BOOT_MS = 1_795_176_000_000


def accept_all(messages: Sequence[PackedMessage]) -> SendResult:
    return SendResult(list(range(len(messages))))


def refuse_all(messages: Sequence[PackedMessage]) -> SendResult:
    return SendResult([], {"EndpointConnectionError": len(messages)})


def test_a_backlog_leaves_in_full_billing_steps(open_spool, make_status, publish_with):
    spool = open_spool()
    spool.append([make_status(index) for index in range(60_000)])
    sizes: list[int] = []

    def note(messages: Sequence[PackedMessage]) -> SendResult:
        sizes.extend(len(message.body.encode()) for message in messages)
        return accept_all(messages)

    publish_with(spool, note).flush()
    assert spool.counts().waiting == 0
    assert max(sizes) <= MAXIMUM_BODY_BYTES
    # All but the last few are nearly full; the last read has nothing to fill its last message with.
    assert sum(size > 0.85 * MAXIMUM_BODY_BYTES for size in sizes) >= len(sizes) - 2


def test_live_records_overtake_a_backlog_that_is_being_drained(open_spool, make_status, publish_with):
    spool = open_spool()
    spool.append([make_status(index) for index in range(1, 5_001)])
    sent: list[list[int]] = []

    def note_and_go_on(messages: Sequence[PackedMessage]) -> SendResult:
        sent.append([stored.sequence for message in messages for stored in message.records])
        if len(sent) < 8:
            spool.append([make_status(5_000 + len(sent))])
        return accept_all(messages)

    publish_with(spool, note_and_go_on, maximum_rows_per_batch=500).flush()
    for turn, live in enumerate(range(5_001, 5_008), start=1):
        assert live in sent[turn], "a record made during one send leaves with the next"
    assert sorted(number for batch in sent for number in batch) == list(range(1, 5_008))


def refusing(*bad: int) -> Callable[[Sequence[PackedMessage]], SendResult]:
    """Return a queue that refuses each message with one of these records in it, as the sender's fault."""

    def answer(messages: Sequence[PackedMessage]) -> SendResult:
        refused = [p for p, m in enumerate(messages) if any(s.sequence in bad for s in m.records)]
        good = [p for p in range(len(messages)) if p not in refused]
        failures = {"InvalidMessageContents": len(refused)} if refused else {}
        return SendResult(good, failures, tuple(refused))

    return answer


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param((42,), id="one"),
        pytest.param((1, 1_000), id="the first and the last"),
        pytest.param((500, 501), id="two neighbours"),
    ],
)
def test_what_the_queue_will_never_take_holds_up_nothing_else(
    open_spool, make_status, publish_with, caplog, bad
):
    spool = open_spool()
    spool.append([make_status(index) for index in range(1, 1_001)])
    publisher = publish_with(spool, refusing(*bad))
    assert publisher.flush()
    # Its neighbours in the message are through, and nothing is lost.
    assert {row.stored.sequence for row in spool.read(maximum_rows=1_000)} == set(bad)
    counts = spool.counts()
    assert (counts.acknowledged, counts.waiting, counts.dropped) == (1_000 - len(bad), len(bad), 0)
    # Halving a thousand takes ten steps; each bad record's way down is refused once a step.
    tries = publisher.progress.refused
    assert tries <= 11 * len(bad)
    assert publisher.flush()  # it is not tried again at once
    assert publisher.progress.refused == tries
    assert any(record.message == "messages not accepted" for record in caplog.records)


def test_a_queue_that_refuses_everything_is_not_stormed(open_spool, make_status, publish_with):
    spool = open_spool()
    spool.append([make_status(index) for index in range(1, 1_001)])
    publisher = publish_with(spool, refusing(*range(1, 1_001)))
    for _ in range(20):
        publisher.flush()
    assert publisher.progress.refused <= 2 * REFUSALS_A_PAUSE
    assert spool.counts().waiting == 1_000


def test_refused_records_are_tried_again_after_a_while(open_spool, make_status, publish_with):
    spool = open_spool()
    spool.append([make_status(index) for index in range(1, 11)])
    answers = [SendResult([], {"InvalidMessageContents": 1}, (0,))]
    publisher = publish_with(
        spool, lambda m: answers.pop() if answers else accept_all(m), refused_seconds=0.0
    )
    publisher.flush()
    publisher.flush()
    assert spool.counts().acknowledged == 10


def test_a_spool_that_fills_up_and_empties_is_in_the_log(open_spool, make_status, publish_with, caplog):
    caplog.set_level(logging.INFO)
    spool = open_spool(maximum_bytes=MINIMUM_MAXIMUM_BYTES)
    down = publish_with(spool, refuse_all, progress_seconds=0.0)
    for start in range(0, 1_200, 100):
        spool.append([make_status(index) for index in range(start, start + 100)])
        down.flush()
        down._turn()
    full = [record for record in caplog.records if record.message == "spool fills up"]
    assert [record.levelname for record in full] == ["WARNING"] * 3
    assert [record.share_of_bound >= limit for record, limit in zip(full, (0.5, 0.8, 0.95), strict=True)] == [
        True
    ] * 3
    last = [record for record in caplog.records if record.message == "publisher progress"][-1]
    assert last.dropped_records == spool.counts().dropped > 0
    assert (last.sent_records, last.backlog_seconds) == (0, None)
    assert last.seconds_since_accepted >= 0
    up = publish_with(spool, accept_all, progress_seconds=0.0)
    up._log.when_due(0)  # it finds the spool full
    up.flush()
    up._log.when_due(0)
    assert [record.message for record in caplog.records if "spool" in record.message][-1] == "spool empties"
    last = [record for record in caplog.records if record.message == "publisher progress"][-1]
    assert last.waiting_records == 0
    assert last.sent_records == spool.counts().acknowledged


class Machine:
    """A machine that boots in 1970, has a network at once, and learns the time later."""

    uptime_seconds = 10.0
    wall_offset_ms = 0

    def clock(self) -> DeviceClock:
        return DeviceClock(
            monotonic_seconds=lambda: self.uptime_seconds,
            wall_seconds=lambda: self.uptime_seconds + self.wall_offset_ms / 1000,
            probe=lambda wall_ms: TimeSync(wall_ms > EARLIEST_PLAUSIBLE_MILLISECONDS, "test"),
        )


def test_in_a_drain_the_time_is_learned_and_the_ledger_sent_before_its_end(
    open_spool, make_status, publish_with
):
    machine = Machine()
    clock = machine.clock()
    spool = open_spool(clock=clock, boot_id="boot-1")
    first_ms = clock.now_ms()
    spool.append([make_status(i, event_time_ms=first_ms, quality="unsynced") for i in range(1, 501)])
    sent: list[list[tuple[str, str]]] = []

    def answer(messages: Sequence[PackedMessage]) -> SendResult:
        sent.append([(s.record.table, s.record.clock_quality) for m in messages for s in m.records])
        if len(sent) == 2:
            machine.wall_offset_ms = TRUE_BOOT_MS
            machine.uptime_seconds += PROBE_INTERVAL_SECONDS
        return accept_all(messages)

    publisher = publish_with(
        spool, answer, maximum_rows_per_batch=100, hold_unsynced_seconds=0.0, profile=Profile(5.0, 0.0)
    )
    assert publisher.flush()

    statuses = [quality for batch in sent for table, quality in batch if table == "camera_status"]
    assert len(statuses) == 500
    assert set(statuses[:100]) == {"unsynced"}
    assert set(statuses[-200:]) == {"restamped"}
    # The ledger goes out with the batches, not after the last of them.
    with_ledger = [n for n, batch in enumerate(sent) if any(table == "stream_ledger" for table, _ in batch)]
    assert with_ledger[0] < len(sent) - 1
    assert spool.counts().waiting == 0


@pytest.mark.parametrize(
    ("hold_seconds", "qualities"),
    [
        pytest.param(600.0, ([], ["restamped"] * 3), id="held until the time is known"),
        pytest.param(0.0, (["unsynced"] * 3, []), id="sent as they are by a machine that never learns it"),
    ],
)
def test_unsynced_records_wait_for_the_time(open_spool, make_status, publish_with, hold_seconds, qualities):
    before, after = qualities
    machine = Machine()
    clock = machine.clock()
    spool = open_spool(clock=clock, boot_id="boot-1")
    spool.append([make_status(i, event_time_ms=clock.now_ms(), quality=clock.quality) for i in range(3)])
    sent: list[tuple[int, str]] = []

    def note(messages: Sequence[PackedMessage]) -> SendResult:
        records = [stored.record for message in messages for stored in message.records]
        sent.extend((record.event_time_ms, record.clock_quality) for record in records)
        return accept_all(messages)

    publisher = publish_with(spool, note, hold_unsynced_seconds=hold_seconds)
    publisher.flush()
    assert [quality for _, quality in sent] == before
    sent.clear()
    machine.wall_offset_ms = TRUE_BOOT_MS
    machine.uptime_seconds += PROBE_INTERVAL_SECONDS
    publisher.flush()
    assert sent == [(TRUE_BOOT_MS + 10_000, quality) for quality in after]


def test_a_message_a_whole_call_was_refused_for_is_found():
    from botocore.exceptions import ClientError

    class Strict:
        """Refuses a call that holds the word bad anywhere, as SQS does with characters it will not take."""

        def send_message_batch(self, Entries: list[dict[str, str]], **_: object) -> dict[str, object]:  # noqa: N803
            if any(entry["MessageBody"] == "bad" for entry in Entries):
                raise ClientError({"Error": {"Code": "InvalidMessageContents"}}, "SendMessageBatch")
            return {"Successful": [{"Id": entry["Id"]} for entry in Entries]}

    sender = QueueSender("http://127.0.0.1/queue", Strict)  # type: ignore[arg-type]
    result = sender.send([PackedMessage(body, []) for body in ("good", "bad", "good")])
    assert result == SendResult([0, 2], {"InvalidMessageContents": 1}, (1,))
