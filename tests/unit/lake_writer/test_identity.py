"""Who may speak for a device: every verdict in both modes, and what nobody can judge."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from contract.envelope import encode_message
from lambdas.lake_writer.identity import IdentityFault, IdentityGate, Mismatch, session_name
from lambdas.lake_writer.identity_report import MENTIONED_SECONDS, MentionedLately, identity_counts
from lambdas.lake_writer.writer import LakeWriter, WriteResult
from lambdas.shared.control_table import ControlTableUnavailableError
from lambdas.shared.registry import Device, DeviceState
from lambdas.shared.settings import IdentityMode
from lambdas.shared.sqs import SENT_BACK_ATTRIBUTE, SqsRecord

NOW = datetime(2026, 11, 21, tzinfo=UTC)
OLD, NEW, FOREIGN = "a" * 64, "b" * 64, "c" * 64
OBSERVE, ENFORCE = IdentityMode.OBSERVE, IdentityMode.ENFORCE


def device(name: str, state: DeviceState = DeviceState.ACTIVE) -> Device:
    return Device(name, "seoul-1", frozenset({OLD, NEW}), state, NOW, NOW)


class MemoryCache:
    """A registry cache with a first answer and, for who asks consistently, a later one."""

    problem: str | None = None

    def __init__(self, *known: Device, later: Sequence[Device] = (), answers: bool = True) -> None:
        self._known = {one.name: one for one in known}
        self._later = self._known | {one.name: one for one in later}
        self._answers = answers
        if not answers:
            self.problem = "no answer"

    def look_up(
        self, names: Collection[str], *, maximum_age_seconds: float = 600, consistent: bool = False
    ) -> dict[str, Device | None]:
        known = self._later if consistent else self._known
        return {name: known.get(name) for name in names} if self._answers else {}


class MemorySenders:
    def __init__(self, senders: dict[str, set[str]] | None = None, *, answers: bool = True) -> None:
        self._senders = senders or {}
        self._answers = answers

    def look_up(self, digests: Sequence[str]) -> dict[str, frozenset[str]]:
        if digests and not self._answers:
            raise ControlTableUnavailableError("no answer")
        return {one: frozenset(self._senders[one]) for one in digests if one in self._senders}


class MemoryStore:
    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put(self, key: str, body: bytes, *, content_type: str) -> None:
        self.objects[key] = body

    def quarantined(self) -> list[dict[str, Any]]:
        return [json.loads(body) for key, body in self.objects.items() if key.startswith("quarantine/")]

    def raw(self) -> list[str]:
        return [key for key in self.objects if key.startswith("raw/")]


def write(
    mode: IdentityMode,
    cache: MemoryCache,
    *records: SqsRecord,
    senders: MemorySenders | None = None,
) -> tuple[WriteResult, MemoryStore]:
    store = MemoryStore()
    gate = IdentityGate(mode, cast("Any", cache), cast("Any", senders or MemorySenders()))
    return LakeWriter(cast("Any", store), gate).write(records), store


def sqs(body: str, session: str | None = OLD, message_id: str = "m0", **more: Any) -> SqsRecord:
    return SqsRecord(message_id, body, f"AROAEXAMPLE:{session}" if session else None, NOW, **more)


@pytest.fixture
def body(make_records: Any) -> str:
    return encode_message("seoul-1", "jetson-7", make_records())


GOOD = [
    pytest.param(OLD, id="the certificate in use"),
    pytest.param(NEW, id="its successor during a rotation"),
]
BAD = [
    pytest.param(
        MemoryCache(device("jetson-7")), FOREIGN, IdentityFault.IMPOSTOR, id="another device's certificate"
    ),
    pytest.param(
        MemoryCache(device("jetson-7")), None, IdentityFault.IMPOSTOR, id="a sender without session"
    ),
    pytest.param(MemoryCache(), OLD, IdentityFault.UNKNOWN_DEVICE, id="a device nobody enrolled"),
    pytest.param(
        MemoryCache(device("jetson-7", DeviceState.BLOCKED)),
        OLD,
        IdentityFault.BLOCKED_DEVICE,
        id="a blocked device",
    ),
]


@pytest.mark.parametrize("mode", [OBSERVE, ENFORCE])
@pytest.mark.parametrize("session", GOOD)
def test_a_device_speaks_for_itself(mode: IdentityMode, session: str, body: str) -> None:
    result, store = write(mode, MemoryCache(device("jetson-7")), sqs(body, session))
    assert (result.rows, result.refusals, result.identity.mismatches) == (3, [], [])
    assert len(store.raw()) == 1


@pytest.mark.parametrize(("cache", "session", "fault"), BAD)
def test_observed_it_is_counted_and_written(
    cache: MemoryCache, session: str | None, fault: IdentityFault, body: str
) -> None:
    result, store = write(OBSERVE, cache, sqs(body, session))
    sender = f"AROAEXAMPLE:{session}" if session else None
    assert result.identity.mismatches == [Mismatch("jetson-7", fault, sender, 1)]
    assert (result.rows, store.quarantined()) == (3, [])


@pytest.mark.parametrize(("cache", "session", "fault"), BAD)
def test_enforced_it_is_kept_with_its_reason_and_not_written(
    cache: MemoryCache, session: str | None, fault: IdentityFault, body: str
) -> None:
    result, store = write(ENFORCE, cache, sqs(body, session, queue_arn="arn:aws:sqs:x:0:ingest"))
    assert (store.raw(), result.failed_message_ids) == ([], [])
    (kept,) = store.quarantined()
    assert (kept["kind"], kept["error"], kept["body"]) == ("identity", fault.value, body)
    assert (kept["device"], kept["tables"]) == ("jetson-7", ["zone_counts"])
    assert kept["queue_arn"] == "arn:aws:sqs:x:0:ingest"
    assert "jetson-7" in kept["reason"]
    assert result.quarantined == 1
    assert (
        identity_counts(result.identity)[
            {
                IdentityFault.IMPOSTOR: "identity_impostors",
                IdentityFault.UNKNOWN_DEVICE: "identity_unknown_devices",
                IdentityFault.BLOCKED_DEVICE: "identity_blocked_devices",
            }[fault]
        ]
        == 1
    )


def test_enforced_an_impostor_stops_nobody_else(body: str, make_records: Any) -> None:
    honest = encode_message("seoul-1", "jetson-8", make_records(camera="hall-1"))
    cache = MemoryCache(device("jetson-7"), device("jetson-8"))
    result, store = write(ENFORCE, cache, sqs(body, FOREIGN, "m0"), sqs(honest, OLD, "m1"))
    assert result.rows == 3
    assert [kept["message_id"] for kept in store.quarantined()] == ["m0"]


def test_enforced_a_copy_from_an_impostor_is_kept_and_the_original_written(body: str) -> None:
    result, store = write(
        ENFORCE, MemoryCache(device("jetson-7")), sqs(body, OLD, "mine"), sqs(body, FOREIGN, "theirs")
    )
    assert result.rows == 3
    assert [kept["message_id"] for kept in store.quarantined()] == ["theirs"]


def test_a_device_enrolled_a_moment_ago_is_let_in(body: str) -> None:
    result, _ = write(ENFORCE, MemoryCache(later=[device("jetson-7")]), sqs(body))
    assert (result.rows, result.refusals, result.identity.mismatches) == (3, [], [])


def test_enforced_without_a_registry_everything_comes_again(body: str, make_records: Any) -> None:
    newer = json.loads(encode_message("seoul-1", "jetson-8", make_records()))
    newer["crowdlens"] = 99
    newer["blocks"].append({"table": "moods", "rows": 7, "columns": {}})
    cache = MemoryCache(answers=False)
    result, store = write(ENFORCE, cache, sqs(body, OLD, "m0"), sqs(json.dumps(newer), OLD, "m1"))
    assert sorted(result.failed_message_ids) == ["m0", "m1"]
    assert store.objects == {}
    assert (result.identity.problem, identity_counts(result.identity)["identity_held"]) == ("no answer", 2)


def test_observed_without_a_registry_everything_is_written_and_counted(body: str) -> None:
    result, _ = write(OBSERVE, MemoryCache(answers=False), sqs(body))
    assert (result.rows, result.failed_message_ids) == (3, [])
    assert identity_counts(result.identity)["identity_unchecked"] == 1
    assert result.identity.problem == "no answer"


def test_what_cannot_be_read_needs_no_sender() -> None:
    result, store = write(ENFORCE, MemoryCache(answers=False), sqs("no message"))
    assert result.failed_message_ids == []
    assert [(kept["kind"], kept["error"]) for kept in store.quarantined()] == [("refused", "MessageError")]


def test_an_impostor_with_unknown_tables_is_kept_once_as_an_impostor(make_records: Any) -> None:
    newer = json.loads(encode_message("seoul-1", "jetson-7", make_records()))
    newer["crowdlens"] = 99
    newer["blocks"].append({"table": "moods", "rows": 7, "columns": {}})
    _, store = write(ENFORCE, MemoryCache(device("jetson-7")), sqs(json.dumps(newer), FOREIGN))
    assert [kept["error"] for kept in store.quarantined()] == ["Impostor"]
    assert store.raw() == []


def sent_back(body: str) -> SqsRecord:
    return sqs(body, "operator@example.org", message_attributes={SENT_BACK_ATTRIBUTE: "1"})


@pytest.mark.parametrize(
    ("original", "rows"),
    [
        pytest.param({f"AROAEXAMPLE:{OLD}"}, 3, id="by the device"),
        pytest.param({f"AROAEXAMPLE:{FOREIGN}", f"AROAEXAMPLE:{OLD}"}, 3, id="by an impostor and the device"),
        pytest.param({f"AROAEXAMPLE:{FOREIGN}"}, 0, id="by an impostor"),
        pytest.param(None, 0, id="by nobody we know of"),
    ],
)
def test_what_an_operator_sends_back_is_judged_by_who_sent_it_first(
    original: set[str] | None, rows: int, body: str
) -> None:
    record = sent_back(body)
    digest = write(OBSERVE, MemoryCache(), record)[0].identity.passed[0].delivery.digest
    senders = MemorySenders({digest: original} if original else {})
    result, store = write(ENFORCE, MemoryCache(device("jetson-7")), record, senders=senders)
    assert result.rows == rows
    assert len(store.quarantined()) == (0 if rows else 1)


def test_what_is_refused_again_keeps_its_first_sender(body: str) -> None:
    """Sent back before its device is enrolled, it must be free to go when the device is."""
    record = sent_back(body)
    digest = write(OBSERVE, MemoryCache(), record)[0].identity.passed[0].delivery.digest
    senders = MemorySenders({digest: {f"AROAEXAMPLE:{OLD}"}})
    _, store = write(ENFORCE, MemoryCache(), record, senders=senders)
    (kept,) = store.quarantined()
    assert (kept["error"], kept["sender_id"]) == ("UnknownDevice", f"AROAEXAMPLE:{OLD}")


def test_a_device_cannot_vouch_for_itself(body: str) -> None:
    forged = sqs(body, FOREIGN, message_attributes={SENT_BACK_ATTRIBUTE: f"AROAEXAMPLE:{OLD}"})
    result, _ = write(ENFORCE, MemoryCache(device("jetson-7")), forged)
    assert result.rows == 0


@pytest.mark.parametrize(("mode", "failed"), [(ENFORCE, ["m0"]), (OBSERVE, [])])
def test_what_was_sent_back_waits_while_nobody_knows_by_whom(
    mode: IdentityMode, failed: list[str], body: str
) -> None:
    senders = MemorySenders(answers=False)
    result, store = write(mode, MemoryCache(device("jetson-7")), sent_back(body), senders=senders)
    assert result.failed_message_ids == failed
    assert store.quarantined() == []


@pytest.mark.parametrize(
    ("sender_id", "session"),
    [
        pytest.param(f"AROAEXAMPLE:{OLD}", OLD, id="a role session"),
        pytest.param("AIDAEXAMPLE", None, id="a user"),
        pytest.param("000000000000", None, id="an account"),
        pytest.param(None, None, id="none"),
        pytest.param("AROA:a:b", "a:b", id="a session name with a colon"),
    ],
)
def test_the_session_name_in_a_sender_id(sender_id: str | None, session: str | None) -> None:
    assert session_name(sender_id) == session


def test_a_log_has_one_line_an_hour_for_each_device_and_fault(body: str, make_records: Any) -> None:
    other = encode_message("seoul-1", "jetson-8", make_records())
    now = [0.0]
    mentioned = MentionedLately(lambda: now[0])
    records = [sqs(body, FOREIGN, f"m{n}") for n in range(5)] + [sqs(other, FOREIGN, "x")]
    news = []
    for _ in range(3):
        result, _ = write(OBSERVE, MemoryCache(device("jetson-7")), *records)
        news += [(one.device, one.fault.value, one.messages) for one in mentioned.news(result.identity)]
        now[0] += 10
    assert sorted(news) == [("jetson-7", "Impostor", 5), ("jetson-8", "UnknownDevice", 1)]
    now[0] += MENTIONED_SECONDS
    result, _ = write(OBSERVE, MemoryCache(device("jetson-7")), *records)
    assert len(list(mentioned.news(result.identity))) == 2
