"""A plain sequential loop of OpenCV, ONNX Runtime, supervision and trackers, as its users write it.

Run by bench_pipeline.py with the Python of ``.tools/bench``: ``peer_loop.py MODEL CLIP``. For each line on
standard input it processes the clip once and writes one JSON object. YOLOX models only.
"""

from __future__ import annotations

import json
import sys
import time

import cv2
import numpy as np
import onnxruntime
import supervision
from trackers import ByteTrackTracker

CONFIDENCE, OVERLAP, PERSON = 0.3, 0.45, 0


def grid(side: int) -> tuple[np.ndarray, np.ndarray]:
    origins, strides = [], []
    for stride in (8, 16, 32):
        columns, rows = np.meshgrid(np.arange(side // stride), np.arange(side // stride))
        cells = np.stack((columns, rows), 2).reshape(-1, 2)
        origins.append(cells)
        strides.append(np.full((len(cells), 1), stride))
    return np.concatenate(origins), np.concatenate(strides)


def preprocess(frame: np.ndarray, side: int) -> tuple[np.ndarray, float]:
    """YOLOX's own preproc (demo/ONNXRuntime)."""
    padded = np.full((side, side, 3), 114, np.uint8)
    scale = min(side / frame.shape[0], side / frame.shape[1])
    width, height = int(frame.shape[1] * scale), int(frame.shape[0] * scale)
    padded[:height, :width] = cv2.resize(frame, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.ascontiguousarray(padded.transpose(2, 0, 1), dtype=np.float32)[None], scale


def decode(
    output: np.ndarray, origins: np.ndarray, strides: np.ndarray, scale: float
) -> supervision.Detections:
    centres = (output[:, :2] + origins) * strides
    sizes = np.exp(output[:, 2:4]) * strides
    boxes = np.concatenate((centres - sizes / 2, centres + sizes / 2), axis=1) / scale
    scores = output[:, 4:5] * output[:, 5:]
    class_ids, confidences = scores.argmax(1), scores.max(1)
    keep = (confidences > CONFIDENCE) & (class_ids == PERSON)
    found = supervision.Detections(xyxy=boxes[keep], confidence=confidences[keep], class_id=class_ids[keep])
    return found.with_nms(threshold=OVERLAP)


def run(session: onnxruntime.InferenceSession, clip: str) -> dict[str, float]:
    name, side = session.get_inputs()[0].name, session.get_inputs()[0].shape[2]
    origins, strides = grid(side)
    capture = cv2.VideoCapture(clip)
    middle = capture.get(cv2.CAP_PROP_FRAME_WIDTH) / 2
    bottom = capture.get(cv2.CAP_PROP_FRAME_HEIGHT)
    tracker = ByteTrackTracker(frame_rate=capture.get(cv2.CAP_PROP_FPS))
    line = supervision.LineZone(supervision.Point(middle, 0), supervision.Point(middle, bottom))
    started, frames = time.perf_counter(), 0
    while True:
        ok, frame = capture.read()
        if not ok:
            break
        tensor, scale = preprocess(frame, side)
        output = session.run(None, {name: tensor})[0][0]
        line.trigger(tracker.update(decode(output, origins, strides, scale)))
        frames += 1
    seconds = time.perf_counter() - started
    return {"frames": frames, "seconds": seconds, "in": line.in_count, "out": line.out_count}


def main() -> None:
    model, clip = sys.argv[1:3]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    for _ in sys.stdin:
        sys.stdout.write(json.dumps(run(session, clip)) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
