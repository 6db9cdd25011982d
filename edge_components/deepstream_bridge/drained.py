"""What `--drain` made of each stream of a folder, for a person and for a program."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_components.deepstream_bridge.stream import FollowedStream
from edge_components.deepstream_bridge.stream_counter import StreamCounter
from edge_components.runtime.counting.totals import LineTotals, ZoneTotals

DAMAGED = "damaged_lines"
DOUBTS = {
    DAMAGED: "lines damaged",
    "other_labels": "objects with a label that no class of the scene has",
    "lines_without_id": "objects without an id",
    "unfit_boxes": "boxes outside the picture",
    "late_files": "late files",
    "dropped_files": "files dropped unread",
    "app_restarts": "times the app began anew",
}


@dataclass(frozen=True)
class DrainedStream:
    """What came of a stream's files: `objects` is how many lines could be read, `doubts` what was odd."""

    stream: str
    camera: str
    files: int
    records: int
    objects: int
    tracks: int
    zones: ZoneTotals
    lines: LineTotals
    doubts: Mapping[str, int]

    @classmethod
    def of(cls, stream: FollowedStream, ended: StreamCounter) -> DrainedStream:
        """Return what a stream's ended count says."""
        totals, figures = ended.totals, stream.figures
        return cls(
            str(stream.key),
            ended.settings.scene.camera,
            figures.files,
            figures.records,
            ended.objects,
            totals.tracks,
            totals.zones,
            totals.lines,
            {name: count for name, count in ended.counts.items() if count},
        )

    @property
    def unreadable(self) -> bool:
        """Whether there were lines and none of them could be read."""
        return self.objects == 0 and self.doubts.get(DAMAGED, 0) > 0

    def as_dict(self) -> dict[str, Any]:
        """Return the stream for a program."""
        return {**vars(self), "doubts": dict(self.doubts), "unreadable": self.unreadable}

    def sentences(self) -> list[str]:
        """Return the stream for a person, a sentence a line."""
        said = [
            f"stream {self.stream}, camera {self.camera}: {self.files} files, {self.objects} objects, "
            f"{self.tracks} tracks, {self.records} records",
            *(f"  line {name}: {line['in']} in, {line['out']} out" for name, line in self.lines.items()),
            *(
                f"  zone {name}: {zone['mean']:.2f} on average, {zone['max']} at most; "
                f"{zone['entries']} came in, {zone['exits']} went out"
                for name, zone in self.zones.items()
            ),
            *(f"  doubtful: {count} {DOUBTS.get(name, name)}" for name, count in self.doubts.items()),
        ]
        return (
            [*said, f"  FAILED: no line of stream {self.stream} could be read"] if self.unreadable else said
        )
