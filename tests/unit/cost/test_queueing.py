"""The simulated event source against what can be said by hand."""

from __future__ import annotations

import pytest

from infra.cost.queueing import EventSource, simulate


def source(
    *,
    batch: int = 10,
    window: float = 1.0,
    pollers: int = 1,
    most: int = 1,
    call: float = 0.5,
    message: float = 0.0,
) -> EventSource:
    return EventSource(batch, window, pollers, most, call, message, receive_seconds=0.02)


def test_one_message_waits_for_its_window_and_its_call() -> None:
    flow = simulate(source(), [1], 0.1, drain_steps=100)

    assert [messages for _, messages in flow.calls] == [1]
    assert flow.delays == [pytest.approx(1.0 + 0.5)]
    assert flow.left == 0


def test_a_full_batch_does_not_wait_for_the_window() -> None:
    flow = simulate(source(window=60.0), [10], 0.1, drain_steps=20)

    assert [messages for _, messages in flow.calls] == [10]
    assert flow.delays == [pytest.approx(0.1 + 0.5)]


def test_a_backlog_is_taken_in_full_batches_and_ages_in_the_queue() -> None:
    # Forty messages, batches of ten, a second each and no second poller: four calls, one after the other.
    flow = simulate(source(call=1.0), [40], 0.1, drain_steps=100)

    assert [messages for _, messages in flow.calls] == [10, 10, 10, 10]
    assert max(flow.oldest_seconds) == pytest.approx(3 * 1.1, abs=0.3)
    assert max(flow.busy) == 1
    assert flow.receives == 4 * 5  # five polls a step find two messages each


def test_pollers_are_added_while_messages_are_left_over() -> None:
    # Five pollers a second: after a second of backlog six may run, never more than the maximum.
    flow = simulate(source(most=4, call=2.0, window=0.0), [1_000], 0.1, drain_steps=1_000)

    assert flow.busy[0] == 1
    assert max(flow.busy) == 4
    assert sum(messages for _, messages in flow.calls) == 1_000


def test_a_trickle_fills_each_pollers_window() -> None:
    # 50 messages a second and five pollers with a window of 2 s: each calls after 2 s with about 20 messages.
    flow = simulate(source(batch=1_000, window=2.0, pollers=5, most=5, call=0.0), [5] * 600, 0.1)

    assert flow.messages_a_call == pytest.approx(20, rel=0.1)
    assert flow.receives_a_message > 0.9  # hardly two messages are there at once


def test_nothing_is_lost_in_a_simulation() -> None:
    flow = simulate(source(batch=7, pollers=3, most=9, message=0.01), [4, 0, 9] * 100, 0.1)

    assert sum(messages for _, messages in flow.calls) + flow.left == 13 * 100


def test_a_seed_is_one_run() -> None:
    first, again = (simulate(source(pollers=5, most=5), [3] * 200, 0.1, seed=7) for _ in range(2))

    assert first == again
