"""A Greengrass nucleus without Greengrass: its IPC socket, for components that speak by the real SDK."""

from infra.local.greengrass.endpoint import IpcEndpoint
from infra.local.greengrass.nucleus import Nucleus, OperationError

__all__ = ["IpcEndpoint", "Nucleus", "OperationError"]
