"""``python -m edge_components.model_store.install_step``: what a deployment of a model waits for.

Greengrass waits for it, so a model that fails here fails the deployment, which then rolls the configuration
back; a component that only reported ERRORED later would be too late for that. The nucleus runs the step at
each of its starts, too, where the wanted model is active already and nothing is asked of the network.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Callable

from contract.errors import CrowdLensError
from edge_components.model_store.device_facts import DeviceProbe
from edge_components.model_store.errors import OutByOperatorError
from edge_components.model_store.settings import StoreSettings, settings_of
from edge_components.model_store.store import ModelStore, is_passing
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.ipc import Ipc
from edge_components.runtime.logs import configure_logging
from edge_components.runtime.object_store import ObjectStore
from edge_components.runtime.status import StatusWriter

logger = logging.getLogger(__name__)

PATIENCE_SECONDS = 600.0
"""So long what may pass (no network, no room, another build) is tried again; then the component goes on."""
_PAUSE_SECONDS = 10.0
DONE, REFUSED = 0, 1


def main() -> int:
    """Bring in the model of the component's configuration; return 0, or 1 when it is refused."""
    configure_logging("INFO")
    try:
        ipc = Ipc.connect()
        try:
            configuration = ipc.configuration()
        finally:
            ipc.close()
        folders, settings = DeviceFolders.of(configuration), settings_of(configuration)
        folders.make()
    except CrowdLensError as error:
        sys.stderr.write(f"model_store: {error}\n")
        return REFUSED
    status = StatusWriter(folders.status, "model_store", os.environ.get("CROWDLENS_VERSION", "0.0.0"))
    status.start()
    try:
        return bring_in(folders, settings, lambda sentence: _tell(status, sentence))
    except CrowdLensError as error:
        logger.error("model refused", extra={"model": str(settings.model), "reason": str(error)})  # noqa: TRY400
        status.report("failed", str(error))
        return REFUSED
    finally:
        status.close()


def bring_in(
    folders: DeviceFolders,
    settings: StoreSettings,
    say: Callable[[str], None],
    *,
    patience_seconds: float = PATIENCE_SECONDS,
) -> int:
    """Make the wanted model the active one and return `DONE`; raises `CrowdLensError` for one refused."""
    if settings.model is None and not settings.models:
        return DONE
    store = ModelStore(
        folders.models,
        settings,
        objects=ObjectStore(settings.bucket) if settings.bucket else None,
        probe=DeviceProbe(),
        say=say,
    )
    deadline = time.monotonic() + patience_seconds
    while True:
        try:
            active = store.ensure_all()
        except (CrowdLensError, OSError) as error:
            if isinstance(error, OutByOperatorError):
                logger.info("an operator's choice stays", extra={"reason": str(error)})
                return DONE
            if not isinstance(error, OSError) and not is_passing(error):
                raise
            if time.monotonic() >= deadline:
                logger.warning("not yet; the component goes on trying", extra={"reason": str(error)})
                return DONE
            logger.warning("trying again", extra={"reason": str(error)})
            time.sleep(min(_PAUSE_SECONDS, patience_seconds))
        else:
            logger.info("models at hand", extra={"active": str(active.reference) if active else None})
            return DONE


def _tell(status: StatusWriter, sentence: str) -> None:
    logger.info("model store at work", extra={"step": sentence})
    status.report("waiting", sentence)


if __name__ == "__main__":
    sys.exit(main())
