"""Builds a TensorRT engine with trtexec, once: the next time the same one is wanted, it is there."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contract.files import write_whole
from edge_components.model_store.child_process import Finished, run_child
from edge_components.model_store.device_facts import Device, DeviceProbe, TensorRt
from edge_components.model_store.engine_command import (
    EngineJob,
    EngineSource,
    engine_key,
    shape_profile,
    trtexec_command,
)
from edge_components.model_store.errors import (
    BuildsCutOffError,
    ModelRefusedError,
    NotNowError,
    SupersededError,
    tells_of_memory,
)
from edge_components.model_store.onnx_file import picture_input, read_onnx
from edge_components.model_store.packages import sha256_of_file, sync_folder
from edge_components.model_store.pointers import count_attempt, end_attempt, utc_now
from edge_components.model_store.store_folder import StoreFolder

MAXIMUM_ATTEMPTS = 3
"""A version whose builds end with the device, each time, is not begun a fourth time."""
LARGEST_WORKSPACE_MIB, SMALL_WORKSPACE_MIB, LEAST_WORKSPACE_MIB = 1024, 512, 64
BUILDER_MIB = 400
"""What trtexec and CUDA are allowed for beside workspace and weights: an estimate, on no device measured."""
WEIGHT_COPIES = 3
FULL_BYTES = 32 * 2**20
"""A disk with less is full for an engine."""


class EngineBuildError(ModelRefusedError):
    """Raised when TensorRT cannot build the model; the text has its own words."""


@dataclass(frozen=True)
class Engine:
    """An engine in the store, at which precision, and a sentence on how it came to be."""

    path: Path
    precision: str
    note: str | None


class EngineBuilder:
    """Gives the engines of one version, `version`; `say` hears sentences about what goes on.

    One that may not build gives what was built before, and refuses else.
    """

    def __init__(
        self,
        folder: StoreFolder,
        probe: DeviceProbe,
        *,
        version: str,
        limit_seconds: float,
        cancelled: Callable[[], bool],
        say: Callable[[str], None],
        may_build: bool = True,
    ) -> None:
        self._folder, self._probe, self._version = folder, probe, version
        self._limit_seconds, self._cancelled, self._say = limit_seconds, cancelled, say
        self._may_build = may_build

    def engine(
        self, source: EngineSource, device: Device, tensorrt: TensorRt, width: int, height: int
    ) -> Engine:
        """Return the engine for `source`, built now unless it is there.

        Raises `EngineBuildError`, `BuildsCutOffError`, `ModelRefusedError`, `NotNowError` (memory) and
        `SupersededError`.
        """
        found = picture_input(read_onnx(source.onnx), source.onnx.name, width, height)
        profile = shape_profile(found, width, height)
        key = engine_key(_source_sha256(source), device, source.precision, profile)
        target = self._folder.engines / f"{key}.plan"
        if is_intact(target):
            return Engine(target, source.precision, source.note)
        if not self._may_build:
            raise ModelRefusedError(f"no {source.precision} engine of it is at hand for this device")
        workspace_mib = self._workspace_mib(source.onnx)
        building, cache = self._folder.engines / f".{key}.building", self._timing_cache(tensorrt)
        job = EngineJob(tensorrt, source, found, profile, workspace_mib, building, cache)
        self._count()
        self._say(f"building a {source.precision} engine with TensorRT {tensorrt.text}")
        self._build(job)
        self._keep(job, target, device)
        end_attempt(self._folder, self._version)
        return Engine(target, source.precision, _notes(source.note, _workspace_note(workspace_mib)))

    def _workspace_mib(self, onnx: Path) -> int:
        """Return TensorRT's scratch memory; raises `NotNowError` where a build would starve the device."""
        needed = BUILDER_MIB + WEIGHT_COPIES * (onnx.stat().st_size // 2**20 + 1)
        available = self._probe.memory_available_mib()
        if available < needed + LEAST_WORKSPACE_MIB:
            raise NotNowError(
                f"memory available is {available} MiB: building this engine needs "
                f"{needed + LEAST_WORKSPACE_MIB} MiB"
            )
        # Half of the rest: the cameras go on meanwhile.
        return max(LEAST_WORKSPACE_MIB, min(LARGEST_WORKSPACE_MIB, (available - needed) // 2))

    def _count(self) -> None:
        if count_attempt(self._folder, self._version) > MAXIMUM_ATTEMPTS:
            end_attempt(self._folder, self._version)
            raise BuildsCutOffError(
                f"{MAXIMUM_ATTEMPTS} builds of its engine were cut off, by lack of power or memory"
            )

    def _build(self, job: EngineJob) -> None:
        job.into.unlink(missing_ok=True)
        command = trtexec_command(job)
        nice = shutil.which("nice")
        try:
            finished = run_child(
                [nice, "-n", "10", *command] if nice else command,
                limit_seconds=self._limit_seconds,
                cancelled=self._cancelled,
            )
        except SupersededError:
            end_attempt(self._folder, self._version)
            raise
        except subprocess.TimeoutExpired as error:
            end_attempt(self._folder, self._version)
            raise EngineBuildError(f"building the engine took over {self._limit_seconds:g} s") from error
        except OSError as error:
            raise EngineBuildError(f"{job.tensorrt.trtexec} cannot be started: {error}") from error
        if finished.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL):
            raise NotNowError("building the engine was killed: the device was probably out of memory")
        is_there = job.into.is_file() and job.into.stat().st_size > 0
        if finished.returncode != 0 or not is_there:
            said = _said(finished)
            if not tells_of_memory(said):
                end_attempt(self._folder, self._version)
            self._check_room()
            if tells_of_memory(said):
                raise NotNowError(f"building the engine had too little memory: {said}")
            raise EngineBuildError(f"TensorRT {job.tensorrt.text} cannot build it: {said}")

    def _check_room(self) -> None:
        """Raise `NotNowError` where a build may have failed for want of room, whatever it said."""
        free = self._probe.disk_free_bytes(self._folder.root)
        if free < FULL_BYTES:
            raise NotNowError(
                f"building the engine failed with {free // 2**20} MiB free on the disk of {self._folder.root}"
            )

    def _keep(self, job: EngineJob, target: Path, device: Device) -> None:
        document = {
            "sha256": sha256_of_file(job.into),
            "bytes": job.into.stat().st_size,
            "source": job.source.onnx.name,
            "precision": job.source.precision,
            "tensorrt": job.tensorrt.text,
            "gpu": device.gpu,
            "jetpack": device.jetpack,
            "workspace_mib": job.workspace_mib,
            "built_at": utc_now(),
        }
        write_whole(target.with_suffix(".json"), json.dumps(document, indent=2) + "\n", durable=True)
        job.into.replace(target)
        sync_folder(target.parent)
        if job.timing_cache.is_file():
            job.timing_cache.replace(self._timing_file(job.tensorrt))

    def _timing_cache(self, tensorrt: TensorRt) -> Path:
        """Return a copy of the timing cache to work on: a build that is cut off may leave half a file."""
        copy = self._folder.engines / ".timing.building"
        copy.unlink(missing_ok=True)
        if self._timing_file(tensorrt).is_file():
            shutil.copyfile(self._timing_file(tensorrt), copy)
        return copy

    def _timing_file(self, tensorrt: TensorRt) -> Path:
        return self._folder.engines / f"{tensorrt.text}.timing"


def is_intact(engine: Path) -> bool:
    """Return whether an engine is the one that was built, byte for byte."""
    try:
        facts = json.loads(engine.with_suffix(".json").read_bytes())
        return bool(facts["sha256"] == sha256_of_file(engine))
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _source_sha256(source: EngineSource) -> str:
    digest = sha256_of_file(source.onnx)
    return digest if source.calibration is None else f"{digest}+{sha256_of_file(source.calibration)}"


def _said(finished: Finished) -> str:
    """Return trtexec's last error, else the last line of what it said."""
    lines = [" ".join(line.split()) for line in finished.output.splitlines() if line.strip()]
    if finished.returncode < 0:
        return f"trtexec crashed ({signal.Signals(-finished.returncode).name})"
    errors = [line for line in lines if "[E]" in line]
    last = errors[-1].partition("[E]")[2] if errors else (lines[-1] if lines else "it said nothing")
    return last.strip()[:240]


def _workspace_note(workspace_mib: int) -> str | None:
    if workspace_mib >= SMALL_WORKSPACE_MIB:
        return None
    return f"built with a workspace of only {workspace_mib} MiB for want of memory: it may be slower"


def _notes(*notes: str | None) -> str | None:
    return "; ".join(note for note in notes if note) or None
