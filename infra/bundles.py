"""Stages a function's code by plain copying: our own packages and pure-Python libraries, nothing compiled.

What is staged here is what CDK uploads, and it runs on any machine and architecture; compiled libraries
come from AWS's managed layers.
"""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Sequence
from pathlib import Path

from contract.errors import CrowdLensError

ROOT = Path(__file__).parents[1]
COMPILED_SUFFIXES = (".so", ".pyd", ".dylib")
_IGNORED = shutil.ignore_patterns("__pycache__", "*.pyc", "*.pyi", "tests")


class BundleError(CrowdLensError):
    """Raised when a bundle cannot be staged."""


def stage_function(
    name: str, *, libraries: Sequence[str], build_folder: Path = ROOT / "build" / "lambdas"
) -> Path:
    """Copy `contract`, `lambdas.shared`, function `name` and pure-Python `libraries`; return the folder."""
    target = build_folder / name
    shutil.rmtree(target, ignore_errors=True)
    for package in ("contract", "lambdas/shared", f"lambdas/{name}"):
        shutil.copytree(ROOT / package, target / package, ignore=_IGNORED)
    shutil.copy2(ROOT / "lambdas" / "__init__.py", target / "lambdas" / "__init__.py")
    for library in libraries:
        _copy_library(library, target)
    compiled = sorted(path for path in target.rglob("*") if path.suffix in COMPILED_SUFFIXES)
    if compiled:
        raise BundleError(f"bundle {name} holds {compiled[0].relative_to(target)}: expected no compiled file")
    return target


def _copy_library(library: str, target: Path) -> None:
    spec = importlib.util.find_spec(library)
    if spec is None or spec.origin is None:
        raise BundleError(
            f"library {library} is not installed: run `make test` or `sh infra/local/setup.sh dev`"
        )
    origin = Path(spec.origin)
    if origin.name == "__init__.py":
        shutil.copytree(origin.parent, target / library, ignore=_IGNORED)
    else:
        shutil.copy2(origin, target / origin.name)
