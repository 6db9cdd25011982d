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
    folder: StoreFolder, *, wait_seconds: float, cancelled: Callable[[], bool] = lambda: False
) -> Iterator[None]:
    """Hold the store's lock; the kernel drops it when its holder dies, however it dies.

    Raises `NotNowError` with the holder's process id when it stays held, `SupersededError` when `cancelled`.
    """
    folder.root.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    try:
        _take(folder, descriptor, wait_seconds, cancelled)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(folder: StoreFolder, descriptor: int, wait_seconds: float, cancelled: Callable[[], bool]) -> None:
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if cancelled():
                raise SupersededError("another version is wanted by now") from None
            if time.monotonic() >= deadline:
                holder = os.pread(descriptor, 20, 0).decode("ascii", "replace") or "unknown"
                raise NotNowError(
                    f"the model store {folder.root} is at work in process {holder}: expected it free within "
                    f"{wait_seconds:g} s"
                ) from None
            time.sleep(_POLL_SECONDS)
        else:
            return
