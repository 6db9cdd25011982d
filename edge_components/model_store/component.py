"""The model store as a component: brings in the wanted version, and says what came of it."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any

from contract.errors import CrowdLensError
from contract.model_manifest import MANIFEST_FILE, MAXIMUM_MANIFEST_BYTES, ModelReference
from edge_components.model_store.device_facts import DeviceProbe
from edge_components.model_store.errors import OutByOperatorError, SupersededError
from edge_components.model_store.golden_process import GoldenRunner, run_golden
from edge_components.model_store.packages import Objects
from edge_components.model_store.pointers import read_active, read_previous, read_ready, read_refusals
from edge_components.model_store.settings import StoreSettings, settings_of
from edge_components.model_store.store import ModelStore, is_passing
from edge_components.model_store.store_folder import StoreFolder
from edge_components.runtime.component import ComponentContext
from edge_components.runtime.component_config import ComponentConfigError
from edge_components.runtime.object_store import ObjectStore, ObjectStoreError

logger = logging.getLogger(__name__)

_FIRST_RETRY_SECONDS, _LONGEST_RETRY_SECONDS = 5.0, 300.0
_STOP_SECONDS = 3.0
_NO_CLOCK_BEFORE = datetime(2025, 1, 1, tzinfo=timezone.utc)


class ModelStoreComponent:
    """Works on one thread of its own; a new configuration breaks off what the old one asked for."""

    name = "model_store"

    def __init__(
        self,
        *,
        make_objects: Callable[[str], Objects] = ObjectStore,
        probe: DeviceProbe | None = None,
        golden: GoldenRunner = run_golden,
        first_retry_seconds: float = _FIRST_RETRY_SECONDS,
    ) -> None:
        self._make_objects, self._probe = make_objects, probe or DeviceProbe()
        self._first_retry_seconds, self._golden = first_retry_seconds, golden
        self._condition = threading.Condition()
        self._settings: StoreSettings | None = None
        self._generation = 0
        self._stopping = False
        self._step = ""
        self._unsigned: list[str] | None = None
        self._context: ComponentContext | None = None
        self._thread = threading.Thread(target=self._run, name="model-store", daemon=True)

    def settings(self, configuration: Mapping[str, Any]) -> StoreSettings:
        """Return typed settings; raises `ComponentConfigError`, also for a version known to fail here."""
        settings = settings_of(configuration)
        if self._context is None or settings.bucket is None:
            return settings
        refusals = read_refusals(self._folder)
        for model in (settings.model, *settings.models):
            refusal = refusals.get(str(model))
            if model is None or refusal is None or refusal.by_operator:
                continue
            if self._is_published(model, refusal.manifest_sha256, settings.bucket):
                raise ComponentConfigError(f"configuration model {model} is refused: {refusal.reason}")
        return settings

    def _is_published(self, model: ModelReference, manifest_sha256: str, bucket: str) -> bool:
        """Return whether the publication that failed here is still the one in the bucket.

        Where that cannot be asked the version is let through: the install step judges it.
        """
        try:
            content = self._make_objects(bucket).read(model.key(MANIFEST_FILE), MAXIMUM_MANIFEST_BYTES)
        except ObjectStoreError:
            return False
        return manifest_sha256 in ("", hashlib.sha256(content).hexdigest())

    def start(self, settings: StoreSettings, context: ComponentContext) -> None:
        """Begin."""
        self._settings, self._context = settings, context
        context.status.details_from(self._details)
        self._thread.start()

    def apply(self, settings: StoreSettings) -> bool:
        """Want another version, or the same under other settings, from now on."""
        with self._condition:
            self._settings, self._unsigned = settings, None
            self._generation += 1
            self._condition.notify_all()
        return True

    def stop(self) -> None:
        """Break off what is under way; a download is gone on with at the next start."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        if self._thread.is_alive():
            self._thread.join(_STOP_SECONDS)

    # On the thread

    def _run(self) -> None:
        pause_seconds = self._first_retry_seconds
        while not self._stopping:
            with self._condition:
                settings, generation = self._settings, self._generation
            assert settings is not None  # noqa: S101 - start() sets them before the thread begins
            try:
                wait_seconds = self._turn(settings, generation, pause_seconds)
            except SupersededError:
                pause_seconds = self._first_retry_seconds
                continue
            except Exception as error:
                logger.exception("model store failed")
                self._the_context.fail(f"the model store failed: {error}")
                return
            pause_seconds = min(pause_seconds * 2, _LONGEST_RETRY_SECONDS)
            with self._condition:
                self._condition.wait_for(lambda: self._is_outdated(generation), timeout=wait_seconds)  # noqa: B023
                if self._generation != generation:
                    pause_seconds = self._first_retry_seconds

    def _turn(self, settings: StoreSettings, generation: int, pause_seconds: float) -> float | None:
        """Try once; return the seconds until the next try, None when there is nothing to try again."""
        store = self._store(settings, generation)
        self._unsigned = store.unsigned()
        try:
            active = store.ensure_all()
        except SupersededError:
            raise
        except (CrowdLensError, OSError) as error:
            return self._failed(settings, error, pause_seconds)
        self._unsigned = store.unsigned()
        if active is not None:
            logger.info("model active", extra={"model": str(active.reference), "engine": active.engine})
        if self._unsigned:
            logger.warning("models run unsigned", extra={"models": self._unsigned})
        self._report("running", "; ".join(self._unsigned) or None)
        return None

    def _failed(
        self, settings: StoreSettings, error: CrowdLensError | OSError, pause_seconds: float
    ) -> float | None:
        sentence = f"{error}{clock_sentence(datetime.now(tz=timezone.utc))}"
        if isinstance(error, OSError) or is_passing(error):
            logger.warning("model not active yet", extra={"model": str(settings.model), "reason": sentence})
            self._report("waiting", f"{sentence}; trying again in {pause_seconds:g} s")
            return pause_seconds
        if isinstance(error, OutByOperatorError):
            self._report(
                "running", "; ".join([f"{settings.model} stays out: {error}", *(self._unsigned or ())])
            )
            return None
        logger.error("model refused", extra={"model": str(settings.model), "reason": sentence})
        self._the_context.fail(sentence)
        return None

    def _store(self, settings: StoreSettings, generation: int) -> ModelStore:
        return ModelStore(
            self._folder.root,
            settings,
            objects=self._make_objects(settings.bucket) if settings.bucket else None,
            probe=self._probe,
            say=self._say,
            cancelled=lambda: self._is_outdated(generation),
            golden=self._golden,
        )

    def _is_outdated(self, generation: int) -> bool:
        return self._stopping or self._generation != generation

    def _say(self, sentence: str) -> None:
        if sentence.partition(":")[0] != self._step.partition(":")[0]:
            logger.info("model store at work", extra={"step": sentence})
        self._step = sentence
        self._the_context.status.report("waiting", sentence)

    def _report(self, state: Any, reason: str | None) -> None:
        self._step = ""
        self._the_context.status.report(state, reason)

    def _details(self) -> dict[str, Any]:
        settings = self._settings
        is_demanded = settings is not None and settings.signing_key is not None
        active, previous = read_active(self._folder), read_previous(self._folder)
        return {
            "wanted": str(settings.model) if settings and settings.model else None,
            "active": str(active.reference) if active else None,
            "previous": str(previous.reference) if previous else None,
            "engine": active.engine if active else None,
            "made_for": active.made_for if active else None,
            "note": active.note if active else None,
            "ready": sorted(read_ready(self._folder)),
            # None where no signature is demanded, or none was looked at yet.
            "signed": None if not is_demanded or self._unsigned is None else not self._unsigned,
            "step": self._step or None,
            "refused": {name: one.reason for name, one in read_refusals(self._folder).items()},
        }

    @property
    def _the_context(self) -> ComponentContext:
        assert self._context is not None  # noqa: S101 - start() sets it before anything asks
        return self._context

    @property
    def _folder(self) -> StoreFolder:
        return StoreFolder(self._the_context.folders.models)


def clock_sentence(now: datetime) -> str:
    """Return what to add to a failure while the clock cannot be right, else nothing."""
    if now >= _NO_CLOCK_BEFORE:
        return ""
    return f" (this device's clock says {now:%Y-%m-%d}: AWS answers nothing until the time is right)"
