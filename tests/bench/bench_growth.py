"""How the cost of a row grows with 1, 10 and 100 times the data, part by part.

Run: ``python tests/bench/bench_growth.py [--rounds 3] [--table-rows 2000] [--waiting 1300] [--days 1]``.
The sizes of a part take turns in each round, after one round to warm up; medians, and ratios within rounds.
`lake_writer` grows by its batch (the event's 6 MB are its end), `rds_loader` by the object and by the table,
spool and publisher by what waits in the spool, queries by the cameras in the lake.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

import pyarrow as pa
from growth_cloud import lake_writer_growth, rds_loader_growth
from growth_device import device_growth
from growth_queries import query_growth
from growth_table import run

from infra.local.mariadb_software import MariaDbUnavailableError


def main() -> None:
    """Measure the parts named, all by default."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--table-rows", type=int, default=2_000, help="rows in MySQL at 1x")
    parser.add_argument("--waiting", type=int, default=1_300, help="records in the spool at 1x")
    parser.add_argument("--days", type=int, default=1, help="days in the lake (default: 1)")
    parser.add_argument("--parts", nargs="*", default=["device", "lake", "mysql", "queries"])
    arguments = parser.parse_args()
    pa.set_cpu_count(1)
    if "device" in arguments.parts:
        with tempfile.TemporaryDirectory() as folder:
            run(device_growth(Path(folder), arguments.waiting), arguments.rounds)
    if "lake" in arguments.parts:
        run(lake_writer_growth(), arguments.rounds)
    if "mysql" in arguments.parts:
        try:
            with rds_loader_growth(arguments.table_rows) as kinds:
                run(kinds, arguments.rounds)
        except MariaDbUnavailableError as error:
            sys.stdout.write(f"{error}\n")
    if "queries" in arguments.parts:
        sys.stdout.write("\n")
        query_growth(arguments.days, arguments.rounds)


if __name__ == "__main__":
    main()
