"""The components of this repository: their recipes and the artifacts these name."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from contract.errors import CrowdLensError
from infra.bundles import ROOT
from infra.fleet.archives import Archive, component_members
from infra.fleet.targets import PYTHONS, TARGETS, Target

EDGE_COMPONENTS = ROOT / "edge_components"
ARTIFACT_PREFIX = "components/"
"""Where component artifacts lie in the artifacts bucket."""
NAMESPACE = "com.crowdlens"
LIBRARIES = f"{NAMESPACE}.libraries"
ROOT_HELPER = f"{NAMESPACE}.root_helper"
"""The one component that may be root."""
LOCK_NAME = "requirements.lock"
"""The lock file's name inside a wheelhouse, as `edge_components/libraries/install.py` reads it."""


class RecipeError(CrowdLensError):
    """Raised when a recipe cannot be read, or breaks a rule; the text names the component and the rule."""


@dataclass(frozen=True)
class Component:
    """A component version; `recipe` still holds the placeholders of bucket, name and version."""

    name: str
    version: str
    recipe: Mapping[str, Any]
    archives: tuple[Archive, ...]

    @property
    def digest(self) -> str:
        """SHA-256 of all that a device would get: the recipe and the content of every archive."""
        parts = [json.dumps(self.recipe, sort_keys=True)]
        parts += [f"{archive.file_name} {archive.digest}" for archive in self.archives]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def key_of(self, archive: Archive, stage: str) -> str:
        """Return the key of `archive` in the artifacts bucket; a version's objects never change."""
        return f"{ARTIFACT_PREFIX}{stage_name(self.name, stage)}/{self.version}/{archive.file_name}"

    def rendered(self, *, stage: str, bucket: str) -> dict[str, Any]:
        """Return the recipe for `stage`, with the artifacts in `bucket` (which may be a CDK token)."""
        name = stage_name(self.name, stage)
        text = json.dumps(self.recipe).replace(NAMESPACE + ".", f"{NAMESPACE}.{stage}.")
        for placeholder, value in (
            ("BUCKET_NAME", bucket),
            ("COMPONENT_NAME", name),
            ("COMPONENT_VERSION", self.version),
        ):
            text = text.replace(placeholder, json.dumps(value)[1:-1])
        rendered: dict[str, Any] = json.loads(text)
        return rendered


def stage_name(name: str, stage: str) -> str:
    """Return a component's name in `stage`; names are an account's, and one may hold several stages."""
    return name.replace(NAMESPACE, f"{NAMESPACE}.{stage}", 1)


def load_components(folder: Path = EDGE_COMPONENTS) -> tuple[Component, ...]:
    """Return every component version that a recipe below `folder` describes; raises `RecipeError`."""
    return tuple(
        component for path in sorted(folder.glob("*/recipe.yaml")) for component in _components_of(path)
    )


def _components_of(path: Path) -> Iterator[Component]:
    text = path.read_text(encoding="utf-8")
    if path.parent.name == "libraries":
        for python in PYTHONS:
            tag = Target(python, "").python_tag
            recipe = _parse(path, text.replace("PYTHON_VERSION", python).replace("PYTHON_TAG", tag))
            yield _component(path, recipe, _wheelhouses(path.parent, python))
    else:
        archive = Archive(f"{path.parent.name}.zip", component_members(path.parent.name))
        yield _component(path, _parse(path, text), (archive,))


def _parse(path: Path, text: str) -> Mapping[str, Any]:
    try:
        recipe = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise RecipeError(f"recipe {path} is no YAML: {error}") from error
    if not isinstance(recipe, dict):
        raise RecipeError(f"recipe {path} is no mapping: expected the keys of a Greengrass recipe")
    return recipe


def _component(path: Path, recipe: Mapping[str, Any], archives: tuple[Archive, ...]) -> Component:
    name, version = recipe.get("ComponentName"), recipe.get("ComponentVersion")
    if not isinstance(name, str) or not isinstance(version, str):
        raise RecipeError(f"recipe {path} has no ComponentName or ComponentVersion: expected text in both")
    return Component(name, version, recipe, archives)


def _wheelhouses(folder: Path, python: str) -> tuple[Archive, ...]:
    """Return the archives of `python`: the wheels are named by their lock, so the lock stands for them."""
    targets = [target for target in TARGETS if target.python == python]
    return tuple(
        Archive(
            f"{target.name}.zip",
            {"install.py": folder / "install.py", LOCK_NAME: lock_of(target)},
            identity=target.name.encode(),
        )
        for target in targets
    )


def lock_of(target: Target) -> Path:
    """Return the lock file of the wheels of `target`: one a Python, with the digests for every machine."""
    return ROOT / "requirements" / f"edge-{target.python_tag}.lock"
