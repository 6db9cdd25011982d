"""One change of the store at a time, whether by the component, a second one, or an operator."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from edge_components.model_store.errors import NotNowError, SupersededError
from edge_components.model_store.store_folder import StoreFolder

_POLL_SECONDS = 0.1


@contextmanager
def store_lock(
    folder: StoreFolder,
    *,
    wait_seconds: float,
    cancelled: Callable[[], bool] = lambda: False,
    say: Callable[[str], None] = lambda _: None,
) -> Iterator[None]:
    """Hold the store's lock; the kernel drops it when its holder dies, however it dies.

    `say` hears whom it waits for, if it does.
    Raises `NotNowError` with the holder's process id when it stays held, `SupersededError` when `cancelled`.
    """
    folder.root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        _take(folder, descriptor, wait_seconds, cancelled, say)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(
    folder: StoreFolder,
    descriptor: int,
    wait_seconds: float,
    cancelled: Callable[[], bool],
    say: Callable[[str], None],
) -> None:
    deadline = time.monotonic() + wait_seconds
    has_said = False
    while not _is_taken(descriptor):
        holder = os.pread(descriptor, 20, 0).decode("ascii", "replace") or "unknown"
        if cancelled():
            raise SupersededError("another version is wanted by now, or the store shall stop")
        if time.monotonic() >= deadline:
            raise NotNowError(
                f"the model store {folder.root} is at work in process {holder}: expected it free within "
                f"{wait_seconds:g} s"
            )
        if not has_said:
            say(f"waiting for process {holder}, which is at work in the store")
        has_said = True
        time.sleep(_POLL_SECONDS)


def _is_taken(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
