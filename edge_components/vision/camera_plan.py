"""What a camera counts by: scene, project, model and settings together, and the analytics they make."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from contract.project import DETECTION, FACE, ProjectError
from contract.records import Record
from contract.scene import Scene
from edge_components.runtime.counting.analytics import SceneAnalytics
from edge_components.runtime.counting.tracked import TrackerSettings
from edge_components.vision.analysis_run import Analytics
from edge_components.vision.camera_documents import CameraDocuments
from edge_components.vision.classification import ClassificationAnalytics, Classified
from edge_components.vision.stages import FrameModel

Tell = Callable[[Classified], None]


@dataclass(frozen=True, eq=False)
class CameraPlan:
    """Everything that decides what a frame counts for; two plans are the same only as one object."""

    documents: CameraDocuments
    model: FrameModel
    window_seconds: float
    confidence: float | None

    def scene(self, width: int, height: int) -> Scene:
        """Return the scene in pixels of a frame, with the project's classes; raises `SceneError`.

        A classifier looks at the whole frame, of whatever aspect, so its scene has no geometry.
        """
        scene = self.documents.scene.scene
        project = None if self.documents.project is None else self.documents.project.project
        if project is not None and project.classifies:
            return replace(scene, frame_width=width, frame_height=height, zones=(), lines=(), ground=())
        if project is not None and project.classes:
            centred = tuple(name for name in scene.centred_classes if name in project.classes)
            scene = replace(scene, classes=project.classes, centred_classes=centred)
        return scene.scaled_to(width, height)

    def analytics(self, scene: Scene, tell: Tell | None = None) -> Analytics:
        """Return new analytics for a scene of `scene`; raises `SceneError` or `ProjectError`."""
        self._check_task()
        project = None if self.documents.project is None else self.documents.project.project
        if project is not None and project.classifies:
            return ClassificationAnalytics(scene, project, self.model.labels, tell=tell)
        self._check_classes()
        return SceneAnalytics(
            scene,
            labels=self.model.labels,
            window_seconds=self.window_seconds,
            tracker_settings=self.tracking(),
        )

    def follow(self, before: Analytics, scene: Scene, tell: Tell | None) -> tuple[Analytics, list[Record]]:
        """Return analytics that go on where `before` ends, and the last records of that."""
        document = self.documents.project
        project = None if document is None else document.project
        if isinstance(before, ClassificationAnalytics) and project is not None and project.classifies:
            self._check_task()
            return before.hand_over(scene, project, self.model.labels, tell=tell)
        if isinstance(before, SceneAnalytics) and not (project and project.classifies):
            self._check_classes()
            return before.hand_over(
                scene,
                labels=self.model.labels,
                window_seconds=self.window_seconds,
                tracker_settings=self.tracking(),
            )
        after = self.analytics(scene, tell)
        return after, before.close()

    def tracking(self) -> TrackerSettings:
        """Return the thresholds of tracks: the configuration's, else the project's, else the model's."""
        project = self.documents.project
        asked = None if project is None else project.project.output.minimum_probability
        sure = self.confidence or asked or self.model.confidence
        return TrackerSettings(
            high_confidence=sure,
            new_track_confidence=sure,
            low_confidence=min(TrackerSettings.low_confidence, sure),
        )

    def _check_task(self) -> None:
        project = self.documents.project
        wanted = (DETECTION, FACE) if project is None else (project.project.task,)
        wanted = (DETECTION, FACE) if wanted[0] in (DETECTION, FACE) else wanted
        task = task_of(self.model)
        if task not in wanted:
            raise ProjectError(
                f"model {self.model.name} is for {task}: expected one for {' or '.join(wanted)}"
            )

    def _check_classes(self) -> None:
        """Refuse a class of the project that the model lacks: it is the project's fault, not the scene's."""
        project = self.documents.project
        labels = self.model.labels
        for name in () if project is None else project.project.classes:
            if name not in labels:
                known = ", ".join(labels[:10]) + (", …" if len(labels) > 10 else "")
                raise ProjectError(
                    f"classes has {name!r}, which model {self.model.name} does not know: expected {known}"
                )


def task_of(model: FrameModel) -> str:
    """Return the task of a model's package."""
    package = getattr(model, "package", None)
    return DETECTION if package is None else str(package.task)
