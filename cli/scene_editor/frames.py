"""Single frames of a source, for a person to draw on."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from edge_components.vision.sources import Frame, Source, SourceDamagedError, SourceError, open_source

LIVE_TIMEOUT_SECONDS = 5.0
STEPS_THROUGH_A_FILE = 12
"""About so many different frames of a file are offered before it starts again."""
MAXIMUM_SKIP_SECONDS = 1.0
"""How long a person waits while a long file is wound forward."""


class FrameTaker:
    """Keeps `source_text` open and holds one of its frames in `frame`; safe to use from several threads.

    Raises `SourceError` when the source cannot be opened or gives no frame.
    """

    def __init__(self, source_text: str, *, opener: Callable[[str], Source] = open_source) -> None:
        self._text = source_text
        self._opener = opener
        self._lock = threading.Lock()
        self._source = opener(source_text)
        try:
            self.frame = self._first()
        except SourceError:
            self._source.close()
            raise
        self.name = self._source.name
        self.info = self._source.info

    def another(self) -> Frame:
        """Return, and hold, the camera's newest frame, or one further on in a file, which starts over."""
        with self._lock:
            if self.info.live:
                self.frame = self._first()
            else:
                self.frame = self._further() or self._restarted()
            return self.frame

    def close(self) -> None:
        """Give the source back; safe to call twice."""
        with self._lock:
            self._source.close()

    def _first(self) -> Frame:
        frame = self._source.read(LIVE_TIMEOUT_SECONDS)
        if frame is None:
            reason = self._source.fault or "nothing came"
            raise SourceError(f"source {self._source.name} gives no frame: {reason}")
        return frame

    def _further(self) -> Frame | None:
        """Return the frame a step further on; None at the end, which a damaged file reaches early."""
        step = max(1, (self.info.frames or STEPS_THROUGH_A_FILE) // STEPS_THROUGH_A_FILE)
        deadline = time.monotonic() + MAXIMUM_SKIP_SECONDS
        frame = None
        try:
            for _ in range(step):
                frame = self._source.read(LIVE_TIMEOUT_SECONDS)
                if frame is None or time.monotonic() > deadline:
                    break
        except SourceDamagedError:
            return None
        return frame

    def _restarted(self) -> Frame:
        self._source.close()
        self._source = self._opener(self._text)
        return self._first()
