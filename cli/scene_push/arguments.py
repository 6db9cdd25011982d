"""The arguments of `crowdlens scene push`, `rollback` and `status`."""

from __future__ import annotations

import argparse
from pathlib import Path

from cli.arguments import identifier
from cli.cloud import add_account_arguments, add_stage_arguments

WAIT_SECONDS = 60.0


def configure(actions: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the three actions."""
    from cli.scene_push import commands

    push = actions.add_parser("push", help="send a scene to a device or a group, and wait for their answer")
    push.add_argument("scene", type=Path, help="scene file (YAML)")
    _add_target(push)
    push.add_argument("--camera", type=identifier, help="camera (default: the scene's own)")
    project = push.add_mutually_exclusive_group()
    project.add_argument("--project", type=Path, help="project file to send with it (default: as it is)")
    project.add_argument("--no-project", action="store_true", help="take the camera's project away")
    _add_doing(push)
    push.set_defaults(execute=commands.push)
    back = actions.add_parser("rollback", help="send a camera back to what it ran before")
    _add_target(back)
    back.add_argument("--camera", type=identifier, required=True, help="camera")
    back.add_argument("--to", metavar="VERSION", type=identifier, help="scene version to go to")
    _add_doing(back)
    back.set_defaults(execute=commands.rollback)
    status = actions.add_parser("status", help="show which scene cameras shall run and which they run")
    _add_target(status)
    status.add_argument("--camera", type=identifier, help="only this camera (default: all of a device)")
    _add_account(status)
    status.set_defaults(execute=commands.status)


def _add_target(parser: argparse.ArgumentParser) -> None:
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--device", type=identifier, help="name of the device")
    target.add_argument("--group", type=identifier, help="device group, for example jetson-jetpack6")


def _add_doing(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    parser.add_argument(
        "--wait",
        metavar="SECONDS",
        type=_seconds,
        default=WAIT_SECONDS,
        help=f"how long to wait for the devices' answers; 0 does not (default: {WAIT_SECONDS:g})",
    )
    _add_account(parser)


def _add_account(parser: argparse.ArgumentParser) -> None:
    add_stage_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    add_account_arguments(parser, control_table=False)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= 86_400:
        raise argparse.ArgumentTypeError(f"{text!r}: expected 0 to 86400 seconds")
    return seconds
