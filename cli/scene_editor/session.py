"""One person's work on one scene: its frame, its document and where it is saved."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import cv2

from cli.scene_editor.frames import FrameTaker
from cli.scene_editor.review import review
from cli.scene_editor.saving import SavedScene, save_scene
from contract.errors import CrowdLensError

_JPEG_QUALITY = 92


class EditorSession:
    """What the page asks for, behind one lock; `saved` is the last save, None before the first."""

    def __init__(self, frames: FrameTaker, document: Mapping[str, Any], path: Path) -> None:
        self._frames = frames
        self._document = document
        self._path = path
        self._lock = threading.Lock()
        self.saved: SavedScene | None = None

    def state(self) -> dict[str, Any]:
        """Return what the page starts from."""
        with self._lock:
            return {
                "document": self._document,
                "review": review(self._document),
                "path": str(self._path),
                "source": self._frames.name,
                "live": self._frames.info.live,
                "frame": self._frame_facts(),
            }

    def picture(self) -> bytes:
        """Return the present frame as JPEG."""
        with self._lock:
            return cv2.imencode(".jpg", self._frames.frame.image, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])[
                1
            ].tobytes()

    def another_frame(self) -> dict[str, Any]:
        """Take another frame and return its facts, or the sentence that says why there is none."""
        with self._lock:
            try:
                self._frames.another()
            except CrowdLensError as error:
                return {"problem": str(error)}
            return self._frame_facts()

    def review(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is wrong and what is so in `document`."""
        return review(document)

    def save(self, document: Mapping[str, Any]) -> dict[str, Any]:
        """Save `document` when it is valid; return where, or the review that says why not."""
        with self._lock:
            found = review(document)
            if not found["valid"]:
                return {"saved": False, "review": found, "problem": found["problems"][0]["sentence"]}
            try:
                own_text = self.saved.text if self.saved else None
                self.saved = save_scene(document, self._path, own_text=own_text)
            except CrowdLensError as error:
                return {"saved": False, "review": found, "problem": str(error)}
            self._document = document
            backup = self.saved.backup
            return {
                "saved": True,
                "review": found,
                "path": str(self._path),
                "backup": str(backup) if backup else None,
            }

    def _frame_facts(self) -> dict[str, Any]:
        frame = self._frames.frame
        info = self._frames.info
        return {
            "index": frame.index,
            "time_seconds": None if info.live else round(frame.time_seconds, 2),
            "frames": info.frames,
        }
