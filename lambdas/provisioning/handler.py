"""Lambda entry: AWS IoT asks before it provisions a device; anything but a clear yes is a no."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from contract.errors import CrowdLensError
from lambdas.provisioning.decision import Decision, decide, read_request
from lambdas.shared.control_table import ControlTableUnavailableError, control_client
from lambdas.shared.expected_devices import ExpectedDevices
from lambdas.shared.observability import bind_request, count, make_logger, make_metrics
from lambdas.shared.registry import DeviceRegistry
from lambdas.shared.settings import provisioning_settings

logger = make_logger("provisioning")
metrics = make_metrics("provisioning")


@lru_cache(maxsize=1)
def stores() -> tuple[ExpectedDevices, DeviceRegistry]:
    """Return the list and the registry this process keeps a client of."""
    table, client = provisioning_settings().control_table, control_client()
    return ExpectedDevices(table, client), DeviceRegistry(table, client)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Return whether the device may be provisioned, and with which name, site and group."""
    bind_request(logger, context)
    failed = False
    try:
        decision = decide(read_request(event), *stores())
    except ControlTableUnavailableError as error:
        # The device asks again; a guess would let a stranger in or keep a place from its owner.
        decision, failed = Decision(None, str(error)), True
    except CrowdLensError as error:
        decision = Decision(None, str(error))
    allowed = decision.device is not None
    fields = {"device": decision.device.name if decision.device else None, "reason": decision.reason}
    (logger.info if allowed else logger.warning)(
        "device provisioned" if allowed else "provisioning refused", extra=fields
    )
    counts = {"devices_provisioned": allowed, "provisioning_refused": not allowed and not failed}
    count(metrics, {**counts, "provisioning_failed": failed})
    return decision.answer(provisioning_settings().group_prefix)
