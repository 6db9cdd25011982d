"""``python -m edge_components.runtime.inference.selftest``: what this machine is and how models run on it.

It prints a report to send back; exit status 1 when a model fails a check, 2 when nothing could be tried.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError
from edge_components.runtime.inference.machine_report import machine_facts, peak_memory_mebibytes
from edge_components.runtime.inference.model_package import DESCRIPTION_FILE, ENGINE_FILE, MODEL_FILE
from edge_components.runtime.inference.model_trial import FAILED, Trial, try_model

SHIPPED_MODELS = Path(__file__).parents[2] / "vision" / "models"
WAYS = ("cpu", "cuda", "tensorrt")
ENGINE_WAY = "engine"
DEFAULT_FRAMES = 100
ACTIVE_FILE = "active.json"
EXAMPLE = """examples:
  crowdlens selftest                                     the shipped models, every way this machine has
  crowdlens selftest --store /var/lib/crowdlens/models   and the model in force on this device, by its engine
  crowdlens selftest --model DIR --engine FILE --json    one package and its TensorRT engine"""


class SelfTestError(CrowdLensError):
    """Raised when there is nothing to try."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the self test to a command's parser."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--model", type=Path, action="append", help="package folder; without it those shipped"
    )
    parser.add_argument("--engine", type=Path, help="TensorRT engine of the one --model")
    parser.add_argument("--store", type=Path, help="model store of a device: tries the model in force, too")
    parser.add_argument("--frames", type=int, default=DEFAULT_FRAMES, help="frames to time")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> int:
    """Try what is asked for, write the report to standard output and return the exit status."""
    if not 1 <= arguments.frames <= 100_000:
        raise SelfTestError(f"--frames is {arguments.frames}: expected 1 to 100000")
    document = report(candidates(arguments.model, arguments.engine, arguments.store), arguments.frames)
    text = json.dumps(document, indent=2, ensure_ascii=False) if arguments.json else as_text(document)
    sys.stdout.write(text + "\n")
    return 0 if document["passed"] else 1


def candidates(
    models: Sequence[Path] | None, engine: Path | None, store: Path | None
) -> list[tuple[Path, Path | None]]:
    """Return the packages to try, each with its engine; raises `SelfTestError` when there is none."""
    folders = list(models or [])
    for folder in folders:
        if not folder.is_dir():
            reason = "is a file" if folder.exists() else "no such folder"
            raise SelfTestError(f"--model {folder}: {reason}; expected a package folder")
    if engine is not None and len(folders) != 1:
        raise SelfTestError(f"--engine {engine} needs its package: expected one --model beside it")
    if not folders and SHIPPED_MODELS.is_dir():
        folders = [path for path in sorted(SHIPPED_MODELS.iterdir()) if (path / DESCRIPTION_FILE).is_file()]
    found: list[tuple[Path, Path | None]] = [(folder, engine) for folder in folders]
    if store is not None:
        found.append(_active(store))
    if not found:
        raise SelfTestError(f"no model is in {SHIPPED_MODELS}: expected a package folder with --model")
    return found


def report(models: Sequence[tuple[Path, Path | None]], frames: int) -> dict[str, Any]:
    """Return the report of the machine and of every model by every way."""
    machine = machine_facts()
    trials = [trial for folder, engine in models for trial in _trials(folder, engine, frames, machine)]
    return {
        "made_at": datetime.now(tz=timezone.utc).isoformat(timespec="seconds"),
        "machine": machine,
        "trials": [trial.as_dict() for trial in trials],
        "peak_memory_mebibytes": round(peak_memory_mebibytes(), 1),
        "passed": all(trial.outcome != FAILED for trial in trials),
    }


def as_text(document: Mapping[str, Any]) -> str:
    """Return the report for a person."""
    lines = [f"CrowdLens self test, {document['made_at']}"]
    lines += [f"  {name:22} {_fact(value)}" for name, value in document["machine"].items()]
    for trial in document["trials"]:
        lines += ["", f"{trial['model']} by {trial['way']}: {trial['outcome']}"]
        lines += [f"  {step}" for step in trial["steps"]]
        if trial["reason"] and trial["reason"] not in trial["steps"]:
            lines.append(f"  {trial['reason']}")
        for stage, times in trial["milliseconds"].items():
            lines.append(f"  {stage:12} p50 {times['p50']:8.2f} ms   p95 {times['p95']:8.2f} ms")
        if trial["frames"]:
            memory = trial["memory_mebibytes"]
            lines.append(
                f"  {trial['provider']}, {trial['frames']} frames, {memory:.0f} MiB more than before"
            )
    peak = document["peak_memory_mebibytes"]
    ending = "everything that is here works" if document["passed"] else "something FAILED"
    return "\n".join([*lines, "", f"peak memory {peak:.0f} MiB; {ending}"])


def _fact(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {item}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return "-" if value is None else str(value)


def _trials(folder: Path, engine: Path | None, frames: int, machine: Mapping[str, Any]) -> Iterator[Trial]:
    gpu = bool(machine["nvidia_gpu"])
    if engine is None and (folder / ENGINE_FILE).is_file():
        engine = folder / ENGINE_FILE
    # A package may bring an engine alone, which nothing but TensorRT runs.
    for way in () if engine is not None and not (folder / MODEL_FILE).exists() else WAYS:
        yield try_model(folder, way, frames=frames, gpu=gpu)
    if engine is not None:
        yield try_model(folder, ENGINE_WAY, frames=frames, engine=engine, gpu=gpu)


def _active(store: Path) -> tuple[Path, Path | None]:
    path = store / ACTIVE_FILE
    try:
        document = json.loads(path.read_bytes())
        engine = document["engine"]
        return store / str(document["package"]), None if engine is None else store / str(engine)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SelfTestError(f"{path} cannot be read: expected the pointer of a model store in use") from error


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the self test from the command line and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m edge_components.runtime.inference.selftest",
        description=(__doc__ or "").splitlines()[0],
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    try:
        return run(parser.parse_args(arguments))
    except CrowdLensError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
