"""What keeping a camera and its shadow in step needs of others: messages, objects, and the camera itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from edge_components.vision.camera_documents import CameraDocuments


class Channel(Protocol):
    """What is needed of `Ipc`."""

    def publish(self, topic: str, payload: str | bytes) -> None:
        """Publish on an MQTT topic; raises `IpcError`."""
        ...

    def subscribe(self, topic_filter: str, call: Callable[[str, bytes], None]) -> None:
        """Call `call` with topic and payload of each message; raises `IpcError`."""
        ...

    def on_return(self, call: Callable[[], None]) -> None:
        """Call `call` after each reconnection."""
        ...


class ReadObject(Protocol):
    """What is needed of `ObjectStore`."""

    def read(self, key: str, maximum_bytes: int) -> bytes:
        """Return an object; raises `ObjectStoreError`."""
        ...


class Worker(Protocol):
    """What is needed of `CameraWorker`."""

    verdict: Callable[[CameraDocuments | None, CameraDocuments, str | None], None] | None

    @property
    def documents(self) -> CameraDocuments | None:
        """What the camera counts by, or will."""
        ...

    def offer(self, documents: CameraDocuments) -> bool:
        """Count by other documents; raises `CrowdLensError`."""
        ...
