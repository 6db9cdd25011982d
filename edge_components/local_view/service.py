"""The view on a thread of its own: listening, taking new settings while viewers stay, and its end."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import cv2

from contract.errors import CrowdLensError
from edge_components.local_view.requests import MAXIMUM_HEAD_BYTES
from edge_components.local_view.server import ViewServer
from edge_components.local_view.settings import LocalViewSettings
from edge_components.runtime.device_folders import DeviceFolders

logger = logging.getLogger(__name__)

NICENESS = 10
"""Whoever looks comes after whoever counts."""
_BACKLOG = 64
_CLOSE_SECONDS = 2.5
_CANCEL_SECONDS = 0.1


class AddressBusyError(CrowdLensError):
    """Raised when the address and port that were asked for cannot be had."""


class ViewService:
    """Serves from `start` to `stop`; methods are called by one thread that is not the service's own."""

    def __init__(self, settings: LocalViewSettings, folders: DeviceFolders, device: str) -> None:
        self._executor = ThreadPoolExecutor(1, "local-view-drawing", initializer=be_nice)
        self._server = ViewServer(settings, folders, device, self._executor)
        self._socket = listen(settings.address, settings.port)
        self._loop = asyncio.new_event_loop()
        self._listener: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._run, name="local-view", daemon=True)

    @property
    def port(self) -> int:
        """Where it listens, also when any free port was asked for."""
        return int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Serve from now on."""
        # One core at most: OpenCV would take all of them for a moment, at each picture.
        cv2.setNumThreads(1)
        self._thread.start()

    def take(self, settings: LocalViewSettings) -> bool:
        """Work with new settings while viewers stay; False for another address at the same port.

        Raises `AddressBusyError`, and all is as it was before.
        """
        now = self._server.settings
        if settings.address != now.address and settings.port == now.port:
            return False
        opened = listen(settings.address, settings.port) if settings.port != now.port else None
        asyncio.run_coroutine_threadsafe(self._take(settings, opened), self._loop).result(_CLOSE_SECONDS)
        return True

    def stop(self) -> None:
        """Let every viewer go and end; waits two and a half seconds at most."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join(_CLOSE_SECONDS)
        self._executor.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        be_nice()
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._listen(self._socket))
            self._loop.run_forever()
            self._loop.run_until_complete(self._end())
            self._loop.run_until_complete(self._loop.shutdown_default_executor())
        finally:
            # What did not end in time would be torn down on a closed loop, loudly and for nothing.
            if not asyncio.all_tasks(self._loop):
                self._loop.close()

    async def _listen(self, opened: socket.socket) -> None:
        self._listener = await asyncio.start_server(
            self._server.handle, sock=opened, limit=MAXIMUM_HEAD_BYTES, backlog=_BACKLOG
        )
        self._socket = opened
        logger.info("local view listens", extra={"url": url_of(self._server.settings.address, self.port)})

    async def _take(self, settings: LocalViewSettings, opened: socket.socket | None) -> None:
        self._server.take(settings)
        if opened is None:
            return
        if self._listener is not None:
            self._listener.close()
        await self._listen(opened)

    async def _end(self) -> None:
        """Close the door, then end every connection and feed."""
        if self._listener is not None:
            self._listener.close()
        deadline = time.monotonic() + _CLOSE_SECONDS / 2
        # Again and again: a connection may just be coming in, and Python 3.11's `wait_for` can lose a cancel.
        while (tasks := asyncio.all_tasks() - {asyncio.current_task()}) and time.monotonic() < deadline:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)


def listen(address: str, port: int) -> socket.socket:
    """Return a socket that listens on `address` and `port`, 0 for any free one; raises `AddressBusyError`."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((address, port))
        opened.listen(_BACKLOG)
    except (OSError, OverflowError) as error:
        opened.close()
        reason = getattr(error, "strerror", None) or str(error)
        raise AddressBusyError(
            f"address {address} and port {port} cannot be had ({reason}): expected an address of this "
            "device and a free port"
        ) from error
    return opened


def url_of(address: str, port: int) -> str:
    """Return where the page is; for all addresses of this machine, the one by which others reach it."""
    if ipaddress.ip_address(address).is_unspecified:
        address = _own_address(address)
    return f"http://[{address}]:{port}/" if ":" in address else f"http://{address}:{port}/"


def _own_address(unspecified: str) -> str:
    """Return the address that this machine would be asked by, the loopback one where it has no network."""
    family, elsewhere, loopback = (
        (socket.AF_INET6, "2001:db8::1", "::1")
        if ":" in unspecified
        else (socket.AF_INET, "192.0.2.1", "127.0.0.1")
    )
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            # Sends nothing: the kernel only chooses the interface.
            probe.connect((elsewhere, 9))
            return str(probe.getsockname()[0])
    except OSError:
        return loopback


def be_nice() -> None:
    """Let the calling thread come after those that count."""
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
