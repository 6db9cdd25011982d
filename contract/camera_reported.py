"""What a device says of a camera's scene and project: in force, or refused and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from contract.camera_shadow_values import CameraShadowError, mapping, shown, text

IN_FORCE, REFUSED = "in_force", "refused"
MAXIMUM_REASON_CHARACTERS = 500


@dataclass(frozen=True)
class ReportedDocument:
    """What a device says of a scene or project: `version` is in force, also while another is refused."""

    version: str | None
    state: str
    refused_version: str | None = None
    reason: str | None = None


def reported_document(
    version: str | None, *, refused_version: str | None = None, reason: str | None = None
) -> dict[str, Any]:
    """Return what a device reports of its scene or project: in force, or that another was refused and why.

    The nulls take away what an earlier report said. A long reason is cut.
    """
    if (refused_version is None) != (reason is None):
        raise CameraShadowError("refused_version and reason belong together: expected both or neither")
    if version is None and refused_version is None:
        raise CameraShadowError("version is None: expected a version in force, or one that was refused")
    return {
        "version": version,
        "state": IN_FORCE if refused_version is None else REFUSED,
        "refused_version": refused_version,
        "reason": None if reason is None else _shortened(reason),
    }


def _shortened(reason: str) -> str:
    sentence = " ".join(reason.split())
    if len(sentence) <= MAXIMUM_REASON_CHARACTERS:
        return sentence
    return sentence[: MAXIMUM_REASON_CHARACTERS - 1] + "…"


def reported_state(
    *, scene: Mapping[str, Any] | None = None, project: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the payload of an update by the device; a part it says nothing of is taken away."""
    return {"state": {"reported": {"scene": scene, "project": project}}}


def parse_reported(document: object) -> tuple[ReportedDocument | None, ReportedDocument | None]:
    """Return what a device reported of its scene and project; raises `CameraShadowError`."""
    if document is None:
        return None, None
    said = mapping("reported", document)
    return _reported_document("reported.scene", said.get("scene")), _reported_document(
        "reported.project", said.get("project")
    )


def readable_reported(
    document: object,
) -> tuple[ReportedDocument | None, ReportedDocument | None, str | None]:
    """Return what can be read of a report, for who mends a device that says nonsense, and what cannot.

    A part that cannot be read is None, as if nothing was said of it; the third is a sentence about the first
    such part.
    """
    problems: list[str] = []
    parts: dict[str, ReportedDocument | None] = {"scene": None, "project": None}
    try:
        said: Mapping[str, Any] = {} if document is None else mapping("reported", document)
    except CameraShadowError as error:
        return None, None, str(error)
    for name in parts:
        try:
            parts[name] = _reported_document(f"reported.{name}", said.get(name))
        except CameraShadowError as error:
            problems.append(str(error))
    return parts["scene"], parts["project"], problems[0] if problems else None


def _reported_document(field: str, value: object) -> ReportedDocument | None:
    if value is None:
        return None
    said = mapping(field, value)
    state = said.get("state")
    if state not in (IN_FORCE, REFUSED):
        raise CameraShadowError(f"{field}.state is {shown(state)}: expected {IN_FORCE} or {REFUSED}")
    texts = {
        name: None if said.get(name) is None else text(f"{field}.{name}", said[name])
        for name in ("version", "refused_version", "reason")
    }
    return ReportedDocument(texts["version"], str(state), texts["refused_version"], texts["reason"])
