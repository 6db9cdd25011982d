"""MQTT topics and shadow names, each spelled here and nowhere else."""

from __future__ import annotations

_ROOT = "crowdlens"


def alert_topic(site: str, device: str, camera: str) -> str:
    """Return the topic a camera's events are published on as they start and end."""
    return f"{_ROOT}/{site}/{device}/{camera}/alerts"


def classification_topic(site: str, device: str, camera: str) -> str:
    """Return the topic a camera's classifications are published on when they change."""
    return f"{_ROOT}/{site}/{device}/{camera}/classifications"


ALERT_TOPIC_FILTER = f"{_ROOT}/+/+/+/alerts"


def camera_shadow_name(camera: str) -> str:
    """Return the named shadow that points a camera to its scene."""
    return f"camera-{camera}"


def camera_shadow_topic(thing: str, camera: str, operation: str) -> str:
    """Return the topic of a camera's shadow for an `operation`, for example ``get/accepted``."""
    return f"$aws/things/{thing}/shadow/name/{camera_shadow_name(camera)}/{operation}"
