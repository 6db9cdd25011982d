"""The demo: starts the local cloud, runs the camera, waits until every record has arrived, draws the page."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from cli.demo.conservation import (
    Conservation,
    StreamTotal,
    account,
    lake_record_ids,
    quarantined_messages,
    read_load_ledger,
)
from cli.demo.hold import hold
from cli.demo.output_folder import ALERTS, KEY_FRAME, LAKE, REPORT, SUMMARY, OutputFolder
from cli.demo.report import draw_report
from cli.demo.truth import compare, read_truth
from cli.output import write_json, write_progress
from contract.errors import WorkFailedError
from edge_components.runtime.processes import stop_on_signals
from edge_components.runtime.spool import Spool, SpoolCounts
from edge_components.vision.camera import CameraRun, CameraSettings, check_camera, run_camera
from edge_components.vision.progress import ProgressPrinter
from infra.local.alerts import AlertOptions
from infra.local.aws_environment import base_environment
from infra.local.ports import check_loopback
from infra.local.processes import ManagedProcess, start_process
from infra.local.run_directory import RUN_VARIABLE
from infra.local.stack import LocalStack, StackOptions
from infra.local.topic_rule import TopicRule

ALERT_READERS = {"ko": "reader-ko@localhost", "en": "reader-en@localhost"}
"""Who gets the demo's alerts by mail, by language."""
_DRAIN_SECONDS = 120.0
_LOOK_AGAIN_SECONDS = 0.2


class DemoError(WorkFailedError):
    """Raised when a station of the demo stopped working."""


@dataclass(frozen=True)
class DemoOptions:
    """What a demo runs on; `camera.spool` is replaced by a file of the run."""

    camera: CameraSettings
    out: Path
    truth: Path | None = None
    mysql_url: str | None = None
    with_mysql: bool = True
    hold: bool = False
    """Whether the local cloud stays up, after all is counted, until Ctrl-C."""


@dataclass(frozen=True)
class DemoResult:
    """What a demo left: its summary, and whether every record is accounted for."""

    summary: dict[str, Any]
    conservation: Conservation
    report: Path
    problem: str | None


def run_demo(options: DemoOptions, say: Callable[[str], None]) -> DemoResult:
    """Run the demo and return its result; everything it started is stopped, its files are in `out`.

    `say` is told each step. Raises a `CrowdLensError` when a step could not be done; `out` then holds what
    it held before.
    """
    truth = None if options.truth is None else read_truth(options.truth)
    check_loopback()
    check_camera(options.camera)
    started = time.monotonic()
    stop = threading.Event()
    with OutputFolder(options.out) as folder, stop_on_signals(stop, clears_up=True):
        say("starting the local cloud: SQS and S3 (MiniStack), MySQL (MariaDB), Lambda pollers")
        stack_options = StackOptions(
            with_mysql=options.with_mysql,
            mysql_url=options.mysql_url,
            alerts=AlertOptions(folder.staging / ALERTS, ALERT_READERS),
            report=say,
        )
        with LocalStack(stack_options) as stack:
            say(f"local cloud ready after {time.monotonic() - started:.1f} s")
            settings = replace(options.camera, spool=stack.run.path / "spool.db")
            stack.enrol(settings.device, _site_of(settings))
            publisher = _start_publisher(stack, settings)
            try:
                camera = _run_camera(settings, stack, stop, say)
                counts = _drain_spool(settings, publisher, say)
            finally:
                publisher.stop()
            stack.wait_until_drained(_DRAIN_SECONDS)
            copied = stack.copy_lake_to(folder.staging / LAKE).objects
            conservation = _account(counts, folder.staging / LAKE, stack)
            mysql_missing = stack.mysql_missing
            if options.hold:
                mailbox = folder.staging / ALERTS
                say(f"the mail of alerts is in {mailbox}, and afterwards in {options.out / ALERTS}")
                hold(stack, stop, say, _private_mysql_url(options, stack))
            mail = stack.finish_alerts()
        say(f"{conservation.sentence()} ({copied} objects)")
        camera.save_key_frame(folder.staging / KEY_FRAME)
        summary = {
            **camera.summary(),
            "records": conservation.as_dict(),
            "device": settings.device,
            "demo_seconds": round(time.monotonic() - started, 1),
            "mysql_missing": mysql_missing,
            "alert_mails": len(mail),
        }
        # The truth is of the whole clip: part of it cannot be held against it.
        whole = not camera.result.stopped and camera.problem is None
        compared = compare(truth, summary) if truth is not None and whole else []
        summary["truth"] = [{**vars(one), "error": one.error} for one in compared]
        draw_report(folder.staging, options.out, summary, conservation, compared)
        write_json(folder.staging / SUMMARY, summary)
        folder.publish()
    return DemoResult(summary, conservation, options.out / REPORT, camera.problem)


def _private_mysql_url(options: DemoOptions, stack: LocalStack) -> str | None:
    if stack.mysql is None or options.mysql_url is not None:
        return None
    server = stack.mysql
    login = f"{server.user}:{quote(server.password, safe='')}"
    return f"mysql://{login}@{server.host}:{server.port}/{server.database}"


def _start_publisher(stack: LocalStack, settings: CameraSettings) -> ManagedProcess:
    site = _site_of(settings)
    command = [sys.executable, "-m", "edge_components.publisher", "--spool", str(settings.spool)]
    command += ["--site", site, "--device", settings.device, "--queue-url", stack.ingest_queue_url]
    command += ["--profile", "live"]
    environment = base_environment(
        stack.run.temporary, {**stack.aws_environment(), RUN_VARIABLE: str(stack.run.path)}
    )
    return start_process(
        "publisher", command, log_path=stack.run.log_path("publisher"), environment=environment
    )


def _site_of(settings: CameraSettings) -> str:
    from edge_components.vision import default_scene
    from edge_components.vision.scene_file import read_scene

    return default_scene.SITE if settings.scene is None else read_scene(settings.scene).site


def _run_camera(
    settings: CameraSettings, stack: LocalStack, stop: threading.Event, say: Callable[[str], None]
) -> CameraRun:
    printer = ProgressPrinter(write_progress, is_terminal=sys.stderr.isatty())
    run = run_camera(
        settings,
        stop=stop,
        progress=printer,
        alerts=None if stack.alerts is None else TopicRule(stack.sqs(), stack.alerts.queue.url),
        started=lambda source, detector, scene: say(
            f"camera {scene.camera}: {source.name} ({source.info.width}x{source.info.height}), "
            f"detector {detector.name} on {detector.provider}"
        ),
    )
    printer.finish(run.progress)
    if run.problem:
        say(run.problem)
    if run.result.stopped:
        say("stopped: finishing what was counted so far (Ctrl-C again gives it up)")
    return run


def _drain_spool(
    settings: CameraSettings, publisher: ManagedProcess, say: Callable[[str], None]
) -> SpoolCounts:
    """Wait until SQS has accepted every record, stop the publisher, and return the final counts."""
    with Spool(settings.spool, device=settings.device) as spool:
        least, since = spool.waiting()[0], time.monotonic()
        while (waiting := spool.waiting()[0]) > 0:
            if waiting < least:
                least, since = waiting, time.monotonic()
            if not publisher.running:
                raise DemoError(f"the publisher ended: {publisher.last_words() or 'no reason given'}")
            if time.monotonic() - since > _DRAIN_SECONDS:
                raise DemoError(f"{waiting} records are still on the device after {_DRAIN_SECONDS:g} s")
            time.sleep(_LOOK_AGAIN_SECONDS)
        publisher.stop()
        counts = spool.counts()
    if counts.waiting:
        raise DemoError(f"{counts.waiting} records were left in the spool when the publisher stopped")
    say(f"device: {counts.made} records made, all accepted by SQS")
    return counts


def _account(counts: SpoolCounts, lake: Path, stack: LocalStack) -> Conservation:
    ledger = None
    if stack.mysql is not None:
        with stack.mysql.connect() as connection:
            ledger = read_load_ledger(connection)
    streams = [StreamTotal(stream.stream, stream.made, stream.dropped) for stream in counts.streams]
    return account(streams, lake_record_ids(lake), ledger, quarantined_messages(lake))
