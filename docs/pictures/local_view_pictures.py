"""Draws the pictures of docs/local_view.md: the page in Chromium, over the demo clip as it is counted.

``python docs/pictures/local_view_pictures.py`` runs the pipeline on the clip at its own pace, shares frames
and status as the vision component does, serves them by the local view and writes ``local_view_*.webp``.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import cv2
import numpy as np
from playwright.sync_api import sync_playwright

from contract.records import Record, StoredRecord
from edge_components.local_view.service import ViewService
from edge_components.local_view.settings import LocalViewSettings
from edge_components.runtime.clock import DeviceClock
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.frame_share import FrameShare
from edge_components.runtime.inference.detector import DetectorSettings, open_detector
from edge_components.runtime.status import StatusWriter
from edge_components.runtime.view_overlay import scene_overlay
from edge_components.vision.analysis_run import AnalysedFrame
from edge_components.vision.pipeline import run_pipeline
from edge_components.vision.scene_file import read_scene
from edge_components.vision.sources import open_source

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(__file__).parent
CLIP = ROOT / "examples/demo/demo.mp4"
MODEL = ROOT / "edge_components/vision/models/person_demo"
SECONDS = 25.0
"""Into the clip: some have crossed the line by then."""
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking")
SHOTS = (("desktop", "en-US", (1180, 760), 72), ("phone", "ko-KR", (390, 700), 68))


class NoSink:
    """Stores nothing."""

    def append(self, records: Sequence[Record]) -> Sequence[StoredRecord]:  # noqa: ARG002
        """Take records and forget them."""
        return []


def play(folders: DeviceFolders, stop: threading.Event) -> None:
    """Count in the clip at its own pace, and tell of it."""
    scene = read_scene(CLIP.with_name("scene.yaml"))
    source = open_source(str(CLIP))
    detector = open_detector(MODEL, DetectorSettings(provider="cpu", threads=1))
    analytics = SceneAnalytics(scene, labels=detector.labels)
    writer = FrameShare.writer(folders.view, scene.camera)
    status = StatusWriter(folders.status, "vision", "1.0.0")
    status.start()
    rate = source.info.frames_per_second
    started = time.monotonic()

    def show(frame: AnalysedFrame) -> None:
        ahead_seconds = frame.frame.index / rate - (time.monotonic() - started)
        time.sleep(max(0.0, ahead_seconds))
        lines, zones = analytics.line_totals, analytics.occupancy
        writer.offer(
            frame.frame.image,
            lambda: scene_overlay(scene, frame.tracks, lines=lines, zones=zones),
            event_time_ms=frame.event_time_ms,
        )
        told = {
            **{"state": "running", "camera_state": "ok", "problem": None, "source": CLIP.name},
            **{
                "frames_per_second": frame.frame.index / (time.monotonic() - started),
                "skipped_frames": 0,
                "provider": detector.provider,
            },
            **{"provider_note": detector.provider_note, "model": detector.name, "zones": zones},
            **{"scene_version": scene.version, "lines": lines},
        }
        status.report("running", None, {"cameras": {scene.camera: told}})

    clock = DeviceClock()
    run_pipeline(source, detector, analytics, NoSink(), scene=scene, clock=clock, stop=stop, on_frame=show)
    status.close()


def take_pictures(port: int) -> None:
    """Write the page as it is now, once for each size and language."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        for name, locale, (width, height), quality in SHOTS:
            page = browser.new_page(locale=locale, viewport={"width": width, "height": height})
            page.goto(f"http://127.0.0.1:{port}/", wait_until="commit")
            page.locator("#picture").wait_for(state="visible")
            page.locator("#device-facts table").wait_for()
            page.wait_for_timeout(1500)
            image = cv2.imdecode(np.frombuffer(page.screenshot(), np.uint8), cv2.IMREAD_COLOR)
            if image is None:
                raise ValueError("the browser's picture cannot be read")
            cv2.imwrite(str(FOLDER / f"local_view_{name}.webp"), image, [cv2.IMWRITE_WEBP_QUALITY, quality])
            page.close()
        browser.close()


def main() -> int:
    """Play, wait until there is something to see, take the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        folders = DeviceFolders.below(Path(folder))
        folders.make()
        stop = threading.Event()
        playing = threading.Thread(target=play, args=(folders, stop))
        playing.start()
        publisher = StatusWriter(folders.status, "publisher", "1.0.0")
        publisher.start()
        publisher.report("running", None, {"spool": {"waiting_records": 42}})
        service = ViewService(LocalViewSettings(port=0), folders, "jetson-7")
        service.start()
        time.sleep(SECONDS)
        take_pictures(service.port)
        service.stop()
        stop.set()
        playing.join()
        publisher.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
