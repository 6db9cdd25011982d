"""Where training keeps its files and how long it takes by default."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = ROOT / ".cache" / "training"
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

    cache: Path = CACHE
    training_repeats: tuple[int, ...] = (1, 3)
    """How often the pictures of each training folder come up in one round."""
    seed: int = 20261121
    minutes: float = 60.0
    examples: int = 150_000
    batch: int = 16
    peak_learning_rate: float = 2e-3
    weight_decay: float = 0.02
    validate_every_examples: int = 12_000
    patience_validations: int = 8
    threads: int = 1

    @property
    def folder(self) -> Path:
        """Return where checkpoints and the log go."""
        return self.cache / "person_demo"

    @property
    def training_data(self) -> tuple[Path, ...]:
        """Return the folders of pictures to learn from: varied ones and busy places."""
        return self.cache / "pictures" / "train", self.cache / "pictures" / "train_plaza"

    @property
    def validation_data(self) -> tuple[Path, ...]:
        """Return the folders of held-out pictures of the same kinds."""
        return self.cache / "pictures" / "held_out", self.cache / "pictures" / "held_out_plaza"
