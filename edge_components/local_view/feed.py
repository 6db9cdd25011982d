"""One camera's pictures for all who look at it: read once, drawn once for each size, sent by nobody here."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_components.local_view.drawing import jpeg, no_picture, picture
from edge_components.local_view.settings import LocalViewSettings
from edge_components.runtime.frame_share import FrameReader, FrameShare, SharedFrame

logger = logging.getLogger(__name__)

ASK_SECONDS = 1.0
SILENT_SECONDS = 3.0
"""So long after the last frame a viewer is told that none come."""
TELL_SECONDS = 1.0
POLL_SECONDS = 0.015
LINGER_SECONDS = 2.0
"""The reading goes on so long after the last viewer: a page that is loaded anew finds a picture at once."""


@dataclass(frozen=True, eq=False)
class Picture:
    """A JPEG; `is_live` is False for one that says that no frames come. Numbers go up without gaps."""

    number: int
    data: bytes
    is_live: bool


class CameraFeed:
    """The pictures of one camera, made while somebody waits for them; lives on one event loop.

    `executor` draws and encodes, so that the loop is free to send; with one worker for all cameras a device
    gives one core at most to its viewers.
    """

    def __init__(
        self, folder: Path, camera: str, executor: Executor, settings: Callable[[], LocalViewSettings]
    ) -> None:
        self._folder = folder
        self._camera = camera
        self._executor = executor
        self._settings = settings
        self._viewers: Counter[str] = Counter()
        self._latest: dict[str, Picture] = {}
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._number = 0
        self._last: SharedFrame | None = None
        self._last_seconds = self._due_seconds = self._ask_seconds = self._idle_seconds = 0.0

    @property
    def is_idle(self) -> bool:
        """Whether nobody looks and nothing runs."""
        return self._task is None or self._task.done()

    @asynccontextmanager
    async def watched(self, size: str) -> AsyncIterator[None]:
        """Make pictures of `size` while the context is open."""
        self._viewers[size] += 1
        if self.is_idle:
            self._latest.clear()
            self._last, self._last_seconds = None, time.monotonic()
            self._task = asyncio.get_running_loop().create_task(self._run())
        try:
            yield
        finally:
            self._viewers[size] -= 1
            if not self._viewers[size]:
                del self._viewers[size]
                self._latest.pop(size, None)

    async def after(self, number: int, size: str) -> Picture:
        """Return the latest picture of `size` once there is one later than `number`.

        Who was slow gets the latest: pictures between are left out.
        """
        while True:
            latest = self._latest.get(size)
            if latest is not None and latest.number > number:
                return latest
            await self._news.wait()

    async def _run(self) -> None:
        reader = FrameShare.reader(self._folder, self._camera)
        self._idle_seconds = time.monotonic() + LINGER_SECONDS
        try:
            while self._is_wanted():
                try:
                    await self._turn(reader)
                except Exception:
                    logger.exception("picture not made", extra={"camera": self._camera})
                    await asyncio.sleep(TELL_SECONDS)
        finally:
            reader.close()

    def _is_wanted(self) -> bool:
        now = time.monotonic()
        if self._viewers:
            self._idle_seconds = now + LINGER_SECONDS
        return now < self._idle_seconds

    async def _turn(self, reader: FrameReader) -> None:
        """Publish a picture when one is due, else wait a moment."""
        now, pace = time.monotonic(), self._settings().frames_per_second
        if now >= self._ask_seconds:
            self._ask_seconds = now + ASK_SECONDS
            reader.ask(pace)
        sizes = tuple(self._viewers)
        is_due = bool(sizes) and now >= self._due_seconds
        if is_due and reader.has_new():
            self._due_seconds = max(self._due_seconds + 1 / pace, now)
            made = await self._in_background(lambda: self._draw_new(reader, sizes))
            if made:
                self._last_seconds = time.monotonic()
                self._publish(made, is_live=True)
        elif is_due and (silent_seconds := now - self._last_seconds) >= SILENT_SECONDS:
            self._due_seconds = now + TELL_SECONDS
            made = await self._in_background(lambda: self._draw_silence(sizes, silent_seconds))
            self._publish(made, is_live=False)
        else:
            await asyncio.sleep(POLL_SECONDS)

    async def _in_background(self, work: Callable[[], dict[str, bytes]]) -> dict[str, bytes]:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _publish(self, made: dict[str, bytes], *, is_live: bool) -> None:
        self._number += 1
        self._latest = {size: Picture(self._number, data, is_live) for size, data in made.items()}
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _draw_new(self, reader: FrameReader, sizes: tuple[str, ...]) -> dict[str, bytes]:
        frame = reader.read()
        if frame is None:
            return {}
        self._last = frame
        quality = self._settings().jpeg_quality
        return {size: jpeg(picture(frame, self._camera, size), quality) for size in sizes}

    def _draw_silence(self, sizes: tuple[str, ...], silent_seconds: float) -> dict[str, bytes]:
        quality = self._settings().jpeg_quality
        return {
            size: jpeg(no_picture(self._last, self._camera, size, silent_seconds), quality) for size in sizes
        }
