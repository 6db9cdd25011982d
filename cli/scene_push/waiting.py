"""Waits until devices say what they made of a push."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cli.scene_push.pushing import Outcome, in_parallel
from cli.scene_push.shadows import CameraShadows, CameraState
from contract.camera_shadow import IN_FORCE, REFUSED, DesiredDocument, ReportedDocument

POLL_SECONDS = 2.0
WAITING, NOT_CHANGED = "waiting", "failed"


@dataclass(frozen=True)
class Answer:
    """What a device made of a push: `state` is in_force, refused, waiting or failed (nothing was asked)."""

    device: str
    state: str
    version: str | None
    reason: str | None = None

    @property
    def good(self) -> bool:
        """Whether the device runs what was pushed."""
        return self.state == IN_FORCE


def answer_of(device: str, state: CameraState) -> Answer:
    """Return what a device has made of what is wanted of its camera."""
    parts = (
        ("scene", state.wanted.scene, state.scene),
        ("project", state.wanted.project, state.project),
    )
    wanted = [(part, asked, said) for part, asked, said in parts if asked is not None]
    version = state.scene.version if state.scene is not None else None
    for part, asked, said in wanted:
        if said is not None and said.state == REFUSED and said.refused_version == asked.version:
            return Answer(device, REFUSED, version, f"{part} {asked.version}: {said.reason}")
    if all(_runs(asked, said) for _, asked, said in wanted):
        return Answer(device, IN_FORCE, version)
    return Answer(device, WAITING, version, state.problem)


def _runs(asked: DesiredDocument, said: ReportedDocument | None) -> bool:
    return said is not None and said.state == IN_FORCE and said.version == asked.version


def wait_for_answers(
    outcomes: Sequence[Outcome],
    camera: str,
    shadows: CameraShadows,
    *,
    seconds: float,
    progress: Callable[[int, int], None],
    monotonic_seconds: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Answer]:
    """Return each device's answer, in order, after `seconds` at most; `progress` gets answered and all."""
    answers = {
        outcome.device: Answer(outcome.device, NOT_CHANGED if outcome.error else WAITING, None, outcome.error)
        for outcome in outcomes
    }
    deadline = monotonic_seconds() + seconds
    while True:
        waiting = [device for device, answer in answers.items() if answer.state == WAITING]
        for answer in ask(waiting, camera, shadows):
            answers[answer.device] = answer
        still = sum(answer.state == WAITING for answer in answers.values())
        progress(len(outcomes) - still, len(outcomes))
        if not still or monotonic_seconds() >= deadline:
            return [answers[outcome.device] for outcome in outcomes]
        sleep(min(POLL_SECONDS, max(0.0, deadline - monotonic_seconds())))


def ask(devices: Sequence[str], camera: str, shadows: CameraShadows) -> list[Answer]:
    """Return what each device has made of what is wanted; who cannot be asked now is waited for."""
    return list(
        in_parallel(
            devices,
            lambda device: answer_of(device, shadows.read(device, camera)),
            lambda device, sentence: Answer(device, WAITING, None, sentence),
        )
    )
