"""The trtexec command that fits the TensorRT version at hand, and the model file it builds from.

Options as of NVIDIA's trtexec 8.6, 10.x and 11.x (samples/common/sampleOptions.cpp). TensorRT 11 has no
precision options: a network is strongly typed, so half precision comes from a model that ModelOpt AutoCast
wrote, and int8 from one with Q/DQ nodes. From 10.12 on the old options are deprecated, but work.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from contract.model_manifest import CALIBRATION_FILE, HALF_PRECISION_FILE, MODEL_FILE, QUANTISED_FILE
from edge_components.model_store.device_facts import Device, TensorRt
from edge_components.model_store.errors import ModelRefusedError
from edge_components.model_store.onnx_file import OnnxInput, read_onnx

BATCHES = (1, 4, 16)
"""Smallest, usual and largest batch of a model that leaves its batch open."""
_STRONGLY_TYPED_SINCE = 11
_OLDEST = (8, 6, 0)


@dataclass(frozen=True)
class EngineSource:
    """What an engine is built from, at which precision it is, and a sentence where that is not as asked."""

    onnx: Path
    precision: str
    calibration: Path | None = None
    note: str | None = None


ShapeProfile = tuple[tuple[int, int, int, int], ...]
"""Smallest, usual and largest shape (N, C, H, W); empty for a model that leaves nothing open."""


@dataclass(frozen=True)
class EngineJob:
    """Everything a build needs; `workspace_mib` is TensorRT's scratch memory."""

    tensorrt: TensorRt
    source: EngineSource
    input: OnnxInput
    profile: ShapeProfile
    workspace_mib: int
    into: Path
    timing_cache: Path


def choose_source(package: Path, precision: str, tensorrt: TensorRt) -> EngineSource:
    """Return what to build for `precision` (fp32, fp16, int8); raises `ModelRefusedError`."""
    if tensorrt.version < _OLDEST:
        raise ModelRefusedError(f"TensorRT is {tensorrt.text}: expected 8.6 or newer")
    is_strongly_typed = tensorrt.version[0] >= _STRONGLY_TYPED_SINCE
    model = package / MODEL_FILE
    if precision == "int8":
        return _quantised(package, model, is_strongly_typed)
    if precision == "fp16" and is_strongly_typed:
        half = package / HALF_PRECISION_FILE
        if half.is_file():
            return EngineSource(half, "fp16")
        return EngineSource(
            model,
            "fp32",
            note=f"TensorRT {tensorrt.text} takes precision from the model alone and the package has no "
            f"{HALF_PRECISION_FILE} (modelopt.onnx.autocast writes it): built as the model is",
        )
    return EngineSource(model, precision)


def _quantised(package: Path, model: Path, is_strongly_typed: bool) -> EngineSource:
    quantised = package / QUANTISED_FILE
    if quantised.is_file():
        return EngineSource(quantised, "int8")
    if read_onnx(model).is_quantised:
        return EngineSource(model, "int8")
    calibration = package / CALIBRATION_FILE
    if calibration.is_file() and not is_strongly_typed:
        return EngineSource(model, "int8", calibration)
    usable = QUANTISED_FILE if is_strongly_typed else f"{QUANTISED_FILE} or {CALIBRATION_FILE}"
    raise ModelRefusedError(
        f"precision is int8 but nothing says how to quantise the model: expected {usable} in its package"
    )


def trtexec_command(job: EngineJob) -> list[str]:
    """Return the command line that builds `job`'s engine."""
    command = [
        str(job.tensorrt.trtexec),
        f"--onnx={job.source.onnx}",
        f"--saveEngine={job.into}",
        f"--timingCacheFile={job.timing_cache}",
        # Without a unit it is MiB in every version; 8.6 knows no units.
        f"--memPoolSize=workspace:{job.workspace_mib}",
        "--skipInference",
    ]
    if job.tensorrt.version[0] < _STRONGLY_TYPED_SINCE:
        command += _precision_options(job.source)
    return command + _shape_options(job)


def _precision_options(source: EngineSource) -> list[str]:
    options = {"fp32": [], "fp16": ["--fp16"], "int8": ["--int8", "--fp16"]}[source.precision]
    return options + ([f"--calib={source.calibration}"] if source.calibration else [])


def _shape_options(job: EngineJob) -> list[str]:
    if not job.profile:
        return []
    # splitNameAndValue() of trtexec takes what lies in single quotes as the name, colons and all.
    name = f"'{job.input.name}'" if ":" in job.input.name else job.input.name
    return [
        f"--{option}={name}:{'x'.join(map(str, shape))}"
        for option, shape in zip(("minShapes", "optShapes", "maxShapes"), job.profile, strict=True)
    ]


def shape_profile(found: OnnxInput, width: int, height: int) -> ShapeProfile:
    """Return the profile of a model that leaves a side open; trtexec refuses one for fixed shapes."""
    if None not in found.shape:
        return ()
    fixed = found.shape[0]
    batches = BATCHES if fixed is None else (fixed, fixed, fixed)
    return tuple((batch, 3, height, width) for batch in batches)


def engine_key(model_sha256: str, device: Device, precision: str, profile: ShapeProfile) -> str:
    """Return the name of an engine: everything it depends on, digested."""
    version = device.tensorrt.text if device.tensorrt else ""
    return hashlib.sha256(
        json.dumps([model_sha256, version, device.gpu, device.jetpack, precision, profile]).encode()
    ).hexdigest()[:24]
