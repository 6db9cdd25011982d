"""The message that a camera publishes when its classifier has something to say."""

from __future__ import annotations

from contract.classification_message import ClassificationMessage
from contract.project import Project
from contract.scene import Scene
from edge_components.vision.classification import Classified


def message_of(seen: Classified, scene: Scene, project: Project, device: str) -> ClassificationMessage:
    """Return the message that tells of `seen`, for `contract.topics.classification_topic`."""
    return ClassificationMessage(
        site=scene.site,
        device=device,
        camera=scene.camera,
        time_zone=scene.time_zone,
        scene_version=scene.version,
        project=project.name,
        project_version=project.version,
        reason=seen.reason,
        clock_quality=seen.clock_quality,
        at_ms=seen.event_time_ms,
        answer=seen.answer,
        previous=seen.previous,
        labels=seen.labels,
    )
