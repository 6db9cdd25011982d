"""The registry against DynamoDB as moto plays it: what may change, what may not, an outage."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from contract.identity import InvalidNameError
from lambdas.shared.control_table import ControlTableUnavailableError
from lambdas.shared.original_senders import OriginalSenders
from lambdas.shared.registry import DeviceRegistry, DeviceState, RegistryError

OLD, NEW, OTHER = "a" * 64, "b" * 64, "c" * 64
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
TABLE = "crowdlens-control"


@pytest.fixture
def registry(dynamodb: Any) -> DeviceRegistry:
    return DeviceRegistry(TABLE, dynamodb, clock=lambda: NOW)


def test_a_device_is_enrolled_rotated_and_blocked(registry: DeviceRegistry) -> None:
    assert registry.get("jetson-7") is None
    enrolled = registry.enrol("jetson-7", "seoul-1", OLD)
    assert registry.get("jetson-7") == enrolled
    assert (enrolled.site, enrolled.certificate_ids, enrolled.enrolled_at) == ("seoul-1", {OLD}, NOW)
    assert registry.add_certificate("jetson-7", NEW).certificate_ids == {OLD, NEW}
    assert registry.remove_certificate("jetson-7", OLD).certificate_ids == {NEW}
    assert registry.set_state("jetson-7", DeviceState.BLOCKED).state is DeviceState.BLOCKED
    assert registry.set_state("jetson-7", DeviceState.ACTIVE).state is DeviceState.ACTIVE
    assert [device.name for device in registry.devices()] == ["jetson-7"]
    registry.remove("jetson-7")
    assert list(registry.devices()) == []


@pytest.mark.parametrize(
    "step",
    [
        pytest.param(lambda r: r.enrol("d", "s", OLD), id="enrolling"),
        pytest.param(lambda r: r.add_certificate("d", NEW), id="adding a certificate"),
        pytest.param(lambda r: r.remove_certificate("d", OTHER), id="removing one that is gone"),
        pytest.param(lambda r: r.set_state("d", DeviceState.BLOCKED), id="blocking"),
    ],
)
def test_a_step_done_again_changes_nothing(
    registry: DeviceRegistry, step: Callable[[DeviceRegistry], Any]
) -> None:
    registry.enrol("d", "s", OLD)
    step(registry)
    after = registry.get("d")
    step(registry)
    assert registry.get("d") == after


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        pytest.param(lambda r: r.enrol("d", "s", NEW), "enrolled already", id="another certificate"),
        pytest.param(lambda r: r.enrol("d", "busan", OLD), "enrolled already", id="another site"),
        pytest.param(lambda r: r.enrol("e", "s", "short"), "64 hexadecimal digits", id="no certificate id"),
        pytest.param(lambda r: r.enrol("e", "s", "A" * 64), "64 hexadecimal digits", id="capital letters"),
        pytest.param(lambda r: r.add_certificate("e", NEW), "registered device", id="unknown device"),
        pytest.param(lambda r: r.remove_certificate("d", OLD), "block the device", id="the last certificate"),
        pytest.param(lambda r: r.set_state("e", DeviceState.ACTIVE), "registered device", id="state of none"),
        pytest.param(lambda r: r.remove("e"), "not registered", id="removing an unknown one"),
    ],
)
def test_what_must_not_be_is_one_sentence_and_changes_nothing(
    registry: DeviceRegistry, step: Callable[[DeviceRegistry], Any], sentence: str
) -> None:
    before = registry.enrol("d", "s", OLD)
    with pytest.raises(RegistryError, match=sentence):
        step(registry)
    assert list(registry.devices()) == [before]


def test_a_third_certificate_is_refused(registry: DeviceRegistry) -> None:
    registry.enrol("d", "s", OLD)
    registry.add_certificate("d", NEW)
    with pytest.raises(RegistryError, match="fewer than 2 certificates"):
        registry.add_certificate("d", OTHER)
    assert registry.add_certificate("d", OLD).certificate_ids == {OLD, NEW}


def test_a_name_that_is_none_is_refused(registry: DeviceRegistry) -> None:
    with pytest.raises(InvalidNameError, match="device is"):
        registry.enrol("device#1", "s", OLD)


def test_more_devices_than_a_request_takes_are_read(registry: DeviceRegistry) -> None:
    names = [f"d{number}" for number in range(205)]
    for name in names[:201]:
        registry.enrol(name, "s", OLD)
    assert sorted(registry.read([*names, "d0"])) == sorted(names[:201])


def test_other_things_in_the_table_are_no_devices(registry: DeviceRegistry, dynamodb: Any) -> None:
    dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "lease#x"}, "sk": {"S": "lease"}})
    dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": "reconcile#d"}, "sk": {"S": "2026-11-21"}})
    assert list(registry.devices()) == []


@pytest.mark.parametrize(
    "changes",
    [{"state": {"S": "paused"}}, {"site": {"N": "7"}}, {"enrolled_at": {"S": "yesterday"}}],
    ids=["state", "site", "time"],
)
def test_an_item_that_somebody_else_wrote_stops_no_other_device(
    registry: DeviceRegistry, dynamodb: Any, changes: dict[str, Any]
) -> None:
    registry.enrol("good", "s", OLD)
    registry.enrol("bad", "s", OLD)
    (item,) = [one for one in dynamodb.scan(TableName=TABLE)["Items"] if one["pk"]["S"] == "device#bad"]
    dynamodb.put_item(TableName=TABLE, Item={**item, **changes})
    assert set(registry.read(["good", "bad"])) == {"good"}
    with pytest.raises(RegistryError, match="item device#bad of the control table is no device"):
        list(registry.devices())


class BusyTable:
    """Answers one key a request and hands the others back, as a throttled table does."""

    def __init__(self, client: Any, answers: int = 99) -> None:
        self._client = client
        self.requests = 0
        self._answers = answers

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        self.requests += 1
        keys = RequestItems[TABLE]["Keys"]
        if self.requests > self._answers:
            return {"Responses": {}, "UnprocessedKeys": {TABLE: {"Keys": keys}}}
        answer: dict[str, Any] = self._client.batch_get_item(RequestItems={TABLE: {"Keys": keys[:1]}})
        return {**answer, "UnprocessedKeys": {TABLE: {"Keys": keys[1:]}} if keys[1:] else {}}


def test_keys_handed_back_are_asked_for_again(registry: DeviceRegistry, dynamodb: Any) -> None:
    pauses: list[float] = []
    for name in "ab":
        registry.enrol(name, "s", OLD)
    busy = DeviceRegistry(TABLE, BusyTable(dynamodb), sleep=pauses.append)
    assert sorted(busy.read(["a", "b", "c"])) == ["a", "b"]
    assert len(pauses) == 2
    with pytest.raises(ControlTableUnavailableError, match="left 2 devices unread"):
        DeviceRegistry(TABLE, BusyTable(dynamodb, answers=1), sleep=pauses.append).read(["a", "b", "c"])


class SilentTable:
    """A table that does not answer."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    def batch_get_item(self, **call: Any) -> dict[str, Any]:
        raise self._error

    put_item = update_item = delete_item = batch_get_item


@pytest.mark.parametrize(
    "error",
    [
        EndpointConnectionError(endpoint_url="https://example.invalid"),
        ClientError({"Error": {"Code": "ProvisionedThroughputExceededException"}}, "BatchGetItem"),
        ClientError({"Error": {"Code": "ResourceNotFoundException"}}, "BatchGetItem"),
    ],
    ids=["no connection", "throttled", "no such table"],
)
def test_a_table_that_does_not_answer_is_its_own_error(error: Exception) -> None:
    registry = DeviceRegistry(TABLE, SilentTable(error))
    senders = OriginalSenders(TABLE, SilentTable(error))
    for call in (
        lambda: registry.read(["d"]),
        lambda: registry.enrol("d", "s", OLD),
        lambda: registry.set_state("d", DeviceState.BLOCKED),
        lambda: senders.look_up(["0" * 64]),
        lambda: senders.remember("0" * 64, "AROA:x"),
    ):
        with pytest.raises(ControlTableUnavailableError, match="failed"):
            call()


def test_the_senders_of_a_body_are_kept_until_its_message_is_gone(dynamodb: Any) -> None:
    senders = OriginalSenders(TABLE, dynamodb, clock=lambda: 1_000_000.0)
    for sender in ("AROA:one", "AROA:two", "AROA:one"):
        senders.remember("0" * 64, sender)
    assert senders.look_up(["0" * 64, "1" * 64]) == {"0" * 64: {"AROA:one", "AROA:two"}}
    assert senders.look_up([]) == {}
    (item,) = dynamodb.scan(TableName=TABLE)["Items"]
    assert int(item["expires_at"]["N"]) == 1_000_000 + 415 * 86_400
