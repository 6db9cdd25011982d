"""What the other components say of themselves: versions, cameras, speed; from the status folder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from contract.records import Value
from contract.tables import DEVICE_HEALTH
from edge_components.fleet_agent.readers.provider import short_reason, steps_down
from edge_components.fleet_agent.reading import Reading, known
from edge_components.runtime.status import ComponentStatus, read_statuses

VISION, PUBLISHER, OWN_NAME = "vision", "publisher", "fleet_agent"
_VERSIONS_CHARACTERS = DEVICE_HEALTH.column("component_versions").maximum_length
_OFF = "off"
_CONFIGURATION = " config refused"
_WELL = ("ok", "running")
PROVIDER_STEPS = "provider_steps"
"""No column: the whole sentences, for this device's own status and for who asks it once."""
CONFIGURATION_PROBLEMS = "configuration_problems"
"""No column either: why components work with another configuration than they were given."""
_CAMERA_VALUES = ("provider", "inference_milliseconds_p50", "inference_milliseconds_p95", "frames_per_second")


class ComponentsReader:
    """Versions and states of the components, and what vision says of its cameras.

    A device with several cameras reports the sum of their frames per second, and the inference times and the
    provider of the slowest.
    """

    name = "components"
    columns = (
        *("component_versions", "software_version", "cameras", "cameras_ok", "provider_note"),
        *_CAMERA_VALUES,
    )
    every_seconds = 5.0

    def __init__(self, folder: Path, own_version: str) -> None:
        self._folder = folder
        self._own_version = own_version

    def read(self) -> Reading:
        """Return all of it; the folder is empty where nothing else runs."""
        statuses = {**read_statuses(self._folder)}
        own_problem = _configuration_problem(statuses.pop(OWN_NAME, None))
        values: dict[str, Value] = {
            "component_versions": versions_text(
                statuses.values(), self._own_version, _CONFIGURATION if own_problem else ""
            ),
            "software_version": self._software_version(statuses),
        }
        problems = {name: _configuration_problem(status) for name, status in statuses.items()}
        told = [f"{name}: {text}" for name, text in {**problems, OWN_NAME: own_problem}.items() if text]
        if told:
            values[CONFIGURATION_PROBLEMS] = "; ".join(told)
        cannot: dict[str, str] = {}
        vision = statuses.get(VISION)
        if vision is None or vision.is_silent:
            reason = "vision does not run" if vision is None else "vision is silent"
            cannot = dict.fromkeys(("cameras", "cameras_ok", "provider_note", *_CAMERA_VALUES), reason)
            return Reading(values, cannot)
        cameras = camera_values(vision.details.get("cameras"))
        return Reading({**values, **cameras.values}, cameras.cannot)

    def _software_version(self, statuses: Mapping[str, ComponentStatus]) -> str:
        """Return vision's version: what makes the counts; this component's own where it does not run."""
        vision = statuses.get(VISION)
        return self._own_version if vision is None else vision.version


def versions_text(statuses: Iterable[ComponentStatus], own_version: str, own_trouble: str = "") -> str:
    """Return ``publisher silent, vision 1.0.0; fleet_agent 1.1.0``: a version once after all that have it.

    Versions with trouble stand first, and in each the components in trouble; cut at the column's length.
    """
    versions: dict[str, list[tuple[str, str]]] = {own_version: [(OWN_NAME, own_trouble)]}
    for status in statuses:
        versions.setdefault(status.version, []).append((status.component, _trouble(status)))
    groups = []
    for version, members in versions.items():
        ordered = sorted(members, key=lambda one: (not one[1], one[0]))
        names = ", ".join(name + trouble for name, trouble in ordered)
        groups.append((not ordered[0][1], ordered[0][0], f"{names} {version}"))
    text = "; ".join(group for *_, group in sorted(groups))
    return text if len(text) <= _VERSIONS_CHARACTERS else text[: _VERSIONS_CHARACTERS - 1] + "…"


def camera_values(cameras: object) -> Reading:
    """Return what vision's `cameras` tell of all of them together; nothing for what is no mapping.

    `provider_note` has a few words, `provider_steps` the whole sentences of what vision says.
    """
    found = (
        [camera for camera in cameras.values() if isinstance(camera, Mapping)]
        if isinstance(cameras, Mapping)
        else []
    )
    wanted = [camera for camera in found if camera.get("state") != _OFF]
    slowest = max(wanted, key=lambda one: _number(one, "inference_milliseconds_p95") or 0.0, default={})
    rates = [rate for camera in wanted if (rate := _number(camera, "frames_per_second")) is not None]
    provider = slowest.get("provider")
    values: dict[str, Value] = {
        "cameras": len(wanted),
        "cameras_ok": sum(_is_well(camera) for camera in wanted),
        "provider": provider if isinstance(provider, str) else None,
        "inference_milliseconds_p50": _number(slowest, "inference_milliseconds_p50"),
        "inference_milliseconds_p95": _number(slowest, "inference_milliseconds_p95"),
        "frames_per_second": sum(rates) if rates else None,
    }
    told = known(values, "no camera tells it")
    steps = steps_down(slowest)
    if not steps:
        reason = "the detector runs on the best provider of this device" if provider else "no camera tells it"
        return Reading(told.values, {**told.cannot, "provider_note": reason})
    return Reading(
        {**told.values, "provider_note": short_reason(steps), PROVIDER_STEPS: "; ".join(steps)}, told.cannot
    )


def waiting_of(folder: Path) -> tuple[int, int] | None:
    """Return the records and bytes that the publisher says wait, None while it is silent."""
    status = read_statuses(folder).get(PUBLISHER)
    spool = None if status is None or status.is_silent else status.details.get("spool")
    if not isinstance(spool, Mapping):
        return None
    rows, size_bytes = spool.get("waiting_records"), spool.get("waiting_bytes")
    return (rows, size_bytes) if isinstance(rows, int) and isinstance(size_bytes, int) else None


def _is_well(camera: Mapping[str, Any]) -> bool:
    """Return whether the camera is counted; a model that was not taken over leaves the old one at work."""
    problem = camera.get("problem")
    sees = camera.get("camera_state") in (None, "ok")
    return sees and camera.get("state") in _WELL and (not problem or problem == camera.get("model_problem"))


def _trouble(status: ComponentStatus) -> str:
    if status.is_silent:
        return " silent"
    if status.state == "failed":
        return " failed"
    return _CONFIGURATION if _configuration_problem(status) else ""


def _configuration_problem(status: ComponentStatus | None) -> str | None:
    """Return why a component does not work with the configuration that it was given."""
    if status is None or status.is_silent:
        return None
    problem = status.details.get("configuration_problem")
    return str(problem) if problem else None


def _number(camera: Mapping[str, Any], name: str) -> float | None:
    value = camera.get(name)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
