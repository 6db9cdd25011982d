"""Where frames come from: files, folders, network cameras and cameras of the device, by one syntax."""

from edge_components.vision.sources.address import is_live, shown
from edge_components.vision.sources.frames import (
    Frame,
    Source,
    SourceDamagedError,
    SourceError,
    SourceInfo,
)
from edge_components.vision.sources.opening import check_source, open_source
from edge_components.vision.sources.secret import source_text

__all__ = [
    "Frame",
    "Source",
    "SourceDamagedError",
    "SourceError",
    "SourceInfo",
    "check_source",
    "is_live",
    "open_source",
    "shown",
    "source_text",
]
