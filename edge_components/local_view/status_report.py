"""How the device is, from what its components say of themselves; what is old is said to be old."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.frame_share import FrameShare
from edge_components.runtime.status import ComponentStatus, read_statuses
from edge_components.runtime.time_sync import BELIEVED, probe_time_sync

VISION = "vision"
ENDED = "ended"
"""The state of a camera whose source has come to its end: a file, or a folder of pictures."""
_TELLERS = ("publisher", "fleet_agent", VISION)
"""Who is asked for a reading, the best informed first: the publisher has the spool open."""
_DEPTH = 3
_THERMAL = Path("/sys/class/thermal")
_CAMERA_KEYS = (
    *("state", "camera_state", "problem", "source", "frames_per_second", "skipped_frames", "answer"),
    *("provider", "provider_note", "provider_steps", "model", "scene_version"),
    *("inference_milliseconds_p50", "inference_milliseconds_p95", "zones", "lines"),
)

Statuses = Mapping[str, ComponentStatus]
Reading = dict[str, Any]


def status_document(
    folders: DeviceFolders, device: str, viewers: Mapping[str, int], *, thermal: Path = _THERMAL
) -> dict[str, Any]:
    """Return what the status page shows, as JSON; ages are in seconds."""
    statuses = read_statuses(folders.status)
    return {
        "device": device,
        "at": datetime.now(tz=timezone.utc).isoformat(timespec="seconds"),
        "viewers": dict(viewers),
        "cameras": _cameras(statuses.get(VISION), FrameShare.cameras(folders.view)),
        "readings": {
            "cpu_celsius": _told(statuses, "cpu_celsius") or _temperature(thermal),
            "gpu_celsius": _told(statuses, "gpu_celsius"),
            "cpu_percent": _told(statuses, "cpu_percent"),
            "spool_rows": _told(statuses, "waiting_records") or _told(statuses, "spool_rows"),
            "spool_bytes": _told(statuses, "waiting_bytes") or _spool_bytes(folders.spool),
            "dropped_records": _told(statuses, "dropped_records"),
            "clock": _clock(),
        },
        "components": _components(statuses),
    }


def camera_names(folders: DeviceFolders) -> list[str]:
    """Return the cameras that can be asked for: those that vision tells of, and those that share frames."""
    shared = FrameShare.cameras(folders.view)
    told = _vision_cameras(read_statuses(folders.status).get(VISION))
    return sorted({*shared, *told})


def gives_pictures(folders: DeviceFolders, camera: str) -> bool:
    """Return whether pictures of `camera` are worth waiting for: it shares some and has not ended."""
    told = _vision_cameras(read_statuses(folders.status).get(VISION)).get(camera, {})
    return camera in FrameShare.cameras(folders.view) and told.get("state") != ENDED


def _cameras(vision: ComponentStatus | None, shared: list[str]) -> list[dict[str, Any]]:
    told = _vision_cameras(vision)
    is_old = vision is None or vision.is_silent
    return [
        {
            "name": name,
            "has_picture": name in shared and told.get(name, {}).get("state") != ENDED,
            "is_old": is_old,
            "age_seconds": None if vision is None else _age(vision),
            **{key: told.get(name, {}).get(key) for key in _CAMERA_KEYS},
        }
        for name in sorted({*told, *shared})
    ]


def _vision_cameras(vision: ComponentStatus | None) -> Mapping[str, Mapping[str, Any]]:
    cameras = {} if vision is None else vision.details.get("cameras")
    if not isinstance(cameras, Mapping):
        return {}
    return {name: camera for name, camera in cameras.items() if isinstance(camera, Mapping)}


def _components(statuses: Statuses) -> list[dict[str, Any]]:
    """Return what each component tells; vision is there also when it tells nothing, since all wait for it."""
    found = [_component(status) for status in statuses.values()]
    if VISION not in statuses:
        untold = dict.fromkeys(("version", "reason", "problem", "age_seconds"))
        found.append({**untold, "name": VISION, "state": "untold", "is_old": False})
    return sorted(found, key=lambda one: str(one["name"]))


def _component(status: ComponentStatus) -> dict[str, Any]:
    return {
        "name": status.component,
        "version": status.version,
        "state": status.state,
        "reason": status.reason,
        "problem": status.details.get("configuration_problem"),
        "is_old": status.is_silent,
        "age_seconds": _age(status),
    }


def _age(status: ComponentStatus) -> float | None:
    """Return the age, None for a status of an earlier boot."""
    return None if status.age_seconds == float("inf") else round(status.age_seconds, 1)


def _told(statuses: Statuses, key: str) -> Reading | None:
    """Return the value of `key` by the first component that tells one."""
    for component in _TELLERS:
        status = statuses.get(component)
        value = None if status is None else next(_values(status.details, key, _DEPTH), None)
        if status is not None and value is not None:
            return {
                "value": value,
                "from": component,
                "is_old": status.is_silent,
                "age_seconds": _age(status),
            }
    return None


def _values(details: Mapping[str, Any], key: str, depth: int) -> Iterator[float]:
    found = details.get(key)
    if isinstance(found, (int, float)) and not isinstance(found, bool):
        yield found
    for inner in details.values() if depth > 1 else ():
        if isinstance(inner, Mapping):
            yield from _values(inner, key, depth - 1)


def _own(value: float | int | str) -> Reading:
    return {"value": value, "from": "local_view", "is_old": False, "age_seconds": 0.0}


def _temperature(thermal: Path) -> Reading | None:
    """Return the hottest of the kernel's thermal zones in °C; None on a machine that has none."""
    found: list[float] = []
    for path in thermal.glob("thermal_zone*/temp"):
        try:
            found.append(int(path.read_text(encoding="ascii")) / 1000)
        except (OSError, ValueError):
            # A zone whose sensor sleeps answers with an error.
            continue
    plausible = [celsius for celsius in found if -40 < celsius < 150]
    return _own(round(max(plausible), 1)) if plausible else None


def _spool_bytes(spool: Path) -> Reading | None:
    """Return how much the spool's files hold; None where there is no spool."""
    sizes: list[int] = []
    for path in (spool, spool.with_name(f"{spool.name}-wal")):
        try:
            sizes.append(path.stat().st_size)
        except OSError:
            continue
    return _own(sum(sizes)) if sizes else None


def _clock() -> Reading:
    verdict = probe_time_sync(round(time.time() * 1000))
    told = "synced" if verdict.synchronised else "unsynced"
    return {**_own("believed" if verdict.evidence == BELIEVED else told), "evidence": verdict.evidence}
