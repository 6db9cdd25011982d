"""Trains the detector on rendered pictures; resumable, with early stopping (needs PyTorch)."""

from __future__ import annotations

import copy
import json
import logging
import math
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from training.arrays import Image
from training.augmentation import augment
from training.boxes import Detections, decode_yolo_v8, letterbox
from training.dataset import Example, read_dataset, read_datasets
from training.evaluate import Evaluation, evaluate, truth_of_rows
from training.loss import batch_loss
from training.model import PersonDetector
from training.settings import INPUT_HEIGHT, INPUT_WIDTH, WINDOW_HEIGHT, WINDOW_WIDTH, TrainingSettings

logger = logging.getLogger(__name__)
MOST_PEOPLE, MOST_IGNORED = 40, 20
WARM_UP_SHARE = 0.03
AVERAGE_DECAY = 0.9985


class Stream(Dataset):  # type: ignore[misc]  # torch is not in the product's environment
    """An endless, seeded order of augmented examples: item i is the same in every run."""

    def __init__(self, examples: list[Example], seed: int) -> None:
        self.examples = examples
        self.seed = seed

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return picture (3, H, W), people (M, 4), which rows are real (M,), and boxes to ignore (K, 4)."""
        cv2.setNumThreads(1)
        epoch, place = divmod(index, len(self.examples))
        order = np.random.default_rng([self.seed, epoch]).permutation(len(self.examples))
        example = self.examples[int(order[place])]
        generator = np.random.default_rng([self.seed, 1, index])
        picture, learnt, ignored = augment(
            generator,
            example.picture(),
            example.truth,
            window=(WINDOW_WIDTH, WINDOW_HEIGHT),
            whole=(INPUT_WIDTH, INPUT_HEIGHT),
        )
        people = torch.zeros(MOST_PEOPLE, 4)
        people[: len(learnt)] = torch.from_numpy(learnt[:MOST_PEOPLE])
        left_out = torch.full((MOST_IGNORED, 4), -1.0)
        left_out[: len(ignored)] = torch.from_numpy(ignored[:MOST_IGNORED])
        real = torch.arange(MOST_PEOPLE) < len(learnt)
        return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))), people, real, left_out


@dataclass
class Progress:
    """How far a run has come; saved with its checkpoint."""

    examples_seen: int = 0
    seconds: float = 0.0
    best: float = 0.0
    validations_without_gain: int = 0


class Trainer:
    """One training run in a folder.

    `last.pt` to resume from, `best.pt` with the best averaged weights, `log.jsonl`.
    """

    def __init__(self, settings: TrainingSettings) -> None:
        torch.set_num_threads(settings.threads)
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.network = PersonDetector(WINDOW_WIDTH, WINDOW_HEIGHT).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).eval()
        decayed = [item for item in self.network.parameters() if item.ndim > 1]
        plain = [item for item in self.network.parameters() if item.ndim <= 1]
        groups = [{"params": decayed}, {"params": plain, "weight_decay": 0.0}]
        self.optimiser = torch.optim.AdamW(groups, lr=1e-4, weight_decay=settings.weight_decay)
        self.progress = Progress()
        settings.folder.mkdir(parents=True, exist_ok=True)
        self._resume()

    @property
    def checkpoint(self) -> Path:
        """Return the file a run resumes from."""
        return self.settings.folder / "last.pt"

    def _resume(self) -> None:
        if not self.checkpoint.exists():
            return
        state: dict[str, Any] = torch.load(self.checkpoint, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.progress = Progress(**state["progress"])
        logger.info("resumed at %d examples", self.progress.examples_seen)

    def _save(self, path: Path) -> None:
        part = path.with_suffix(".part")
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "progress": asdict(self.progress),
        }
        torch.save(state, part)
        part.replace(path)

    def share_done(self) -> float:
        """Return how much of the budget is used, by examples or by minutes, whichever is more."""
        by_time = self.progress.seconds / (60 * self.settings.minutes)
        return min(1.0, max(self.progress.examples_seen / self.settings.examples, by_time))

    def _set_rate(self) -> None:
        share = self.share_done()
        warm = min(1.0, share / WARM_UP_SHARE + 0.02)
        rate = self.settings.peak_learning_rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * share)))
        for group in self.optimiser.param_groups:
            group["lr"] = rate

    def _step(self, batch: tuple[Tensor, Tensor, Tensor, Tensor]) -> dict[str, float]:
        pictures, people, real, ignored = batch
        pictures = pictures.float().to(memory_format=torch.channels_last)
        centres = (self.network.cells * self.network.strides)[0].T
        with torch.autocast("cpu", torch.bfloat16):
            raw = self.network.raw(pictures)
        loss, parts = batch_loss(
            raw,
            centres=centres,
            strides=self.network.strides[0, 0],
            people=people,
            real=real,
            ignored=ignored,
        )
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 10.0)
        self.optimiser.step()
        self._follow()
        return parts

    @torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not in the product's environment
    def _follow(self) -> None:
        steps = self.progress.examples_seen / self.settings.batch
        keep = AVERAGE_DECAY * (1 - math.exp(-steps / 300))
        for mine, theirs in zip(
            self.average.state_dict().values(), self.network.state_dict().values(), strict=True
        ):
            if mine.dtype.is_floating_point:
                mine.lerp_(theirs, 1 - keep)

    def run(self) -> float:
        """Train until the budget is used or validation stops gaining; return the best average precision."""
        settings = self.settings
        rounds = zip(settings.training_data, settings.training_repeats, strict=True)
        examples = [example for folder, repeats in rounds for example in read_dataset(folder) * repeats]
        stream = Stream(examples, settings.seed)
        held_out = read_datasets(self.settings.validation_data)
        order = range(self.progress.examples_seen, self.settings.examples)
        loader = DataLoader(
            stream,
            batch_size=self.settings.batch,
            sampler=order,
            num_workers=1,
            drop_last=True,
            prefetch_factor=6,
        )
        self.network.train()
        next_validation = self.progress.examples_seen + self.settings.validate_every_examples
        started = time.monotonic() - self.progress.seconds
        for batch in loader:
            self._set_rate()
            parts = self._step(batch)
            self.progress.examples_seen += len(batch[0])
            self.progress.seconds = time.monotonic() - started
            if self.progress.examples_seen % (self.settings.batch * 50) == 0:
                self._tell(parts)
            if self.progress.examples_seen >= next_validation or self.share_done() >= 1.0:
                next_validation = self.progress.examples_seen + self.settings.validate_every_examples
                if not self._validate(held_out) or self.share_done() >= 1.0:
                    return self.progress.best
        self._validate(held_out)
        return self.progress.best

    def _tell(self, parts: dict[str, float]) -> None:
        share = max(1e-6, self.share_done())
        left = self.progress.seconds / share * (1 - share)
        logger.info(
            "%d examples, box loss %.3f, score loss %.3f, %.1f examples per second, about %.0f min left",
            self.progress.examples_seen,
            parts["box"],
            parts["score"],
            self.progress.examples_seen / self.progress.seconds,
            left / 60,
        )

    def _validate(self, held_out: list[Example]) -> bool:
        """Measure and save; return False when there has been no gain for too long."""
        result = evaluate_network(self.average, held_out)
        self.progress.validations_without_gain += 1
        if result.average_precision > self.progress.best:
            self.progress.best, self.progress.validations_without_gain = result.average_precision, 0
            self._save(self.settings.folder / "best.pt")
        self._save(self.checkpoint)
        entry = {**asdict(self.progress), **asdict(result)}
        with (self.settings.folder / "log.jsonl").open("a") as log:
            log.write(json.dumps(entry) + "\n")
        logger.info(
            "held-out AP50 %.4f (best %.4f), recall %.3f, precision %.3f at 0.35",
            result.average_precision,
            self.progress.best,
            result.recall,
            result.precision,
        )
        return self.progress.validations_without_gain < self.settings.patience_validations


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not in the product's environment
def evaluate_network(
    network: PersonDetector, examples: list[Example], *, confidence: float = 0.35
) -> Evaluation:
    """Return the evaluation of a network on dataset examples, at the size it is exported for."""
    whole = PersonDetector(INPUT_WIDTH, INPUT_HEIGHT).to(memory_format=torch.channels_last)
    whole.load_state_dict(network.state_dict())
    whole.eval()

    def detect(picture: Image) -> Detections:
        boxed, scale = letterbox(picture, INPUT_WIDTH, INPUT_HEIGHT)
        pixels = torch.from_numpy(boxed.transpose(2, 0, 1)[None].astype(np.float32))
        output = whole(pixels.to(memory_format=torch.channels_last))[0].numpy()
        return decode_yolo_v8(output, scale=scale, confidence=0.02, overlap=0.6)

    pairs = ((example.picture(), truth_of_rows(example.truth)) for example in examples)
    return evaluate(pairs, detect, confidence=confidence)
