"""Where training keeps its files and how long it takes by default."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "training"
PICTURES = CACHE / "pictures"
PACKAGE_FOLDER = ROOT / "edge_components" / "vision" / "models" / "person_demo"
DEMO_FOLDER = ROOT / "examples" / "demo"
INPUT_WIDTH, INPUT_HEIGHT = 512, 288
"""What the exported model takes."""
WINDOW_WIDTH, WINDOW_HEIGHT = 384, 224
"""What is cut out of a picture, at the exported model's scale, to learn from."""


@dataclass(frozen=True)
class TrainingSettings:
    """Everything that decides a training run.

    The same settings and shards give the same schedule and order.
    """

    folder: Path = CACHE / "person_demo"
    training_data: tuple[Path, ...] = (PICTURES / "train", PICTURES / "train_plaza")
    training_repeats: tuple[int, ...] = (1, 3)
    """How often the pictures of each training folder come up in one round."""
    validation_data: tuple[Path, ...] = (PICTURES / "held_out", PICTURES / "held_out_plaza")
    seed: int = 20261121
    minutes: float = 60.0
    examples: int = 150_000
    batch: int = 16
    peak_learning_rate: float = 2e-3
    weight_decay: float = 0.02
    validate_every_examples: int = 12_000
    patience_validations: int = 8
    threads: int = 1
