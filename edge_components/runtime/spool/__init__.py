"""The spool: a bounded, durable buffer between the components of a device and the queue in the cloud."""

from edge_components.runtime.spool.errors import SpoolBusyError, SpoolCorruptError, SpoolError
from edge_components.runtime.spool.files import SetAside
from edge_components.runtime.spool.ledger import SpoolCounts, StreamCounts
from edge_components.runtime.spool.locks import FileLock, publisher_lock
from edge_components.runtime.spool.rows import SpooledRow
from edge_components.runtime.spool.spool import DEFAULT_MAXIMUM_BYTES, MINIMUM_MAXIMUM_BYTES, Spool

__all__ = [
    "DEFAULT_MAXIMUM_BYTES",
    "MINIMUM_MAXIMUM_BYTES",
    "FileLock",
    "SetAside",
    "Spool",
    "SpoolBusyError",
    "SpoolCorruptError",
    "SpoolCounts",
    "SpoolError",
    "SpooledRow",
    "StreamCounts",
    "publisher_lock",
]
