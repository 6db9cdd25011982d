"""``python -m edge_components.model_store.golden_run PACKAGE``: the golden check in a process of its own.

It prints one JSON line. A runtime that crashes on a model takes this process down, and nothing else.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from pathlib import Path


def main() -> int:
    """Check one package and print the result."""
    parser = argparse.ArgumentParser(description="Run a model's golden picture and compare.")
    parser.add_argument("package", type=Path)
    parser.add_argument("--engine", type=Path)
    parser.add_argument("--provider", default="auto")
    arguments = parser.parse_args()
    from edge_components.runtime.inference.golden import check_golden

    result = check_golden(arguments.package, engine=arguments.engine, provider=arguments.provider)
    sys.stdout.write(json.dumps(asdict(result)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
