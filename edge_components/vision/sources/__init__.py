"""Where frames come from: video files, image folders, RTSP cameras and V4L2 devices, by one syntax."""

from edge_components.vision.sources.frames import (
    Frame,
    Source,
    SourceDamagedError,
    SourceError,
    SourceInfo,
)
from edge_components.vision.sources.opening import open_source

__all__ = ["Frame", "Source", "SourceDamagedError", "SourceError", "SourceInfo", "open_source"]
