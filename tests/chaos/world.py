"""Virtual time and processes that can die anywhere: the ground that a simulated schedule plays on.

Each simulated process is a greenlet: it runs the product's own code until it waits, and only then does
another one run, so one seed is one order of everything. Time moves when all wait. A kill is `Killed` raised
at a fault point (every statement of the spool, every call of SQS, S3 and MySQL) or where a process waits.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count

import greenlet  # type: ignore[import-untyped]  # it has no types

START_SECONDS = 1_795_305_590.0
"""2026-11-21T23:59:50Z: every schedule runs over the end of a UTC day."""
_MAXIMUM_EVENTS = 60_000


class Killed(BaseException):
    """Raised where a simulated process dies; not an `Exception`, so that nothing lives on after it."""


class StuckError(AssertionError):
    """Raised when a schedule does not come to its end: something goes round in circles."""


@dataclass(eq=False)
class Process:
    """A simulated process; `role` names its kind of kill (``kill_<role>``)."""

    name: str
    role: str
    main: Callable[[], None]
    restart_seconds: float = 1.0
    before_death: Callable[[], None] = lambda: None
    after_death: Callable[[], None] = lambda: None
    runner: greenlet.greenlet | None = None
    doomed: bool = False
    stopped: bool = False
    turn: int = 0


@dataclass
class Faults:
    """What may go wrong: `rates` per opportunity by kind, `limits` on how often (for shrinking)."""

    rates: dict[str, float]
    limits: Mapping[str, int] = field(default_factory=dict)
    outages: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


class World:
    """The clock, the processes and the dice of one schedule."""

    def __init__(self, seed: int, faults: Faults) -> None:
        self.seed = seed
        self.faults = faults
        self.now = START_SECONDS
        self.calm = False
        self.done: Counter[str] = Counter()
        self.seen: Counter[str] = Counter()
        self.log: list[str] = []
        self.crashes: list[str] = []
        self.processes: list[Process] = []
        self.current: Process | None = None
        self._dice: dict[str, random.Random] = defaultdict()
        self._events: list[tuple[float, int, Process | None, int, Callable[[], None] | None]] = []
        self._serial = count()
        self._hub = greenlet.getcurrent()

    def dice(self, name: str) -> random.Random:
        """Return the dice of `name`: each kind has its own, so that leaving one out shifts no other."""
        if name not in self._dice:
            self._dice[name] = random.Random(f"{self.seed}/{name}")
        return self._dice[name]

    def note(self, text: str) -> None:
        """Write a line of the trace."""
        who = self.current.name if self.current else "-"
        self.log.append(f"{self.now - START_SECONDS:9.3f} {who:<14} {text}")

    def fault(self, kind: str, where: str = "") -> bool:
        """Return whether the fault `kind` strikes at this opportunity, and note it when it does."""
        rate = self.faults.rates.get(kind, 0.0)
        if self.calm or not rate or self.dice(kind).random() >= rate:
            return False
        if self.done[kind] >= self.faults.limits.get(kind, 1 << 30):
            return False
        self.done[kind] += 1
        self.note(f"FAULT {kind} {where}")
        return True

    def is_out(self, what: str) -> bool:
        """Return whether `what` (network, sqs, s3, mysql) is in an outage now."""
        if self.calm or self.faults.limits.get(f"outage_{what}") == 0:
            return False
        return any(start <= self.now < end for start, end in self.faults.outages.get(what, ()))

    def point(self, where: str) -> None:
        """Let the running process die here, if the dice say so."""
        process = self.current
        if process is None:
            return
        if process.doomed:
            raise Killed(where)
        if self.fault(f"kill_{process.role}", where):
            self._condemn(process)
            raise Killed(where)

    def sleep(self, seconds: float) -> None:
        """Let others run until `seconds` have passed; raises `Killed` where the process dies meanwhile."""
        process = self.current
        if process is None:
            self.run(self.now + seconds)
            return
        if not process.doomed:
            self.point("waiting")
            process.turn += 1
            self._push(self.now + max(seconds, 1e-4), process, process.turn)
            self._hub.switch()
        if process.doomed:
            raise Killed("while waiting")

    def later(self, seconds: float, work: Callable[[], None]) -> None:
        """Call `work`, which must not wait, after `seconds`."""
        heapq.heappush(self._events, (self.now + seconds, next(self._serial), None, 0, work))

    def start(self, process: Process) -> None:
        """Start a process now; it is started again after it ended, until `stop`."""
        if process not in self.processes:
            self.processes.append(process)
        process.doomed = False
        process.runner = greenlet.greenlet(lambda: self._live(process), self._hub)
        process.turn += 1
        self._push(self.now, process, process.turn)

    def kill(self, process: Process) -> None:
        """Kill another process in the wait it sits in."""
        if process.runner is None or process.doomed or process is self.current:
            return
        self._condemn(process)
        process.turn += 1
        self._push(self.now, process, process.turn)

    def stop(self, process: Process) -> None:
        """Kill a process and do not start it again."""
        process.stopped = True
        self.kill(process)

    def run(self, until: float) -> None:
        """Play all that happens until `until`."""
        for _ in range(_MAXIMUM_EVENTS):
            if not self._events or self._events[0][0] > until:
                self.now = max(self.now, until)
                return
            moment, _, process, turn, work = heapq.heappop(self._events)
            self.now = max(self.now, moment)
            if work is not None:
                work()
            elif process is not None and process.turn == turn and process.runner is not None:
                self._resume(process)
        raise StuckError(f"more than {_MAXIMUM_EVENTS} events before {until - START_SECONDS:.1f} s")

    def _push(self, moment: float, process: Process, turn: int) -> None:
        heapq.heappush(self._events, (moment, next(self._serial), process, turn, None))

    def _condemn(self, process: Process) -> None:
        process.before_death()
        process.doomed = True

    def _resume(self, process: Process) -> None:
        runner = process.runner
        if runner is None:
            return
        self.current = process
        try:
            if process.doomed and not runner:
                runner.dead or runner.throw(Killed("before it began"))
            else:
                runner.switch()
        finally:
            self.current = None
        if runner.dead:
            self._bury(process)

    def _live(self, process: Process) -> None:
        try:
            process.main()
            self.note("ended")
        except Killed as killed:
            self.note(f"killed {killed}")
        except Exception as error:  # noqa: BLE001 - whatever it is, this process is over
            self.note(f"crashed {type(error).__name__}: {error}")
            if not _is_expected(error):
                self.crashes.append(f"{process.name}: {type(error).__name__}: {error}")

    def _bury(self, process: Process) -> None:
        process.runner = None
        process.after_death()
        if process.stopped:
            return
        turn = process.turn = process.turn + 1

        def again() -> None:
            if process.turn == turn and not process.stopped:
                self.start(process)

        self.later(process.restart_seconds, again)


def _is_expected(error: Exception) -> bool:
    """Return whether an error is one that our programs say in a sentence and end with."""
    from contract.errors import CrowdLensError

    return isinstance(error, CrowdLensError)
