"""The store's work from a wanted version to the active one; at every step the old model is in force."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

from contract.errors import CrowdLensError, DiskFullError
from contract.model_manifest import PRECISIONS, ModelReference
from edge_components.model_store.bring import bring_package
from edge_components.model_store.device_facts import Device, DeviceProbe
from edge_components.model_store.engine_choice import Chosen
from edge_components.model_store.errors import (
    MissingVersionError,
    ModelRefusedError,
    ModelStoreError,
    NotNowError,
    SupersededError,
)
from edge_components.model_store.golden_process import GoldenRunner, run_golden
from edge_components.model_store.installed import (
    hardware_of,
    has_engine,
    is_installed,
    signature_problem,
)
from edge_components.model_store.packages import (
    Objects,
    Published,
    check_signature,
    finish_installs,
    installed_manifest,
    keep_signature,
    package_problem,
    read_published,
)
from edge_components.model_store.pointers import (
    ActiveModel,
    Refusal,
    mend_previous,
    read_active,
    read_previous,
    read_ready,
    read_refusals,
    utc_now,
    write_active,
    write_ready,
    write_refusal,
)
from edge_components.model_store.prune import prune, remove_leftovers
from edge_components.model_store.refusals import (
    anything,
    by_operator,
    check_refused,
    nothing,
    refused,
    remembering,
)
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
        with self._locked():
            return self._ensure(reference, nothing)

    def ensure_all(self) -> ActiveModel | None:
        """Make the wanted model active, and return it, and have the listed ones at hand.

        Raises what `ensure` raises, a refusal of the wanted model only after the listed ones.
        """
        active, refusal = None, None
        try:
            if self._settings.model is not None:
                active = self.ensure(self._settings.model)
        except ModelRefusedError as error:
            refusal = error
        self._forget_unlisted()
        for reference in self._settings.models:
            with self._locked():
                self._make_ready(reference)
        if refusal is not None:
            raise refusal
        return active

    def unsigned(self) -> list[str]:
        """Return what is said of models in use that are not signed as signingKey demands by now."""
        models = {str(model.reference): model for model in self._in_use()}
        problems = {
            name: signature_problem(self.folder, model, self._settings.signing_key)
            for name, model in models.items()
        }
        return [f"{name} runs on though {problem}" for name, problem in problems.items() if problem]

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
            previous = self._fit(previous)
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
            active = self._ensure(reference, anything)
            write_refusal(self.folder, reference, None)
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
            if model is not None and model.engine and not has_engine(self.folder, model):
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

    def _locked(self) -> AbstractContextManager[None]:
        return store_lock(self.folder, wait_seconds=LOCK_SECONDS, cancelled=self._cancelled, say=self._say)

    def _ensure(self, reference: ModelReference, ignored: Callable[[Refusal], bool]) -> ActiveModel:
        self._recover()
        device = self._probe.device()
        active = read_active(self.folder)
        if active is not None and active.reference == reference and self._is_usable(active, device):
            self._fetch_signature(active)
            return active
        published = self._published(reference, ignored)
        check_refused(self.folder, published, ignored)
        with remembering(self.folder, published):
            return self._activate(published, device)

    def _make_ready(self, reference: ModelReference) -> None:
        """Fetch and try a version that projects name; what an operator left out of force may be one."""
        self._recover()
        device = self._probe.device()
        ready, active = read_ready(self.folder), read_active(self.folder)
        for model in (ready.get(str(reference)), active):
            if model is not None and model.reference == reference and self._is_usable(model, device):
                self._fetch_signature(model)
                write_ready(self.folder, {**ready, str(reference): model}.values())
                return
        published = self._published(reference, by_operator)
        check_refused(self.folder, published, by_operator)
        with remembering(self.folder, published):
            model, _ = self._tried(published, device)
        write_ready(self.folder, {**ready, str(reference): model}.values())
        self._say(f"{reference} is ready for projects")

    def _forget_unlisted(self) -> None:
        names = set(map(str, self._settings.models))
        if read_ready(self.folder).keys() <= names:
            return
        with self._locked():
            ready = read_ready(self.folder)
            write_ready(self.folder, [model for name, model in ready.items() if name in names])

    def _in_use(self) -> list[ActiveModel]:
        models = (read_active(self.folder), *read_ready(self.folder).values())
        return [model for model in models if model is not None]

    def _fetch_signature(self, model: ActiveModel) -> None:
        """Fetch the signature of a model that came before one was demanded; without one it runs on."""
        if self._objects is None or signature_problem(self.folder, model, self._settings.signing_key) is None:
            return
        try:
            published = read_published(self._objects, model.reference, self._settings.signing_key)
            if is_installed(self.folder, model.reference, published):
                keep_signature(self.folder, published)
        except (ObjectStoreError, ModelStoreError):
            return

    def _fit(self, previous: ActiveModel) -> ActiveModel:
        """Return a model as it can run on this device now: nothing is built, but its golden picture is right.

        A TensorRT that does not answer is no reason to give up an engine. Raises `ModelStoreError`.
        """
        device = self._probe.device()
        is_silent = previous.engine is not None and device.tensorrt is None
        if is_silent or hardware_of(previous.made_for) == hardware_of(self._made_for(device)):
            return previous
        *_, precision = previous.made_for.split(", ")
        settings = replace(
            self._settings,
            engine="never" if "engine never" in previous.made_for else "optional",
            precision=precision if precision in PRECISIONS else self._settings.precision,
        )
        published = installed_manifest(self.folder.root / previous.package, previous.reference)
        try:
            chosen = self._trial(published, device, settings, may_build=False).run()
        except ModelRefusedError as error:
            raise ModelStoreError(f"model {previous.reference} cannot be put back: {error}") from error
        fitting = self._pointer(previous.reference, self.folder.package(previous.reference), chosen, device)
        if chosen.engine is not None:
            return fitting
        # What it was made for stays, so that the component builds its engine when it is configured.
        note = f"put back without an engine: its own is for {hardware_of(previous.made_for)}"
        return replace(fitting, note=note, made_for=previous.made_for)

    def _trial(
        self, published: Published, device: Device, settings: StoreSettings, *, may_build: bool = True
    ) -> Trial:
        return Trial(
            self.folder,
            published.manifest,
            settings,
            device,
            self._probe,
            self._say,
            self._cancelled,
            self._golden,
            may_build,
        )

    def _published(self, reference: ModelReference, ignored: Callable[[Refusal], bool]) -> Published:
        """Return the manifest, from the bucket where it can be asked, else from the installed package."""
        if self._objects is not None:
            try:
                return read_published(self._objects, reference, self._settings.signing_key)
            except (ObjectStoreError, MissingVersionError) as error:
                known = read_refusals(self.folder).get(str(reference))
                if known is not None and not ignored(known):
                    raise refused(known) from error
                if not is_installed(self.folder, reference):
                    raise
        if not is_installed(self.folder, reference):
            raise ModelStoreError(
                f"model {reference} is not on this device: expected a bucket to fetch it from"
            )
        installed = installed_manifest(self.folder.package(reference), reference)
        if self._settings.signing_key:
            key = self._settings.signing_key
            check_signature(reference, installed.content, installed.signature, key)
        return installed

    def _tried(self, published: Published, device: Device) -> tuple[ActiveModel, Chosen]:
        """Return a published version, fetched where it is not here, as its trial found it."""
        reference = published.manifest.reference
        if not is_installed(self.folder, reference, published):
            self._bring(published)
        keep_signature(self.folder, published)
        self._say("checking")
        trial = self._trial(published, device, self._settings)
        chosen = trial.run()
        self._check_wanted()
        return self._pointer(reference, trial.package, chosen, device), chosen

    def _activate(self, published: Published, device: Device) -> ActiveModel:
        reference = published.manifest.reference
        model, chosen = self._tried(published, device)
        self._say("activating")
        write_active(self.folder, model)
        self._say("activated")
        mend_previous(self.folder)
        write_refusal(self.folder, reference, None)
        prune(self.folder, self._settings.maximum_bytes, listed=self._settings.models)
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
            listed=self._settings.models,
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

    def _is_usable(self, model: ActiveModel, device: Device) -> bool:
        """Return whether the active model is whole and made for this device as it is now.

        A TensorRT that was there and does not answer now is no reason to give up its engine.
        """
        if not is_installed(self.folder, model.reference) or (
            model.engine and not has_engine(self.folder, model)
        ):
            return False
        is_silent = model.engine is not None and device.tensorrt is None
        return is_silent or model.made_for == self._made_for(device)

    def _check_wanted(self) -> None:
        if self._cancelled():
            raise SupersededError("another version is wanted by now, or the store shall stop")


def is_passing(error: CrowdLensError) -> bool:
    """Return whether trying again, later, may help."""
    return isinstance(error, NotNowError | ObjectStoreError | DiskFullError)
