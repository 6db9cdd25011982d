"""This project's own figures that the model stands on, each with the program that measured it.

Measured on one core of a shared virtual machine (AMD EPYC), not on AWS; a vCPU of Lambda's arm64 is taken
to be as fast. What could only be assumed is in `Assumptions`, apart.
"""

from __future__ import annotations

from dataclasses import dataclass

MESSAGE_BASE_BYTES = 1_650
MESSAGE_BYTES_A_RECORD = 101
"""Bodies of 7 to 421 records that `pack_messages` made of random counts, tracks and crossings, the worst.

Real tracks move little between windows: full messages of one table took 35 bytes a record (bench_publisher).
"""
WRITER_SECONDS_A_BATCH = 0.0055
WRITER_SECONDS_A_RECORD = 5.6e-6
"""`LakeWriter.write` on 13 to 600 messages of 43 records, processor time, S3 a dictionary."""
LOADER_SECONDS_A_RECORD = 1 / 92_000
LOADER_SECONDS_AN_OBJECT = 0.0022
"""`rds_loader` into MariaDB, both on two cores: objects of 20,000 rows at 92,000 rows/s, of
30 rows at 11,700 rows/s (bench_rds_loader, two rounds)."""
COMPACTOR_SECONDS_A_RECORD = 1.93e-6
COMPACTOR_SECONDS_AN_OBJECT = 1.235e-3
"""Two million rows in 400 objects 4.35 s, in 19,959 objects 28.5 s (bench_compactor)."""
COMPACTOR_REWRITES = 3
"""How often a row is written until its day is quiet: folded, merged about twice (docs/decisions/0009)."""
SPOOL_BYTES_A_RECORD = 158
"""On the device's disk (bench_spool)."""


@dataclass(frozen=True)
class TableFigures:
    """Bytes of a row in raw objects (which have a base), compacted, and in MySQL; days it stays there."""

    raw_object_bytes: int
    raw_bytes: float
    compacted_bytes: float
    mysql_bytes: float
    mysql_days: int


TABLE_FIGURES = {
    "zone_counts": TableFigures(5_900, 13.4, 11.0, 740.0, 7),
    "tracks": TableFigures(9_500, 86.0, 62.0, 740.0, 3),
    "line_crossings": TableFigures(4_150, 24.0, 20.0, 740.0, 7),
    "stream_ledger": TableFigures(4_050, 21.0, 15.0, 740.0, 36),
    "device_health": TableFigures(15_800, 88.0, 80.0, 740.0, 7),
}
"""Raw: objects of 43 to 18,000 random rows. Compacted: bench_compactor for the first two, the next two by
analogy. device_health: an object of one row, and 5,000 and 20,000 random rows of 100 devices, its columns of
schema version 2 included.

MySQL: 740 bytes a row of `zone_counts` with four keys, measured with 200,000 rows in MariaDB (docs/mysql.md),
taken for every table. Days: today and those of `contract.mysql`.
"""


@dataclass(frozen=True)
class Assumptions:
    """What nobody has measured yet, because it takes AWS: seconds unless named otherwise.

    `pollers` is how many batches an event source gathers at once: AWS starts with five, or as many as its
    maximum concurrency allows; `quiet_pollers` is where that is the least, two. Each long poll returns with
    what is there, up to ten messages: `receive_seconds` apart, so that a trickle is received one message at a
    time, the dearest case. A scheduled run that finds nothing takes `idle_run_seconds`, its start included. A
    query of the dashboards reads `dashboard_bytes_a_camera`: a day of three zones, folded, as bench_compactor
    has it. `map_pages_open` pages of the live map are open `map_hours_a_day` hours of each day, and ask every
    five seconds.
    """

    pollers: int = 5
    receive_seconds: float = 0.02
    writer_overhead_seconds: float = 0.12
    loader_overhead_seconds: float = 0.08
    loader_get_seconds: float = 0.01
    compactor_get_seconds: float = 0.005
    notification_seconds: float = 1.0
    log_bytes_an_invocation: int = 1_500
    loader_concurrency: int = 5
    dashboard_queries_a_month: int = 12_000
    dashboard_bytes_a_camera: float = 0.04e6
    idle_run_seconds: float = 4.0
    quiet_pollers: int = 2
    map_pages_open: float = 10.0
    map_hours_a_day: float = 8.0
    map_answer_seconds: float = 0.05
    map_users: int = 20
    authors: int = 1
    readers: int = 5
