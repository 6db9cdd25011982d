"""What the demo runs on when the user names nothing: the sample clip, its scene and its true counts."""

from __future__ import annotations

from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"
SAMPLE_FOLDER = EXAMPLES / "demo"
SAMPLE_SOURCE = SAMPLE_FOLDER / "demo.mp4"
SAMPLE_SCENE = SAMPLE_FOLDER / "scene.yaml"
SAMPLE_TRUTH = SAMPLE_FOLDER / "truth_counts.json"
