"""Leases against DynamoDB as moto plays it: tables of cases, and any schedule of holders."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from moto import mock_aws

from lambdas.shared.control_table import ControlTableUnavailableError
from lambdas.shared.leases import Lease, LeaseLostError, Leases

TABLE = "crowdlens-control"


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "ap-northeast-2",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName=TABLE,
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
            BillingMode="PAY_PER_REQUEST",
        )
        yield client


@pytest.fixture
def leases(dynamodb: Any, clock: Any) -> Leases:
    return Leases(dynamodb, TABLE, clock)


def taken(leases: Leases, name: str = "work", seconds: float = 60) -> Lease:
    lease = leases.take(name, seconds)
    assert lease is not None
    return lease


def test_a_lease_is_one_holders_until_it_ends(leases: Leases, clock: Any) -> None:
    first = taken(leases)
    assert leases.take("work", 60) is None
    assert taken(leases, "other work").fence == 1
    clock.pass_time(seconds=59.9)
    assert leases.take("work", 60) is None
    clock.pass_time(seconds=0.1)
    second = taken(leases)
    assert (first.fence, second.fence) == (1, 2)


def test_renewing_keeps_it_and_its_fence(leases: Leases, clock: Any) -> None:
    lease = taken(leases)
    clock.pass_time(seconds=50)
    lease = leases.renew(lease)
    clock.pass_time(seconds=50)
    assert leases.take("work", 60) is None
    assert leases.renew(lease).fence == 1


@pytest.mark.parametrize(
    "is_taken_over", [pytest.param(True, id="taken over"), pytest.param(False, id="merely ended")]
)
def test_who_renews_too_late_is_told(leases: Leases, clock: Any, is_taken_over: bool) -> None:
    lease = taken(leases)
    clock.pass_time(seconds=61)
    if is_taken_over:
        taken(leases)
    with pytest.raises(LeaseLostError, match="lease work was lost: expected to hold it with fence 1"):
        leases.renew(lease)


def test_a_released_lease_is_free_at_once_and_its_fence_goes_on(leases: Leases) -> None:
    leases.release(taken(leases))
    assert taken(leases).fence == 2


def test_who_lost_a_lease_cannot_release_it(leases: Leases, clock: Any) -> None:
    lost = taken(leases)
    clock.pass_time(seconds=61)
    held = taken(leases)
    leases.release(lost)
    assert leases.take("work", 60) is None
    assert leases.renew(held).fence == 2


def test_the_row_outlives_any_holder(leases: Leases, dynamodb: Any, clock: Any) -> None:
    lease = taken(leases, seconds=60)
    item = dynamodb.get_item(TableName=TABLE, Key={"pk": {"S": "lease#work"}, "sk": {"S": "lease"}})["Item"]
    assert int(item["expires_at"]["N"]) - lease.until_ms // 1000 == 7 * 86_400
    assert item["owner"]["S"] == lease.owner


def test_a_repeated_request_of_the_sdk_is_no_second_holder(leases: Leases, dynamodb: Any) -> None:
    """The answer was lost on its way and the SDK asks once more: the lease must not stand in its own way."""
    ask = dynamodb.update_item

    def twice(**arguments: Any) -> Any:
        ask(**arguments)
        return ask(**arguments)

    class Repeating:
        update_item = staticmethod(twice)

    lease = Leases(Repeating(), TABLE).take("work", 60)  # type: ignore[arg-type]  # a function is no method
    assert lease is not None
    assert lease.fence == 2


def test_a_table_that_is_not_there_is_one_sentence(dynamodb: Any) -> None:
    with pytest.raises(ControlTableUnavailableError, match="asking for lease work"):
        Leases(dynamodb, "no-such-table").take("work", 60)


class LeaseModel(RuleBasedStateMachine):
    """Three workers, each with its own idea of what it holds, and time."""

    client: Any

    @initialize()
    def begin(self) -> None:
        # Not drawn: a schedule that is tried again must meet a lease that nobody took before.
        self.name = uuid.uuid4().hex
        self.now = datetime(2026, 11, 20, tzinfo=UTC)
        self.leases = Leases(self.client, TABLE, lambda: self.now)
        self.held: dict[int, Lease] = {}
        self.fences: list[int] = []

    @rule(worker=st.integers(0, 2), seconds=st.sampled_from([1, 30, 60]))
    def take(self, worker: int, seconds: float) -> None:
        holders = self._holders()
        lease = self.leases.take(self.name, seconds)
        assert (lease is None) == bool(holders)
        if lease is not None:
            self.fences.append(lease.fence)
            self.held[worker] = lease

    @rule(worker=st.integers(0, 2))
    def renew(self, worker: int) -> None:
        if worker not in self.held:
            return
        is_holder = worker in self._holders()
        try:
            self.held[worker] = self.leases.renew(self.held[worker])
        except LeaseLostError:
            assert not is_holder
        else:
            assert is_holder

    @rule(worker=st.integers(0, 2))
    def release(self, worker: int) -> None:
        if worker in self.held:
            self.leases.release(self.held.pop(worker))

    @rule(seconds=st.sampled_from([0.5, 10, 29, 31, 61]))
    def pass_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def one_holder_and_growing_fences(self) -> None:
        assert len(self._holders()) <= 1
        assert self.fences == sorted(set(self.fences))

    def _holders(self) -> list[int]:
        now_ms = self.now.timestamp() * 1000
        return [
            worker
            for worker, lease in self.held.items()
            if lease.until_ms > now_ms and lease.fence == self.fences[-1]
        ]


@pytest.mark.hypothesis
def test_there_is_one_holder_under_any_schedule(dynamodb: Any) -> None:
    machine = type("Machine", (LeaseModel,), {"client": dynamodb})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=40, stateful_step_count=30, deadline=None)
    )
