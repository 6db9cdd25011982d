"""`crowdlens demo`: camera to dashboard on this machine, with every record accounted for."""

from __future__ import annotations

import argparse
import os
import shlex
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from cli.arguments import folder, identifier, port
from cli.commands.run import add_camera_arguments, camera_settings, default_device
from cli.counts import health_sentence
from cli.output import say, table
from cli.pages import serve

if TYPE_CHECKING:
    from cli.demo.demo import DemoOptions, DemoResult

MYSQL_URL_VARIABLE = "CROWDLENS_MYSQL_URL"
EXAMPLE = """examples:
  crowdlens demo
  crowdlens demo --source clip.mp4 --scene scene.yaml --model yolox_nano.onnx --out out/clip --headless
  crowdlens demo --source rtsp://user:password@camera/stream --seconds 120
  writes report.html, summary.json, key_frame.jpg, lake/ and alerts/ (mail of the scene's events) to --out;
  Ctrl-C ends a live camera's run"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens demo`."""
    parser.epilog = EXAMPLE
    parser.add_argument("--out", type=folder, default=Path("out/demo"), help="folder for the results")
    parser.add_argument("--device", type=identifier, default=default_device(), help="name of this device")
    add_camera_arguments(parser, source_required=False)
    parser.add_argument("--truth", type=Path, help="JSON with the true counts, to compare")
    parser.add_argument(
        "--mysql-url",
        # The variable is read later: as a default it would stand in --help with its password.
        help=f"an existing server, mysql://user:password@host:port/database (or ${MYSQL_URL_VARIABLE})",
    )
    parser.add_argument("--no-mysql", action="store_true", help="leave MySQL out")
    parser.add_argument("--headless", action="store_true", help="serve no page: write the results and exit")
    parser.add_argument(
        "--hold",
        action="store_true",
        help="keep the local cloud up until Ctrl-C, to try devices, quarantine and redrive on it",
    )
    parser.add_argument(
        "--port", type=port, default=0, help="port of the page on 127.0.0.1; 0 takes a free one"
    )
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Run the demo, say what came of it, and serve the page unless headless."""
    from cli.demo.demo import run_demo
    from infra.local.ports import check_port

    if arguments.port and not arguments.headless:
        check_port(arguments.port, "the page")
    result = run_demo(_options(arguments), _say_with_time())
    _report(result, arguments.out)
    status = 0 if result.conservation.holds and result.problem is None else 1
    if not arguments.headless:
        serve(result.report, arguments.port)
    return status


def _options(arguments: argparse.Namespace) -> DemoOptions:
    from cli.demo.defaults import SAMPLE_SCENE, SAMPLE_SOURCE, SAMPLE_TRUTH
    from cli.demo.demo import DemoOptions

    sample = arguments.source is None
    scene = SAMPLE_SCENE if sample and arguments.scene is None else arguments.scene
    truth = SAMPLE_TRUTH if sample and scene == SAMPLE_SCENE and arguments.truth is None else arguments.truth
    camera = camera_settings(
        arguments,
        source=str(SAMPLE_SOURCE) if sample else arguments.source,
        scene=scene,
        # Replaced by a file of the run.
        spool=arguments.out / "spool.db",
    )
    return DemoOptions(
        camera=camera,
        out=arguments.out,
        truth=truth,
        mysql_url=arguments.mysql_url or os.environ.get(MYSQL_URL_VARIABLE),
        with_mysql=not arguments.no_mysql,
        hold=arguments.hold,
    )


def _say_with_time() -> Callable[[str], None]:
    started = time.monotonic()
    return lambda text: say(f"[{time.monotonic() - started:5.1f} s] {text}")


def _report(result: DemoResult, out: Path) -> None:
    summary = result.summary
    rows = [
        (f"line {name}", f"{line['in']} in, {line['out']} out") for name, line in summary["lines"].items()
    ]
    rows += [
        (f"zone {name}", f"{zone['mean']:.2f} on average, {zone['max']} at most")
        for name, zone in summary["zones"].items()
    ]
    say()
    say(table(("counted", ""), rows))
    if summary["truth"]:
        say()
        compared = [
            (one["name"], one["counted"], one["true"], f"{one['error']:+g}") for one in summary["truth"]
        ]
        say(table(("against the truth", "counted", "true", "error"), compared))
    records = summary["records"]
    say()
    say("records   " + ", ".join(f"{name} {count}" for name, count in records.items()))
    say(f"          {result.conservation.sentence()}")
    if summary["mysql_missing"]:
        say(f"          without MySQL: {summary['mysql_missing']}")
    if summary["alert_mails"]:
        say(f"alerts    {summary['alert_mails']} mails in {out / 'alerts'}")
    if (health := health_sentence(summary["camera_health"])) is not None:
        say(f"camera    {health}")
    say(f"page      {result.report}")
    say(f"summary   {out / 'summary.json'}")
    say(f'ask it    .venv/bin/crowdlens athena --lake {shlex.quote(str(out / "lake"))} "SHOW TABLES"')
