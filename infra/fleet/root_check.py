"""Rules for the component that is root: nothing that others may write or the cloud may say reaches it."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from infra.fleet.components import Component

_CONFIGURATION = frozenset({"user", "group"})
"""Names, no paths: a folder that the cloud may name could be any."""


def root_problems(component: Component) -> Iterator[str]:
    """Yield a sentence for every rule that the root component breaks."""
    recipe = component.recipe
    if recipe.get("ComponentDependencies"):
        yield "the component that is root has dependencies: expected none, neither libraries nor credentials"
    configuration = recipe.get("ComponentConfiguration", {}).get("DefaultConfiguration", {})
    for key in sorted(set(configuration) - _CONFIGURATION):
        yield f"the component that is root has configuration {key}: expected only group, user"
    for manifest in recipe.get("Manifests") or []:
        yield from _script_problems(manifest)
    for archive in component.archives:
        for name, path in archive.members.items():
            yield from _import_problems(name, path)


def _script_problems(manifest: dict[str, Any]) -> Iterator[str]:
    for name, step in manifest.get("Lifecycle", {}).items():
        script = str(step.get("Script", ""))
        if not script.startswith('exec python3 -I "$CROWDLENS_CODE/'):
            yield f"step {name} is root's and does not begin with python3 -I: expected it and its own file"
        if "PYTHONPATH" in script or "PYTHONPATH" in step.get("Setenv", {}):
            yield f"step {name} is root's and sets PYTHONPATH: expected the standard library only"


def _import_problems(name: str, path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            modules = [node.module or ""]
        for module in modules:
            if module.split(".")[0] not in sys.stdlib_module_names:
                yield f"{name} imports {module} as root: expected the standard library only"
