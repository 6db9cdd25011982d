"""Stages a function's code by plain copying: our own packages and pure-Python libraries, nothing compiled.

What is staged here is what CDK uploads, and it runs on any machine and architecture; compiled libraries
come from AWS's managed layers.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from contract.errors import CrowdLensError

ROOT = Path(__file__).parents[1]
COMPILED_SUFFIXES = (".so", ".pyd", ".dylib")
_IGNORED_NAMES = ("__pycache__", "*.pyc", "*.pyi", "tests")
_IGNORED = shutil.ignore_patterns(*_IGNORED_NAMES)
WHOLE_WITHOUT_COMPILED = frozenset({"yaml"})
"""Libraries whose compiled part only makes them faster: they look for it, and do without."""


class BundleError(CrowdLensError):
    """Raised when a bundle cannot be staged."""


def stage_function(
    name: str, *, libraries: Sequence[str], build_folder: Path = ROOT / "build" / "lambdas"
) -> Path:
    """Copy `contract`, `lambdas.shared`, function `name` and pure-Python `libraries`; return the folder.

    The folder is named after what is in it and is put into place whole, so that several may stage at once
    and none changes what another is reading. Raises `BundleError`.
    """
    build_folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".staging-", dir=build_folder) as staging:
        bundle = Path(staging) / name
        _copy(name, libraries, bundle)
        return _put_into_place(bundle, build_folder / f"{name}-{_digest(bundle)}")


def _copy(name: str, libraries: Sequence[str], bundle: Path) -> None:
    for package in ("contract", "lambdas/shared", f"lambdas/{name}"):
        shutil.copytree(ROOT / package, bundle / package, ignore=_IGNORED)
    shutil.copy2(ROOT / "lambdas" / "__init__.py", bundle / "lambdas" / "__init__.py")
    for library in libraries:
        _copy_library(library, bundle)
    compiled = sorted(path for path in bundle.rglob("*") if path.suffix in COMPILED_SUFFIXES)
    if compiled:
        raise BundleError(f"bundle {name} holds {compiled[0].relative_to(bundle)}: expected no compiled file")


def _digest(folder: Path) -> str:
    """Return a name for the paths and contents below `folder`."""
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _put_into_place(bundle: Path, target: Path) -> Path:
    try:
        bundle.rename(target)
    except OSError:
        # A folder of that name has the same content: staged before, or by another at this moment.
        if not target.is_dir():
            raise
    return target


def _copy_library(library: str, target: Path) -> None:
    spec = importlib.util.find_spec(library)
    if spec is None or spec.origin is None:
        raise BundleError(
            f"library {library} is not installed: run `make test` or `sh infra/local/setup.sh dev`"
        )
    origin = Path(spec.origin)
    if origin.name == "__init__.py":
        left_out = COMPILED_SUFFIXES if library in WHOLE_WITHOUT_COMPILED else ()
        ignored = shutil.ignore_patterns(*_IGNORED_NAMES, *(f"*{suffix}" for suffix in left_out))
        shutil.copytree(origin.parent, target / library, ignore=ignored)
    else:
        shutil.copy2(origin, target / origin.name)
