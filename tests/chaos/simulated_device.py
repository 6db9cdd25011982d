"""A device: vision and publisher on the product's own spool; both may die, the disk may fill."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from contract.errors import DiskFullError
from contract.records import Record, StoredRecord
from edge_components.publisher.back_off import BackOff
from edge_components.publisher.publisher import Publisher
from edge_components.publisher.sender import QueueSender
from edge_components.publisher.settings import Profile, PublisherSettings
from edge_components.runtime.clock import PROBE_INTERVAL_SECONDS, DeviceClock
from edge_components.runtime.spool import Spool, SpoolBusyError, publisher_lock
from edge_components.runtime.time_sync import TimeSync
from tests.chaos.plan import DevicePlan
from tests.chaos.simulated_records import VALUES
from tests.chaos.simulated_sqs import Queue, Sqs
from tests.chaos.world import Process, World

SITE = "seoul-1"
TURN_SECONDS = 3.0
"""How long the publisher may be at sending what it read before it knew better."""
MADE, REFUSED, UNKNOWN = "made", "refused", "unknown"
_COMMITS_OF_THE_RESERVE = 200
"""A reserve of 4 MB, and a log that grows by five pages with each."""


@dataclass
class Attempt:
    """A record vision tried to store: what it was, when it truly happened, and what the spool said."""

    record: Record
    true_seconds: float
    boot: int
    outcome: str = UNKNOWN
    stored: StoredRecord | None = None


class Stop:
    """A `threading.Event` whose wait lets the other processes run."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._set = False

    def is_set(self) -> bool:
        return self._set

    def set(self) -> None:
        self._set = True

    def wait(self, timeout: float | None = None) -> bool:
        if not self._set:
            # A busy machine wakes a process late: fewer turns, and none of them on the beat.
            self._world.sleep(max(timeout or 0.0, self._world.dice("latency").uniform(0.3, 1.5)))
        return self._set


@dataclass(eq=False)
class Device:
    """The machine: its disk, its clock, its boots, and the truth about what was made on it."""

    world: World
    name: str
    plan: DevicePlan
    folder: Path
    queue: Queue
    client: Sqs
    attempts: dict[int, Attempt] = field(default_factory=dict)
    boot: int = 1
    booted_at: float = 0.0
    ignorant_boots: set[int] = field(default_factory=set)
    """Those in which the publisher or the machine died before it had seen that the time is known."""
    knew_the_time_at: dict[int, float] = field(default_factory=dict)
    finished: bool = False
    spools_open: int = 0
    _left: dict[Path, bytes] = field(default_factory=dict)
    _reserve_commits: int = _COMMITS_OF_THE_RESERVE

    def __post_init__(self) -> None:
        self.spool_path = self.folder / "spool.sqlite"
        self._begin_boot()
        hooks: dict[str, Any] = {"before_death": self._note_disk, "after_death": self._put_back_disk}
        self.vision = Process(f"{self.name}.vision", "vision", self.run_vision, 1.0, **hooks)
        publisher_hooks = {**hooks, "before_death": self._note_publisher_death}
        self.publisher = Process(
            f"{self.name}.publisher", "publisher", self.run_publisher, 1.5, **publisher_hooks
        )

    def _begin_boot(self) -> None:
        self.booted_at = self.world.now
        self.knew_the_time_at[self.boot] = self.booted_at + self.plan.syncs_after_seconds

    def _note_publisher_death(self) -> None:
        # It looks for the time now and then: one that dies soon after the clock was set never saw it.
        noticed_at = self.knew_the_time_at[self.boot] + PROBE_INTERVAL_SECONDS + TURN_SECONDS
        if not self.world.calm and self.world.now < noticed_at:
            self.ignorant_boots.add(self.boot)
        self._note_disk()

    # Clock

    @property
    def synced(self) -> bool:
        """Whether a time service has set the wall clock in this boot."""
        return self.world.calm or self.world.now >= self.booted_at + self.plan.syncs_after_seconds

    def wall_seconds(self) -> float:
        """Return what the wall clock shows: before time sync anything, after it nearly the truth."""
        if self.synced:
            return self.world.now + self.plan.wall_error_seconds
        return max(5.0, self.world.now + self.plan.unsynced_wall_offset_seconds * self.boot)

    def clock(self) -> DeviceClock:
        return DeviceClock(
            monotonic_seconds=lambda: self.world.now - self.booted_at + 10.0,
            wall_seconds=self.wall_seconds,
            probe=lambda _: TimeSync(self.synced, "the schedule"),
        )

    def lose_power(self) -> None:
        """Kill both processes at once and boot again, with what had not reached the disk gone or torn."""
        self.world.note(f"POWER LOSS {self.name}")
        if self.spools_open:
            self._left = self._read_disk()
        log = self.spool_path.with_name(self.spool_path.name + "-wal")
        if self._left.get(log) and self.world.fault("log_torn", self.name):
            # Commits are synced; what a transaction under way had written behind them is anything.
            dice = self.world.dice("log_torn")
            self._left[log] += dice.randbytes(dice.randrange(1, 9_000))
        if self.world.fault("mark_lost", self.name):
            self.spool_path.with_name(self.spool_path.name + ".mark").unlink(missing_ok=True)
        for process in (self.vision, self.publisher):
            self.world.kill(process)
        self.boot += 1
        self._begin_boot()

    # Disk

    def _parts(self) -> list[Path]:
        return [self.spool_path.with_name(self.spool_path.name + suffix) for suffix in ("", "-wal")]

    def _note_disk(self) -> None:
        """Remember the file as a killed process leaves it: nobody rolls back, nobody folds the log in."""
        if self.spools_open == 1 and not self._left:
            self._left = self._read_disk()

    def _read_disk(self) -> dict[Path, bytes]:
        return {part: part.read_bytes() for part in self._parts() if part.exists()}

    def _put_back_disk(self) -> None:
        if self.spools_open:
            return
        left, self._left = self._left, {}
        if not left:
            return
        self.world.seen["spool files left as by a kill"] += 1
        for part, content in left.items():
            # The same inode, as after a kill.
            with part.open("r+b" if part.exists() else "wb") as file:
                file.write(content)
                file.truncate()
        self.spool_path.with_name(self.spool_path.name + "-shm").unlink(missing_ok=True)

    @property
    def disk_is_full(self) -> bool:
        return self.world.is_out(f"disk_{self.name}")

    def refuse_commit(self) -> bool:
        """Return whether a commit fails for want of room; a reserve given up is room for a few."""
        if not self.disk_is_full:
            self._reserve_commits = _COMMITS_OF_THE_RESERVE
            return False
        if (
            self.spool_path.with_name(self.spool_path.name + ".reserve").exists()
            or self._reserve_commits <= 0
        ):
            return True
        self._reserve_commits -= 1
        return False

    def allocate(self, descriptor: int, start: int, size: int) -> None:
        """Stand in for `os.posix_fallocate`; what was given up of the reserve can be taken back."""
        if self.disk_is_full and not 0 < self._reserve_commits < _COMMITS_OF_THE_RESERVE:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        os.ftruncate(descriptor, 1)

    # Processes

    def run_vision(self) -> None:
        """Make records at the plan's rate and store them, as the pipeline does, until the plan ends."""
        clock = self.clock()
        world, dice = self.world, self.world.dice(f"vision {self.name}")
        with _Opened(self, clock, self.plan.maximum_bytes) as spool:
            while not self.finished:
                if clock.refresh():
                    spool.restamp()
                self._store(spool, clock, 1 + dice.randrange(self.plan.rows_a_turn))
                world.sleep(dice.uniform(0.3, 1.7) * self.plan.turn_seconds)
            while True:
                world.sleep(3600.0)

    def _store(self, spool: Spool, clock: DeviceClock, count: int) -> None:
        attempts = [self._attempt(clock) for _ in range(count)]
        try:
            stored = spool.append([attempt.record for attempt in attempts])
        except DiskFullError:
            for attempt in attempts:
                attempt.outcome = REFUSED
            self.world.seen["records refused by a full disk"] += len(attempts)
            raise
        except SpoolBusyError:
            return
        for attempt, one in zip(attempts, stored, strict=True):
            attempt.outcome, attempt.stored = MADE, one
        self.world.point("after append")

    def _attempt(self, clock: DeviceClock) -> Attempt:
        marker = len(self.attempts) + 1
        dice = self.world.dice(f"vision {self.name}")
        table = dice.choice(self.plan.tables)
        camera = dice.choice(self.plan.cameras)
        values = VALUES[table](marker)
        record = Record(table, camera, "v1", "Asia/Seoul", clock.now_ms(), clock.quality, values)
        attempt = self.attempts[marker] = Attempt(record, self.world.now, self.boot)
        return attempt

    def record(self, table: str, marker: int) -> Record:
        """Return a record as one of this device's might be."""
        now_ms = round(self.world.now * 1000)
        values = VALUES[table](marker)
        return Record(table, self.plan.cameras[0], "v1", "Asia/Seoul", now_ms, "synced", values)

    def run_publisher(self) -> None:
        """Run the product's publisher, as its `main` does, until it is killed."""
        stop = Stop(self.world)
        self._publish(stop)

    def last_publish(self) -> None:
        """Run a publisher that is told to stop at once: it flushes what there is."""
        stop = Stop(self.world)
        stop.set()
        self._publish(stop)

    def _publish(self, stop: Stop) -> None:
        settings = PublisherSettings(
            spool=self.spool_path,
            site=SITE,
            device=self.name,
            queue_url=self.queue.url,
            profile=Profile(self.plan.flush_seconds, 10.0),
            maximum_rows_per_batch=self.plan.rows_a_batch,
            maximum_body_bytes=self.plan.body_bytes,
            hold_unsynced_seconds=self.plan.hold_unsynced_seconds,
            progress_seconds=1e9,
        )
        sender = QueueSender(self.queue.url, lambda: self.client)  # type: ignore[arg-type,return-value]
        back_off = BackOff(base_seconds=0.5, maximum_seconds=6.0)
        with _Opened(self, self.clock(), None) as spool:
            lock = publisher_lock(self.spool_path)
            try:
                Publisher(settings, spool, sender, stop=stop, back_off=back_off).run()  # type: ignore[arg-type]
            finally:
                lock.release()


class _Opened:
    """An open spool that its device knows of."""

    def __init__(self, device: Device, clock: DeviceClock, maximum_bytes: int | None) -> None:
        self._device, self._clock, self._maximum_bytes = device, clock, maximum_bytes
        self._counted = False

    def __enter__(self) -> Spool:
        device = self._device
        device.spools_open += 1
        try:
            self._spool = Spool(
                device.spool_path,
                device=device.name,
                maximum_bytes=self._maximum_bytes,
                clock=self._clock,
                boot_id=f"boot-{device.boot}",
            )
        except BaseException:
            device.spools_open -= 1
            raise
        return self._spool

    def __exit__(self, *_: object) -> None:
        self._spool.close()
        self._device.spools_open -= 1
