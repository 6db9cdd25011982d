"""A discrete simulation of an SQS event source: pollers that gather batches, a function that takes its time.

Time goes in steps. In each, what has arrived is shared out at random among the pollers that gather. A
poller calls the function when its batch is full, or `window_seconds` after its first message, and gathers on
when that has returned. While messages are left over, AWS adds pollers, five a second, up to the maximum.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from infra.cost.limits import EVENT_SOURCE_GROWTH_A_SECOND, SQS_MESSAGES_A_CALL

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class EventSource:
    """An event source and the function behind it; a call takes `seconds_a_call` and some for each message."""

    batch_messages: int
    window_seconds: float
    pollers: int
    maximum_concurrency: int
    seconds_a_call: float
    seconds_a_message: float
    receive_seconds: float


@dataclass
class Flow:
    """What came of a simulation; times in seconds.

    `calls` has, for each invocation, the step in which it ended and its messages. `busy` is how many
    ran in each step, `oldest_seconds` how long the oldest message had waited in the queue, not yet received.
    `delays` are from the arrival of the oldest message of a call to the end of that call.
    """

    step_seconds: float
    calls: list[tuple[int, int]] = field(default_factory=list)
    busy: list[int] = field(default_factory=list)
    oldest_seconds: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    receives: int = 0
    received: int = 0
    left: int = 0

    @property
    def messages_a_call(self) -> float:
        """Mean size of a batch."""
        return sum(messages for _, messages in self.calls) / max(1, len(self.calls))

    @property
    def receives_a_message(self) -> float:
        """ReceiveMessage calls for each message."""
        return self.receives / max(1, self.received)

    def concurrency(self, share: float) -> float:
        """Return the number of calls at once that is not exceeded in `share` of the steps."""
        return float(np.quantile(self.busy, share)) if self.busy else 0.0

    def calls_by_step(self, steps: int) -> Integers:
        """Return how many calls ended in each step."""
        ended = np.array([step for step, _ in self.calls], dtype=np.int64)
        return np.bincount(ended[ended < steps], minlength=steps)


class _Source:
    """The pollers' state: what each holds, since when, and until when its function runs."""

    def __init__(self, source: EventSource, step_seconds: float, chance: np.random.Generator) -> None:
        self._source, self._step, self._chance = source, step_seconds, chance
        self._pollers = float(min(source.pollers, source.maximum_concurrency))
        size = source.maximum_concurrency
        self.held: Integers = np.zeros(size, dtype=np.int64)
        self.since: Floats = np.full(size, np.inf)
        self.free_at: Floats = np.zeros(size)
        self.backlog: deque[list[float]] = deque()
        self.waiting = 0

    def arrive(self, now: float, messages: int) -> None:
        if messages:
            self.backlog.append([now, messages])
            self.waiting += messages

    def receive(self, now: float, flow: Flow) -> None:
        """Share out what waits among the pollers that gather."""
        gathering = np.flatnonzero(self.free_at[: int(self._pollers)] <= now)
        if not len(gathering) or not self.waiting:
            return
        calls = max(1, round(self._step / self._source.receive_seconds))
        room = np.minimum(self._source.batch_messages - self.held[gathering], calls * SQS_MESSAGES_A_CALL)
        shares = self._chance.multinomial(self.waiting, np.full(len(gathering), 1 / len(gathering)))
        taken = np.minimum(shares, room)
        first = self._take(int(taken.sum()))
        got = gathering[taken > 0]
        self.since[got] = np.minimum(self.since[got], first)
        self.held[gathering] += taken
        flow.received += int(taken.sum())
        # A trickle returns message by message, a backlog ten at a time.
        by_tens = -(-taken // SQS_MESSAGES_A_CALL)
        flow.receives += int(np.maximum(np.minimum(taken, calls), by_tens).sum())

    def _take(self, messages: int) -> float:
        first = self.backlog[0][0]
        self.waiting -= messages
        while messages:
            cohort = self.backlog[0]
            part = min(messages, int(cohort[1]))
            cohort[1] -= part
            messages -= part
            if not cohort[1]:
                self.backlog.popleft()
        return first

    def call(self, now: float, flow: Flow) -> None:
        """Call the function where a batch is full or its window is over."""
        source = self._source
        full = self.held >= source.batch_messages
        over = now + self._step - self.since >= source.window_seconds
        for poller in np.flatnonzero((self.held > 0) & (full | over) & (self.free_at <= now)):
            messages = int(self.held[poller])
            end = now + self._step + source.seconds_a_call + messages * source.seconds_a_message
            flow.calls.append((int(end / self._step), messages))
            flow.delays.append(end - float(self.since[poller]))
            self.free_at[poller] = end
            self.held[poller], self.since[poller] = 0, np.inf

    def grow(self) -> None:
        """Add pollers while messages are left over."""
        if self.waiting:
            more = self._pollers + EVENT_SOURCE_GROWTH_A_SECOND * self._step
            self._pollers = min(float(self._source.maximum_concurrency), more)


def simulate(
    source: EventSource,
    arrivals: Sequence[int] | Integers,
    step_seconds: float,
    *,
    drain_steps: int = 0,
    seed: int = 1,
) -> Flow:
    """Return what `source` does with so many messages in each step, and in up to `drain_steps` after them."""
    flow = Flow(step_seconds)
    state = _Source(source, step_seconds, np.random.default_rng(seed))
    for step in range(len(arrivals) + drain_steps):
        now = step * step_seconds
        state.arrive(now, int(arrivals[step]) if step < len(arrivals) else 0)
        state.receive(now, flow)
        flow.oldest_seconds.append(now - state.backlog[0][0] if state.backlog else 0.0)
        state.call(now, flow)
        state.grow()
        flow.busy.append(int((state.free_at > now + step_seconds).sum()))
        if step >= len(arrivals) and not state.waiting and not flow.busy[-1] and not state.held.any():
            break
    flow.left = state.waiting + int(state.held.sum())
    return flow
