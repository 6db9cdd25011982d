"""The spool: a bounded, durable buffer between the components of a device and the queue in the cloud.

How long the default bound of 2 GiB lasts: a camera with windows of 10 s, three zones, ten tracks a window and
six crossings a minute makes 8,640 x 13 + 8,640 = 120,960 records a day. A record counts about 147 bytes
(``tests/bench/bench_spool.py`` measures it; the file is some 7 % larger), so seven days are 125 MB: the bound
holds such a week for 17 cameras. A square with 70 tracks at all times makes 0.64 million records a day,
0.66 GB in seven days.
"""

from edge_components.runtime.spool.damage import SetAside, set_aside_files
from edge_components.runtime.spool.errors import SpoolBusyError, SpoolCorruptError, SpoolError
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
    "set_aside_files",
]
