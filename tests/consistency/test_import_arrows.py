"""The arrows of the architecture: who may import whom, read from the source."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("contract", "edge_components", "lambdas", "athena", "quicksight", "infra", "training", "cli")
COMPONENTS = sorted(path.name for path in (ROOT / "edge_components").iterdir() if path.is_dir())
FUNCTIONS = sorted(path.name for path in (ROOT / "lambdas").iterdir() if path.is_dir())


def allowed_prefixes(module: str) -> tuple[str, ...]:
    """What `module` may import of ours, as module prefixes."""
    package, _, rest = module.partition(".")
    part = rest.partition(".")[0]
    if package in ("edge_components", "lambdas"):
        shared = f"{package}.{'runtime' if package == 'edge_components' else 'shared'}"
        return ("contract", shared, f"{package}.{part}") if part else ("contract",)
    return {
        "contract": ("contract",),
        "athena": ("contract", "athena"),
        "quicksight": ("contract", "athena", "quicksight"),
        "training": ("contract", "training", "edge_components.runtime", "edge_components.vision"),
        "infra": ("contract", "athena", "quicksight", "infra"),
        "app": ("contract", "infra"),
        "cli": PACKAGES,
    }[package]


# infra/local runs the very functions and components it stands in for, so it may name them.
LOCAL_EXTRA = ("lambdas", "edge_components.runtime")


# Programs that nothing imports and that put parts together: like app.py, they stand above the arrows.
PROGRAMS = {"quicksight.__main__": ("infra.local",)}


def modules() -> Iterator[tuple[str, Path]]:
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"), path
    if (ROOT / "app.py").exists():
        yield "app", ROOT / "app.py"


def imports_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module or ""


@pytest.mark.parametrize(("module", "path"), [pytest.param(*pair, id=pair[0]) for pair in modules()])
def test_a_module_imports_only_along_the_arrows(module: str, path: Path) -> None:
    allowed = allowed_prefixes(module)
    if module.startswith("infra.local"):
        allowed += LOCAL_EXTRA
    if module in PROGRAMS:
        allowed += PROGRAMS[module]
    for name in imports_of(path):
        if name.split(".")[0] in (*PACKAGES, "app"):
            assert any(name == prefix or name.startswith(prefix + ".") for prefix in allowed), (
                f"{module} imports {name}: allowed are {allowed}"
            )
        if not module.startswith(("infra", "app")):
            assert name.split(".")[0] not in ("aws_cdk", "constructs", "cdk_nag"), f"{module} imports {name}"


def test_every_arrow_of_the_architecture_is_read() -> None:
    found = {module.split(".")[0] for module, _ in modules()}
    assert set(PACKAGES) <= found
    assert {"runtime", "vision", "publisher"} <= set(COMPONENTS)
    assert {"shared", "lake_writer", "rds_loader", "migrations"} <= set(FUNCTIONS)


STANDARD_LIBRARY_ONLY = [
    pytest.param(*pair, id=pair[0]) for pair in modules() if pair[0].startswith("contract")
]


@pytest.mark.parametrize(("module", "path"), STANDARD_LIBRARY_ONLY)
def test_the_contract_needs_nothing_but_the_standard_library(module: str, path: Path) -> None:
    for name in imports_of(path):
        assert name.split(".")[0] in (*sys.stdlib_module_names, "contract"), f"{module} imports {name}"
