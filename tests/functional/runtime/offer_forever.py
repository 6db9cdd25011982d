"""Stores frames of one value each, in changing sizes, as fast as it can: FOLDER CAMERA FIRST."""

from __future__ import annotations

import itertools
import json
import sys
import time
from pathlib import Path

import numpy as np

from edge_components.runtime.frame_file import FrameFile

SIZES = ((320, 240), (322, 240), (64, 48))


def main() -> None:
    path, first = Path(sys.argv[1]) / f"{sys.argv[2]}.frame", int(sys.argv[3])
    file: FrameFile | None = None
    for number in itertools.count(first):
        width, height = SIZES[number // 500 % len(SIZES)]
        if file is None or file.capacity != width * height * 3:
            file = FrameFile.make(path, width * height * 3)
        image = np.full((height, width, 3), number % 256, np.uint8)
        overlay = {"width": width, "height": height, "number": number, "padding": "x" * (number % 1000)}
        file.put(image, (width, height), json.dumps(overlay).encode(), number, time.monotonic_ns())
        if number == first:
            sys.stdout.write("offered\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
