"""Carries out `crowdlens scene push`, `rollback` and `status` and prints what came of them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from cli.cloud import clear_cloud_errors
from cli.output import print_json, write_progress
from contract.errors import CrowdLensError

if TYPE_CHECKING:
    from cli.scene_push.pushing import Outcome, Pusher, Wanted
    from contract.scene import Scene

EXIT_FAILED = 1


class ScenePushError(CrowdLensError):
    """Raised for a file that cannot be pushed to where it shall go."""


def push(arguments: argparse.Namespace) -> int:
    """Send a scene to devices."""
    wanted = read_wanted(arguments)
    pusher, devices = _opened(arguments)
    act = pusher.plan if arguments.dry_run else pusher.push
    outcomes = _for_each(devices, lambda device: act(wanted, device))
    return _finish(arguments, pusher, wanted.camera, outcomes, wanted.parsed)


def rollback(arguments: argparse.Namespace) -> int:
    """Send cameras back to what they ran before."""
    pusher, devices = _opened(arguments)
    outcomes = _for_each(
        devices,
        lambda device: pusher.roll_back(arguments.camera, device, arguments.to, dry_run=arguments.dry_run),
    )
    return _finish(arguments, pusher, arguments.camera, outcomes, None)


def status(arguments: argparse.Namespace) -> int:
    """Show what cameras shall run, and what they run."""
    from cli.scene_push.places import cameras_of, devices_of, open_cloud
    from cli.scene_push.report import status_lines
    from cli.scene_push.shadows import CameraShadows

    with clear_cloud_errors():
        cloud = open_cloud(arguments)
        shadows = CameraShadows(cloud.shadows)
        rows = [
            (device, camera, shadows.read(device, camera))
            for device in devices_of(arguments, cloud)
            for camera in ([arguments.camera] if arguments.camera else cameras_of(device, cloud))
        ]
    facts, lines = status_lines(rows)
    if arguments.json:
        print_json(facts)
    else:
        print("\n".join(lines))
    return 0


def read_wanted(arguments: argparse.Namespace) -> Wanted:
    """Return what is to be pushed, every file of it valid; raises `CrowdLensError` naming the file."""
    from cli.scene_editor.explanation import explain
    from cli.scene_push.pushing import Wanted
    from cli.scene_push.store import project_part, scene_part
    from contract.camera_shadow import check_shadow_camera

    content = _content("scene", arguments.scene)
    with _naming("scene", arguments.scene):
        part, scene = scene_part(content)
        explain(scene)
    if arguments.camera not in (None, scene.camera):
        raise ScenePushError(
            f"scene file {arguments.scene}: camera is {scene.camera!r}: expected {arguments.camera!r}, as "
            "every record bears the scene's name"
        )
    project = None
    if arguments.project is not None:
        with _naming("project", arguments.project):
            project = project_part(_content("project", arguments.project))
    return Wanted(check_shadow_camera(scene.camera), part, scene, project, arguments.no_project)


def _content(kind: str, path: Path) -> bytes:
    from contract.camera_shadow import MAXIMUM_DOCUMENT_BYTES

    try:
        with path.open("rb") as file:
            content = file.read(MAXIMUM_DOCUMENT_BYTES + 1)
    except OSError as error:
        raise ScenePushError(f"{kind} file {path} cannot be read: {error.strerror or error}") from error
    if not content:
        raise ScenePushError(f"{kind} file {path} is empty: expected YAML")
    return content


@contextmanager
def _naming(kind: str, path: Path) -> Iterator[None]:
    try:
        yield
    except ScenePushError:
        raise
    except CrowdLensError as error:
        raise ScenePushError(f"{kind} file {path}: {error}") from error


def _opened(arguments: argparse.Namespace) -> tuple[Pusher, list[str]]:
    from cli.scene_push.places import devices_of, open_cloud
    from cli.scene_push.pushing import Pusher

    with clear_cloud_errors():
        cloud = open_cloud(arguments)
        return Pusher(cloud), devices_of(arguments, cloud)


def _for_each(devices: Sequence[str], act: Callable[[str], Outcome]) -> list[Outcome]:
    from cli.scene_push.pushing import for_each

    outcomes = []
    with _Progress("asked") as progress:
        for outcome in for_each(devices, act):
            outcomes.append(outcome)
            progress(len(outcomes), len(devices))
    return outcomes


def _finish(
    arguments: argparse.Namespace, pusher: Pusher, camera: str, outcomes: list[Outcome], after: Scene | None
) -> int:
    """Say what changed, wait for the answers, and return the exit status."""
    from cli.scene_push.report import answer_line, as_dict, change_lines
    from cli.scene_push.waiting import NOT_CHANGED, wait_for_answers

    with clear_cloud_errors():
        changes = {one.device: pusher.changes(one, after) for one in outcomes if one.error is None}
    if not arguments.json:
        for line in change_lines(camera, outcomes, changes, dry_run=arguments.dry_run):
            print(line, flush=True)
    failed = any(one.error for one in outcomes)
    answers = []
    if not arguments.dry_run and arguments.wait > 0 and len(changes) > 0:
        with _Progress("answered") as progress:
            answers = wait_for_answers(
                outcomes, camera, pusher.shadows, seconds=arguments.wait, progress=progress
            )
        failed = any(not answer.good for answer in answers)
    if arguments.json:
        print_json(as_dict(camera, outcomes, changes, answers, dry_run=arguments.dry_run))
    else:
        for answer in answers:
            if answer.state != NOT_CHANGED:
                print(answer_line(answer, arguments.wait))
    return EXIT_FAILED if failed else 0


class _Progress:
    """A line of standard error that counts devices; silent for one, and where nobody looks."""

    def __init__(self, verb: str) -> None:
        self._verb = verb
        self._shown = False

    def __enter__(self) -> _Progress:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            write_progress("\n")

    def __call__(self, done: int, total: int) -> None:
        if total > 1 and sys.stderr.isatty():
            write_progress(f"\r{done} of {total} devices {self._verb}")
            self._shown = True
