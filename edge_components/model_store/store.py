"""The store's work from a wanted version to the active one; at every step the old model is in force."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from contract.errors import CrowdLensError, DiskFullError
from contract.model_manifest import ModelReference
from edge_components.model_store.bring import bring_package
from edge_components.model_store.device_facts import Device, DeviceProbe
from edge_components.model_store.engine_builder import is_intact
from edge_components.model_store.engine_choice import Chosen
from edge_components.model_store.errors import (
    MissingVersionError,
    ModelRefusedError,
    ModelStoreError,
    NotNowError,
    SupersededError,
)
from edge_components.model_store.golden_process import GoldenRunner, run_golden
from edge_components.model_store.packages import (
    Objects,
    Published,
    check_signature,
    finish_installs,
    installed_manifest,
    package_problem,
    read_published,
)
from edge_components.model_store.pointers import (
    ActiveModel,
    Refusal,
    mend_previous,
    read_active,
    read_previous,
    read_refusals,
    utc_now,
    write_active,
    write_refusal,
)
from edge_components.model_store.prune import prune, remove_leftovers
from edge_components.model_store.settings import StoreSettings
from edge_components.model_store.store_folder import StoreFolder
from edge_components.model_store.store_lock import store_lock
from edge_components.model_store.trial import Trial
from edge_components.runtime.object_store import ObjectStoreError

LOCK_SECONDS = 24 * 3600.0


def ignore(_: str) -> None:
    """Hear nothing."""


class ModelStore:
    """One device's models. `say` hears each step; `cancelled` is asked whether the result is still wanted."""

    def __init__(
        self,
        folder: Path,
        settings: StoreSettings,
        *,
        objects: Objects | None = None,
        probe: DeviceProbe | None = None,
        say: Callable[[str], None] = ignore,
        cancelled: Callable[[], bool] = lambda: False,
        golden: GoldenRunner = run_golden,
    ) -> None:
        self.folder = StoreFolder(folder)
        self._settings, self._objects = settings, objects
        self._probe = probe or DeviceProbe()
        self._say, self._cancelled, self._golden = say, cancelled, golden

    def ensure(self, reference: ModelReference) -> ActiveModel:
        """Make `reference` the active model, fetching and building what is missing, and return it.

        Raises `ModelRefusedError` (remembered), `MissingVersionError`, and for what may pass `NotNowError`,
        `ObjectStoreError` or `DiskFullError`. The active model changes as the last step alone.
        """
        with store_lock(self.folder, wait_seconds=LOCK_SECONDS, cancelled=self._cancelled, say=self._say):
            self._recover()
            device = self._probe.device()
            active = read_active(self.folder)
            if active is not None and active.reference == reference and self._is_usable(active, device):
                return active
            published = self._published(reference)
            self._check_refused(published)
            try:
                return self._activate(published, device)
            except ModelRefusedError as error:
                self._refuse(published, str(error))
                raise

    def roll_back(self, reason: str = "rolled back by an operator") -> ActiveModel:
        """Put the model before the active one back into force and return it; raises `ModelStoreError`.

        The version left is refused until an operator activates it again.
        """
        with store_lock(self.folder, wait_seconds=0):
            self._recover()
            active, previous = read_active(self.folder), read_previous(self.folder)
            if active is None or previous is None:
                raise ModelStoreError("there is no model before the active one: expected two activations")
            problem = package_problem(self.folder.root / previous.package, previous.reference)
            if problem is not None:
                raise ModelStoreError(f"model {previous.reference} cannot be put back: {problem}")
            write_refusal(self.folder, active.reference, self._operators_refusal(active, reason))
            self._say("activating")
            write_active(self.folder, previous)
            mend_previous(self.folder)
            write_refusal(self.folder, previous.reference, None)
            return previous

    def _operators_refusal(self, active: ActiveModel, reason: str) -> Refusal:
        try:
            package = self.folder.root / active.package
            digest = installed_manifest(package, active.reference).sha256
        except ModelRefusedError:
            digest = ""
        return Refusal(reason, digest, utc_now(), by_operator=True)

    def activate_by_operator(self, reference: ModelReference) -> ActiveModel:
        """Activate `reference` though it was refused before; the version left stays out until it is, too."""
        with store_lock(self.folder, wait_seconds=0):
            left = read_active(self.folder)
            write_refusal(self.folder, reference, None)
        active = self.ensure(reference)
        if left is not None and left.reference != reference:
            refusal = self._operators_refusal(left, f"an operator chose {reference}")
            write_refusal(self.folder, left.reference, refusal)
        return active

    def problems(self) -> dict[str, str]:
        """Return what is wrong with installed packages and the engines in use, by name."""
        found = {
            str(reference): problem
            for reference in self.folder.installed()
            if (problem := package_problem(self.folder.package(reference), reference))
        }
        for model in (read_active(self.folder), read_previous(self.folder)):
            if model is not None and model.engine and not self._has_engine(model):
                found[model.engine] = f"engine of {model.reference} is not the one that was built"
        return found

    # Steps

    def _recover(self) -> None:
        """Clear up after a process that was killed; a download stays, to be gone on with."""
        try:
            self.folder.make()
            finish_installs(self.folder)
            remove_leftovers(self.folder)
            mend_previous(self.folder)
        except OSError as error:
            raise NotNowError(f"the model store {self.folder.root} cannot be written: {error}") from error

    def _published(self, reference: ModelReference) -> Published:
        """Return the manifest, from the bucket where it can be asked, else from the installed package."""
        if self._objects is not None:
            try:
                return read_published(self._objects, reference, self._settings.signing_key)
            except (ObjectStoreError, MissingVersionError) as error:
                known = read_refusals(self.folder).get(str(reference))
                if known is not None:
                    raise ModelRefusedError(known.reason) from error
                if not self._is_installed(reference):
                    raise
        if not self._is_installed(reference):
            raise ModelStoreError(
                f"model {reference} is not on this device: expected a bucket to fetch it from"
            )
        installed = installed_manifest(self.folder.package(reference), reference)
        if self._settings.signing_key:
            key = self._settings.signing_key
            check_signature(reference, installed.content, installed.signature, key)
        return installed

    def _check_refused(self, published: Published) -> None:
        reference = published.manifest.reference
        known = read_refusals(self.folder).get(str(reference))
        if known is not None and known.manifest_sha256 in ("", published.sha256):
            raise ModelRefusedError(known.reason)

    def _refuse(self, published: Published, reason: str) -> None:
        reference = published.manifest.reference
        if str(reference) not in read_refusals(self.folder):
            write_refusal(self.folder, reference, Refusal(reason, published.sha256, utc_now()))

    def _activate(self, published: Published, device: Device) -> ActiveModel:
        reference = published.manifest.reference
        if not self._is_installed(reference, published):
            self._bring(published)
        self._say("checking")
        trial = Trial(
            self.folder,
            published.manifest,
            self._settings,
            device,
            self._probe,
            self._say,
            self._cancelled,
            self._golden,
        )
        chosen = trial.run()
        model = self._pointer(reference, trial.package, chosen, device)
        self._check_wanted()
        self._say("activating")
        write_active(self.folder, model)
        self._say("activated")
        mend_previous(self.folder)
        write_refusal(self.folder, reference, None)
        prune(self.folder, self._settings.maximum_bytes)
        self._say(f"{reference} is active, {chosen.outcome.milliseconds:.1f} ms on {chosen.outcome.provider}")
        return model

    def _bring(self, published: Published) -> None:
        if self._objects is None:
            raise ModelStoreError(f"model {published.manifest.reference} is not on this device")
        bring_package(
            self.folder,
            self._objects,
            published,
            maximum_bytes=self._settings.maximum_bytes,
            probe=self._probe,
            say=self._say,
            check_wanted=self._check_wanted,
        )

    def _pointer(
        self, reference: ModelReference, package: Path, chosen: Chosen, device: Device
    ) -> ActiveModel:
        engine = None if chosen.engine is None else str(chosen.engine.relative_to(self.folder.root))
        note = "; ".join(text for text in (chosen.note, chosen.outcome.provider_note) if text) or None
        return ActiveModel(
            reference,
            str(package.relative_to(self.folder.root)),
            engine,
            utc_now(),
            note,
            self._made_for(device),
        )

    def _made_for(self, device: Device) -> str:
        """Return everything an activation rests on beside the model."""
        tensorrt = f"TensorRT {device.tensorrt.text}" if device.tensorrt else "no TensorRT"
        settings = f"engine {self._settings.engine}, {self._settings.precision}"
        return ", ".join(part for part in (tensorrt, device.gpu, device.jetpack, settings) if part)

    def _is_installed(self, reference: ModelReference, published: Published | None = None) -> bool:
        """Return whether the package is here, whole, and (where given) the one that was published."""
        package = self.folder.package(reference)
        if reference not in set(self.folder.installed()) or package_problem(package, reference):
            return False
        return published is None or installed_manifest(package, reference).sha256 == published.sha256

    def _is_usable(self, model: ActiveModel, device: Device) -> bool:
        """Return whether the active model is whole and made for this device as it is now.

        A TensorRT that was there and does not answer now is no reason to give up its engine.
        """
        if not self._is_installed(model.reference) or (model.engine and not self._has_engine(model)):
            return False
        is_silent = model.engine is not None and device.tensorrt is None
        return is_silent or model.made_for == self._made_for(device)

    def _has_engine(self, model: ActiveModel) -> bool:
        engine = self.folder.root / str(model.engine)
        return engine.is_file() and (engine.parent != self.folder.engines or is_intact(engine))

    def _check_wanted(self) -> None:
        if self._cancelled():
            raise SupersededError("another version is wanted by now, or the store shall stop")


def is_passing(error: CrowdLensError) -> bool:
    """Return whether trying again, later, may help."""
    return isinstance(error, NotNowError | ObjectStoreError | DiskFullError)
