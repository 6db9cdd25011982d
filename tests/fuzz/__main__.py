"""``python -m tests.fuzz``: damaged messages and lake objects by the hundred thousand; `make fuzz`.

    python -m tests.fuzz --messages 100000 --objects 20000 --seed 1

Every message goes through `lake_writer` and is compared with what the contract's own reader says of it: its
rows are in the lake, or it is in quarantine with that reason and its original body. Every object is read as
`rds_loader` reads it: all rows as they were written, or one clear error. A batch is made from the seed and
its number alone, so a failure's line is enough to see it again.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.fuzz.lake_objects import fuzz_objects
from tests.fuzz.writing import FuzzError, fuzz_messages


def main(argv: list[str] | None = None) -> int:
    """Fuzz both; return 1 when something was lost, altered or judged otherwise than the contract does."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--objects", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    started = time.monotonic()
    try:
        written = fuzz_messages(arguments.seed, arguments.messages)
        messages_seconds = time.monotonic() - started
        loaded = fuzz_objects(arguments.seed, arguments.objects)
    except FuzzError as error:
        sys.stdout.write(f"FAILED: {error}\n")
        return 1
    objects_seconds = time.monotonic() - started - messages_seconds
    sys.stdout.write(
        f"seed {arguments.seed}: {written.messages:,} messages in {messages_seconds:.0f} s: "
        f"{written.written:,} written ({written.rows:,} rows), {written.refused:,} in quarantine with reason "
        f"and body {dict(written.errors)}\n"
        f"seed {arguments.seed}: {loaded.objects:,} lake objects in {objects_seconds:.0f} s: {loaded.read:,} "
        f"read whole, the others refused {dict(loaded.errors)}\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
