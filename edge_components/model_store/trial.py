"""Tries an installed package on this device: description, ONNX file, engine, golden picture."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contract.model_manifest import MODEL_FILE, ModelManifest
from edge_components.model_store.device_facts import Device, DeviceProbe
from edge_components.model_store.engine_builder import MAXIMUM_ATTEMPTS, EngineBuilder
from edge_components.model_store.engine_choice import Chosen, EngineChoice
from edge_components.model_store.errors import BuildsCutOffError, CutOffError, ModelRefusedError
from edge_components.model_store.golden_process import GoldenOutcome, GoldenRunner
from edge_components.model_store.onnx_file import picture_input, read_onnx
from edge_components.model_store.pointers import count_attempt, end_attempt
from edge_components.model_store.settings import StoreSettings
from edge_components.model_store.store_folder import StoreFolder
from edge_components.runtime.inference.model_package import ModelPackage, ModelPackageError, read_package


@dataclass(frozen=True)
class Trial:
    """What a trial works with; `say` hears each step, `cancelled` may end it."""

    folder: StoreFolder
    manifest: ModelManifest
    settings: StoreSettings
    device: Device
    probe: DeviceProbe
    say: Callable[[str], None]
    cancelled: Callable[[], bool]
    golden: GoldenRunner
    may_build: bool = True

    @property
    def package(self) -> Path:
        """The package's folder."""
        return self.folder.package(self.manifest.reference)

    def run(self) -> Chosen:
        """Return the engine that passed, or none where ONNX Runtime passed.

        Raises `ModelRefusedError`, `NotNowError` for want of memory or a golden check that was cut off (which
        is counted: the third time it is a refusal), `SupersededError`.
        """
        described = self._described()
        builder = EngineBuilder(
            self.folder,
            self.probe,
            version=str(self.manifest.reference),
            limit_seconds=self.settings.build_seconds,
            cancelled=self.cancelled,
            say=self.say,
            may_build=self.may_build,
        )
        choice = EngineChoice(
            self.package,
            self.manifest,
            described.input.width,
            described.input.height,
            self.settings,
            self.device,
        )
        builds = self.device.tensorrt is not None and self.settings.engine != "never"
        if described.model_path.name != MODEL_FILE:
            return choice.choose_brought(self._golden)
        if builds and self.may_build and not read_onnx(described.model_path).needs_tensorrt:
            self._pass_by_itself()
        return choice.choose(builder, self._golden)

    def _described(self) -> ModelPackage:
        """Return the description, held against the ONNX file; raises `ModelRefusedError`."""
        reference = self.manifest.reference
        try:
            described = read_package(self.package)
            onnx = described.model_path
            if onnx.name == MODEL_FILE:
                picture_input(read_onnx(onnx), onnx.name, described.input.width, described.input.height)
        except (ModelPackageError, ModelRefusedError) as error:
            raise ModelRefusedError(f"model {reference}: {error}") from error
        return described

    def _pass_by_itself(self) -> None:
        """Refuse a model that is wrong without any engine, before minutes of building."""
        outcome = self._golden(None, "cpu")
        if not outcome.passed:
            raise ModelRefusedError(f"model {self.manifest.reference}: {outcome.reason}")

    def _golden(self, engine: Path | None, provider: str) -> GoldenOutcome:
        self.say(f"trying the golden picture on {provider}")
        key = f"golden check of {self.manifest.reference}"
        try:
            outcome = self.golden(
                self.package,
                engine=engine,
                provider=provider,
                limit_seconds=self.settings.golden_seconds,
                cancelled=self.cancelled,
            )
        except CutOffError as error:
            if count_attempt(self.folder, key) < MAXIMUM_ATTEMPTS:
                raise
            end_attempt(self.folder, key)
            raise BuildsCutOffError(f"{error}, {MAXIMUM_ATTEMPTS} times") from error
        end_attempt(self.folder, key)
        return outcome
