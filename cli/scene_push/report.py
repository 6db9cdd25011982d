"""What a push, a rollback and a look at cameras print."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cli.output import printable, table
from cli.scene_push.pushing import Outcome
from cli.scene_push.shadows import CameraState
from cli.scene_push.waiting import WAITING, Answer, answer_of
from contract.camera_shadow import IN_FORCE, REFUSED, DesiredCamera, DesiredDocument

NAMED_DEVICES = 8
_HEADER = ("device", "camera", "wanted", "in force", "state", "before")


def change_lines(
    camera: str, outcomes: Sequence[Outcome], changes: Mapping[str, Sequence[str]], *, dry_run: bool
) -> Iterator[str]:
    """Give what changes, once for all devices that change alike."""
    alike: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.error is None:
            moves = (*_moves(outcome), *changes[outcome.device])
            alike.setdefault(moves, []).append(outcome)
    for moves, group in alike.items():
        devices = _named([outcome.device for outcome in group])
        verb = "would change" if dry_run else "changes"
        yield f"camera {camera} of {devices} {verb if group[0].changed else 'stays as it is'}: {moves[0]}"
        yield from (f"  {move}" for move in moves[1:])
    for outcome in outcomes:
        if outcome.error is not None:
            yield f"{outcome.device}: {printable(outcome.error)}"
    if dry_run:
        yield "nothing was changed (--dry-run)"


def _named(devices: Sequence[str]) -> str:
    """Return devices as a line can hold them; each has a line of its own when it answers."""
    if len(devices) <= NAMED_DEVICES + 1:
        return ", ".join(devices)
    return f"{', '.join(devices[:NAMED_DEVICES])} and {len(devices) - NAMED_DEVICES} more"


def _moves(outcome: Outcome) -> list[str]:
    before, after = _version(outcome.before.scene), _version(outcome.after.scene)
    return [f"scene {after}" if before == after else f"scene {before} → {after}"]


def answer_line(answer: Answer, waited_seconds: float) -> str:
    """Return what a device made of a push, as a line."""
    if answer.state == IN_FORCE:
        return f"{answer.device}: in force, scene {answer.version}"
    kept = f"it keeps scene {answer.version}" if answer.version else "it has no scene"
    if answer.state == REFUSED:
        return f"{answer.device}: refused, {kept}: {printable(answer.reason or 'no reason given')}"
    why = f" ({printable(answer.reason)})" if answer.reason else ""
    return (
        f"{answer.device}: no answer within {waited_seconds:g} s{why}; it takes it when it is connected, "
        "`crowdlens scene status` shows when"
    )


def as_dict(
    camera: str,
    outcomes: Sequence[Outcome],
    changes: Mapping[str, Sequence[str]],
    answers: Sequence[Answer],
    *,
    dry_run: bool,
) -> dict[str, Any]:
    """Return all of it as a JSON document."""
    answered = {answer.device: answer for answer in answers}
    return {
        "camera": camera,
        "dry_run": dry_run,
        "devices": [
            {
                "device": one.device,
                "changed": one.changed,
                "before": _wanted(one.before),
                "wanted": _wanted(one.after),
                "changes": list(changes.get(one.device, ())),
                "problem": one.error,
                "answer": _answer(answered.get(one.device)),
            }
            for one in outcomes
        ],
    }


def status_lines(rows: Sequence[tuple[str, str, CameraState]]) -> tuple[list[dict[str, Any]], list[str]]:
    """Return cameras as JSON documents and as a table with the reasons of refusals below it."""
    facts, cells, notes = [], [], []
    for device, camera, state in rows:
        answer = answer_of(device, state)
        asked = state.wanted.scene is not None or state.wanted.project is not None
        said = (answer.state if asked else "nothing wanted").replace("_", " ")
        history = [_version(past.scene) for past in state.wanted.history]
        cells.append(
            (device, camera, _both(state.wanted), answer.version or "-", said, ", ".join(history) or "-")
        )
        if answer.reason and answer.state != WAITING:
            notes.append(f"{device} {camera} refused {printable(answer.reason)}")
        facts.append(
            {
                "device": device,
                "camera": camera,
                "wanted": _wanted(state.wanted),
                "in_force": answer.version,
                "state": answer.state if asked else None,
                "reason": answer.reason,
                "history": [
                    {"until": past.at, "scene": _version(past.scene), "project": _version(past.project)}
                    for past in state.wanted.history
                ],
            }
        )
    return facts, [table(_HEADER, cells), *notes]


def _both(wanted: DesiredCamera) -> str:
    project = f" project {wanted.project.version}" if wanted.project else ""
    return f"{_version(wanted.scene)}{project}"


def _wanted(wanted: DesiredCamera) -> dict[str, str | None]:
    return {
        "scene": None if wanted.scene is None else wanted.scene.version,
        "project": None if wanted.project is None else wanted.project.version,
    }


def _answer(answer: Answer | None) -> dict[str, str | None] | None:
    if answer is None:
        return None
    return {"state": answer.state, "scene": answer.version, "reason": answer.reason}


def _version(document: DesiredDocument | None) -> str:
    return "none" if document is None else document.version
