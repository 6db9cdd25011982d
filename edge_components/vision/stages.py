"""The threads of the pipeline: one decodes and prepares frames, one runs the model.

A fixed set of buffers goes round: a frame in flight holds one, so memory is bounded and the queues between
the threads need no bound of their own (`SimpleQueue` passes an item in a few microseconds).
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any, Protocol

from edge_components.runtime.inference.layouts import Outputs
from edge_components.runtime.inference.preprocess import Image, PreparedFrame
from edge_components.vision.sources.frames import Frame, Source

READ_TIMEOUT_SECONDS = 0.5


class FrameModel(Protocol):
    """What the pipeline needs of a model; `Detector` is one, and so is a classifier.

    The three stages may run in three threads. `confidence` is what its package calls sure.
    """

    name: str
    confidence: float
    labels: tuple[str, ...]
    provider: str
    requested_providers: tuple[str, ...]

    def new_buffer(self) -> PreparedFrame:
        """Return a buffer for `preprocess`."""
        ...

    def preprocess(self, frame_bgr: Image, buffer: PreparedFrame) -> PreparedFrame:
        """Fill `buffer` with the frame."""
        ...

    def infer(self, prepared: PreparedFrame) -> Outputs:
        """Return the model's raw outputs."""
        ...

    def postprocess(self, outputs: Outputs, prepared: PreparedFrame) -> Any:
        """Return what the analytics take: objects in pixels of the frame, or what the frame shows."""
        ...


@dataclass(eq=False)
class Item:
    """A frame on its way with the model that sees it; times in seconds each step took."""

    frame: Frame
    model: FrameModel
    prepared: PreparedFrame
    use: int
    """Which of the models used so far it is, by number: see `Stages.use`."""
    read_at_seconds: float
    decode_seconds: float
    preprocess_seconds: float
    outputs: Outputs = ()
    infer_seconds: float = 0.0


@dataclass(frozen=True)
class Silence:
    """A live source gave nothing for a while."""

    fault: str | None
    use: int = 0


_Buffer = tuple[FrameModel, PreparedFrame]
"""A buffer with the model it fits."""
Queue = SimpleQueue[Item | Silence | None]
"""None ends it."""


class Stages:
    """Runs decoding and inference beside the caller, who takes the items and gives their buffers back.

    The first error of either thread stops both and is kept in `error`; everything decoded before it still
    comes through.
    """

    def __init__(self, source: Source, detector: FrameModel, stop: threading.Event, buffers: int) -> None:
        self.error: BaseException | None = None
        self._source = source
        self._using: tuple[FrameModel, int] = detector, 0
        self._stop = stop
        self._abort = threading.Event()
        self._buffers: SimpleQueue[_Buffer | None] = SimpleQueue()
        for _ in range(buffers):
            self._buffers.put((detector, detector.new_buffer()))
        self._prepared: Queue = SimpleQueue()
        self._inferred: Queue = SimpleQueue()
        self._threads = [
            threading.Thread(target=self._decode, name="decode", daemon=True),
            threading.Thread(target=self._infer, name="inference", daemon=True),
        ]

    def start(self) -> None:
        """Start both threads."""
        for thread in self._threads:
            thread.start()

    def use(self, model: FrameModel) -> int:
        """Let `model` see the frames that are prepared from now on; those in flight stay with theirs.

        Returns the number of this use: once an item of this number is taken, no other model has a frame left.
        """
        before, number = self._using
        if model is not before:
            self._using = model, number + 1
        return self._using[1]

    def take(self) -> Item | Silence | None:
        """Return the next inferred frame or silence in order, None at the end."""
        return self._inferred.get()

    def give_back(self, item: Item) -> None:
        """Give an item's buffer to the decoder."""
        self._buffers.put((item.model, item.prepared))

    def close(self) -> None:
        """Stop both threads without waiting for what is in flight, and wait for them."""
        self._abort.set()
        self._buffers.put(None)
        for thread in self._threads:
            thread.join()

    def _fail(self, error: BaseException) -> None:
        if self.error is None:
            self.error = error
        self._abort.set()
        self._buffers.put(None)

    def _decode(self) -> None:
        try:
            while not self._stop.is_set() and not self._abort.is_set():
                item = self._next_item()
                if item is None:
                    break
                self._prepared.put(item)
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            self._fail(error)
        finally:
            self._prepared.put(None)

    def _next_item(self) -> Item | Silence | None:
        started = time.perf_counter()
        frame = self._source.read(READ_TIMEOUT_SECONDS)
        read_at = time.perf_counter()
        if frame is None:
            return None if self._source.ended else Silence(self._source.fault, self._using[1])
        buffer = self._buffers.get()
        if buffer is None:
            return None
        waited_until = time.perf_counter()
        model, use = self._using
        fitting = buffer[1] if buffer[0] is model else model.new_buffer()
        prepared = model.preprocess(frame.image, fitting)
        done = time.perf_counter()
        return Item(frame, model, prepared, use, read_at, read_at - started, done - waited_until)

    def _infer(self) -> None:
        try:
            while (item := self._prepared.get()) is not None and not self._abort_inference():
                if isinstance(item, Item):
                    started = time.perf_counter()
                    item.outputs = item.model.infer(item.prepared)
                    item.infer_seconds = time.perf_counter() - started
                self._inferred.put(item)
        except BaseException as error:  # noqa: BLE001 - raised again by the caller's thread
            self._fail(error)
        finally:
            self._inferred.put(None)

    def _abort_inference(self) -> bool:
        # After a decoding error the frames before it are still worth counting.
        return self._abort.is_set() and self.error is None
