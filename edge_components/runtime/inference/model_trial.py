"""One trial of the self test: a model, run one way, held against its golden picture and timed."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from contract.errors import CrowdLensError
from edge_components.runtime.inference.golden import check_golden, read_picture
from edge_components.runtime.inference.golden_file import read_golden
from edge_components.runtime.inference.machine_report import memory_mebibytes
from edge_components.runtime.inference.model_settings import DetectorSettings
from edge_components.runtime.inference.open_model import Model, open_model
from edge_components.runtime.inference.preprocess import Image
from edge_components.runtime.inference.provider_ladder import PROVIDERS

PASSED, FAILED, ABSENT = "passed", "failed", "not here"
WARM_UP_FRAMES = 5
MAXIMUM_SECONDS = 20.0
STAGES = ("preprocess", "infer", "postprocess", "whole")


@dataclass(frozen=True)
class Percentiles:
    """Milliseconds of one stage over the frames of a trial."""

    p50: float
    p95: float


@dataclass(frozen=True)
class Trial:
    """How a model did one way; `way` is what was asked for, `provider` what ran it.

    `outcome` is passed, failed, or not here: what the machine does not have is no failure, what it has and
    cannot use is one.
    """

    model: str
    way: str
    outcome: str
    reason: str | None = None
    provider: str = ""
    steps: tuple[str, ...] = ()
    frames: int = 0
    milliseconds: dict[str, Percentiles] = field(default_factory=dict)
    memory_mebibytes: float = 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return the trial for a report."""
        return asdict(self)


def try_model(folder: Path, way: str, *, frames: int, engine: Path | None = None, gpu: bool = False) -> Trial:
    """Open, check and time the package in `folder` by the provider `way`, or by `engine` when one is given.

    `gpu` says that the machine has an NVIDIA GPU, so that a provider that is built in has no excuse.
    """
    asked = "auto" if engine is not None else way
    settings = DetectorSettings(provider=asked)
    try:
        picture = read_picture(folder / read_golden(folder).picture)
        before = memory_mebibytes()
        model = open_model(folder, settings, engine=engine, engine_only=engine is not None)
    except CrowdLensError as error:
        return Trial(folder.name, way, FAILED, str(error))
    try:
        if engine is None and model.provider != PROVIDERS[asked][0]:
            return _absent(folder, way, model, gpu)
        return _timed(folder, way, model, picture, frames=frames, engine=engine, before=before)
    except CrowdLensError as error:
        return Trial(folder.name, way, FAILED, str(error), model.provider, model.provider_steps)
    finally:
        model.close()


def _absent(folder: Path, way: str, model: Model, gpu: bool) -> Trial:
    reason = model.provider_steps[0] if model.provider_steps else "not available"
    outcome = FAILED if gpu and "not built into" not in reason else ABSENT
    return Trial(folder.name, way, outcome, reason, "", model.provider_steps)


def _timed(
    folder: Path,
    way: str,
    model: Model,
    picture: Image,
    *,
    frames: int,
    engine: Path | None,
    before: float,
) -> Trial:
    times = _times(model, picture, frames)
    held = max(0.0, memory_mebibytes() - before)
    golden = check_golden(folder, engine=engine, provider="auto" if engine is not None else way)
    return Trial(
        folder.name,
        way,
        PASSED if golden.passed else FAILED,
        golden.reason,
        model.provider,
        model.provider_steps,
        len(times),
        {stage: _percentiles(times[:, column]) for column, stage in enumerate(STAGES)},
        round(held, 1),
    )


def _times(model: Model, picture: Image, frames: int) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return seconds (frames, stages) of each stage and their sum, after some frames that warm up."""
    buffer, rows = model.new_buffer(), []
    until = time.perf_counter() + MAXIMUM_SECONDS
    for number in range(WARM_UP_FRAMES + frames):
        start = time.perf_counter()
        prepared = model.preprocess(picture, buffer)
        ready = time.perf_counter()
        outputs = model.infer(prepared)
        inferred = time.perf_counter()
        model.postprocess(outputs, prepared)
        done = time.perf_counter()
        if number >= WARM_UP_FRAMES:
            rows.append((ready - start, inferred - ready, done - inferred, done - start))
        if rows and done > until:
            break
    return np.array(rows, np.float64)


def _percentiles(seconds: np.ndarray[Any, np.dtype[np.float64]]) -> Percentiles:
    p50, p95 = np.percentile(seconds * 1000, (50, 95))
    return Percentiles(round(float(p50), 3), round(float(p95), 3))
