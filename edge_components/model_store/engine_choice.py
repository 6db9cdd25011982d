"""Which engine, if any, runs a model on this device: the fastest precision whose golden picture is right."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from contract.model_manifest import ENGINE_FACTS_FILE, ENGINE_FILE, MODEL_FILE, ModelManifest
from edge_components.model_store.device_facts import Device, TensorRt
from edge_components.model_store.engine_builder import Engine
from edge_components.model_store.engine_command import EngineSource, choose_source
from edge_components.model_store.errors import BuildsCutOffError, ModelRefusedError
from edge_components.model_store.golden_process import GoldenOutcome
from edge_components.model_store.settings import StoreSettings

_LADDER = {"int8": ("int8", "fp16", "fp32"), "fp16": ("fp16", "fp32"), "fp32": ("fp32",)}
Golden = Callable[[Path | None, str], GoldenOutcome]


class Builder(Protocol):
    """What of `EngineBuilder` is used."""

    def engine(
        self, source: EngineSource, device: Device, tensorrt: TensorRt, width: int, height: int
    ) -> Engine:
        """Return an engine for `source`."""
        ...


@dataclass(frozen=True)
class Chosen:
    """An engine that passed the golden check (None: ONNX Runtime runs the model), its check, and notes."""

    engine: Path | None
    outcome: GoldenOutcome
    note: str | None


@dataclass(frozen=True)
class EngineChoice:
    """What the choice rests on; `width` and `height` are model.yaml's."""

    package: Path
    manifest: ModelManifest
    width: int
    height: int
    settings: StoreSettings
    device: Device

    def choose(self, builder: Builder, golden: Golden) -> Chosen:
        """Return the best engine that passes; raises `ModelRefusedError` when none does."""
        tensorrt = self.device.tensorrt
        if self.settings.engine == "never" or tensorrt is None:
            return self._without(golden, self.device.reason if self.settings.engine != "never" else None)
        notes: list[str] = []
        brought = self._brought(tensorrt, golden, notes)
        if brought is not None:
            return brought
        for precision in self._precisions(notes):
            try:
                chosen = self._built(precision, tensorrt, builder, golden)
            except ModelRefusedError as error:
                notes.append(f"{precision}: {error}")
                if isinstance(error, BuildsCutOffError):
                    break
                continue
            return Chosen(chosen.engine, chosen.outcome, _joined(*notes, chosen.note))
        if self.settings.engine == "optional":
            return self._without(golden, _joined(*notes))
        raise ModelRefusedError(f"model {self.manifest.reference}: {_joined(*notes)}")

    def choose_brought(self, golden: Golden) -> Chosen:
        """Return the engine of a package that has nothing else; raises `ModelRefusedError`."""
        notes = [f"it has no {MODEL_FILE}"]
        tensorrt = self.device.tensorrt
        if tensorrt is None:
            notes.append(f"{self.device.reason}, so nothing tells whether its engine fits")
        brought = self._brought(tensorrt, golden, notes) if tensorrt else None
        if brought is None:
            raise ModelRefusedError(f"model {self.manifest.reference}: {_joined(*notes)}")
        return brought

    def _built(self, precision: str, tensorrt: TensorRt, builder: Builder, golden: Golden) -> Chosen:
        source = choose_source(self.package, precision, tensorrt)
        engine = builder.engine(source, self.device, tensorrt, self.width, self.height)
        outcome = golden(engine.path, "tensorrt")
        if not outcome.passed:
            raise ModelRefusedError(str(outcome.reason))
        return Chosen(engine.path, outcome, engine.note)

    def _without(self, golden: Golden, note: str | None) -> Chosen:
        outcome = golden(None, "auto")
        if not outcome.passed:
            raise ModelRefusedError(f"model {self.manifest.reference}: {outcome.reason}")
        return Chosen(None, outcome, note)

    def _precisions(self, notes: list[str]) -> tuple[str, ...]:
        """Return the precisions to try in turn; int8 only where its measured accuracy is good enough."""
        wanted = self.settings.precision
        objection = self._int8_objection() if wanted == "int8" else None
        if objection is None:
            return _LADDER[wanted]
        notes.append(objection)
        return _LADDER["fp16"]

    def _int8_objection(self) -> str | None:
        measured = self.manifest.accuracy
        whole = measured.get("fp32", measured.get("fp16"))
        if "int8" not in measured or whole is None:
            return "int8: the manifest has no accuracy of int8 and fp32, so fp16 is used"
        if whole - measured["int8"] > self.settings.int8_maximum_loss:
            return (
                f"int8: accuracy is {measured['int8']:g} against {whole:g}, a loss of over "
                f"{self.settings.int8_maximum_loss:g}, so fp16 is used"
            )
        return None

    def _brought(self, tensorrt: TensorRt, golden: Golden, notes: list[str]) -> Chosen | None:
        """Return the package's own engine where it was built for this very kind of device and passes."""
        engine = self.package / ENGINE_FILE
        if not engine.is_file():
            return None
        facts = _facts(self.package / ENGINE_FACTS_FILE)
        here = {"tensorrt": tensorrt.text, "gpu": self.device.gpu}
        different = next((name for name in here if facts.get(name) != here[name]), None)
        if different is not None:
            built_for = f"{different} {facts.get(different)!r}"
            notes.append(f"the package's own engine is for {built_for}, not {here[different]!r}")
            return None
        outcome = golden(engine, "tensorrt")
        if outcome.passed:
            return Chosen(engine, outcome, "the package's own engine")
        notes.append(f"the package's own engine: {outcome.reason}")
        return None


def _facts(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _joined(*notes: str | None) -> str | None:
    return "; ".join(note for note in notes if note) or None
