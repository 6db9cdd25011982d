"""Holds a recipe to the rules of both nuclei, classic and lite, and to ours; no network, no account.

Greengrass checks a recipe only when it makes a component version, and lite some of it only on the device.
Sources: the component recipe reference of AWS IoT Greengrass v2, and RECIPE_SUPPORT_CHANGES.md of nucleus
lite with its `recipe-runner` and `ggipcd`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra.fleet.components import LIBRARIES, ROOT_HELPER, Component, RecipeError
from infra.fleet.grants_check import grant_problems
from infra.fleet.lifecycle_check import lifecycle_problems
from infra.fleet.root_check import root_problems

_SEMANTIC = r"(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})\.(0|[1-9]\d{0,5})(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
"""Semantic versioning 2.0.0 with Greengrass's six digits a part."""
_VERSION = re.compile(_SEMANTIC)
_REQUIREMENT = re.compile(rf"([<>]=?|[~^=]?){_SEMANTIC}( ([<>]=?){_SEMANTIC})*")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,128}")
_REQUIRED = frozenset(
    {"RecipeFormatVersion", "ComponentName", "ComponentVersion", "ComponentType", "ComponentDescription"}
    | {"ComponentPublisher", "Manifests"}
)
_OPTIONAL = frozenset({"ComponentDependencies", "ComponentConfiguration"})
"""Selections and a global Lifecycle are left out: lite reads them by rules of its own."""
_MANIFEST_KEYS = frozenset({"Platform", "Lifecycle", "Artifacts"})
_ARCHITECTURES = frozenset({"aarch64", "amd64", "arm", "x86"})
_URI_START = "s3://BUCKET_NAME/components/COMPONENT_NAME/COMPONENT_VERSION/"
_ARTIFACT_KEYS = frozenset({"Uri", "Unarchive", "Permission"})
VERSION_VARIABLE = "CROWDLENS_VERSION"
"""What tells a component's process its version, for its status; lite has no recipe variable for it."""
MAXIMUM_RECIPE_BYTES = 16_000
"""Greengrass's quota for one recipe."""


def check_component(component: Component) -> None:
    """Raise `RecipeError` naming every rule that the recipe of `component` breaks."""
    problems = list(recipe_problems(component))
    if problems:
        raise RecipeError(f"recipe of {component.name} {component.version}: " + "; ".join(problems))


def recipe_problems(component: Component) -> Iterator[str]:
    """Yield a sentence for every rule that the recipe breaks."""
    recipe = component.recipe
    yield from _key_problems("the recipe", recipe, _REQUIRED, _OPTIONAL)
    yield from _head_problems(recipe)
    yield from _dependency_problems(recipe.get("ComponentDependencies", {}))
    configuration = recipe.get("ComponentConfiguration", {}).get("DefaultConfiguration", {})
    yield from _configuration_problems(configuration)
    yield from grant_problems(component.name, configuration.get("accessControl", {}))
    manifests = recipe.get("Manifests") or []
    if not manifests:
        yield "Manifests is empty: expected at least one"
    for manifest in manifests:
        yield from _manifest_problems(component, manifest, configuration)
    yield from _archive_problems(component, manifests)
    yield from _version_problems(component, manifests)
    if component.name == ROOT_HELPER:
        yield from root_problems(component)
    if len(json.dumps(recipe)) > MAXIMUM_RECIPE_BYTES:
        yield f"it is longer than {MAXIMUM_RECIPE_BYTES} bytes"


def _key_problems(
    what: str, mapping: Mapping[str, Any], required: frozenset[str], optional: frozenset[str] = frozenset()
) -> Iterator[str]:
    for key in sorted(required - mapping.keys()):
        yield f"{what} has no {key}"
    for key in sorted(mapping.keys() - required - optional):
        yield f"{what} has {key}: expected only {', '.join(sorted(required | optional))}, in this spelling"


def _head_problems(recipe: Mapping[str, Any]) -> Iterator[str]:
    if recipe.get("RecipeFormatVersion") != "2020-01-25":
        yield f"RecipeFormatVersion is {recipe.get('RecipeFormatVersion')!r}: expected '2020-01-25' as text"
    if not _NAME.fullmatch(str(recipe.get("ComponentName"))):
        yield f"ComponentName is {recipe.get('ComponentName')!r}: expected up to 128 of A-Z a-z 0-9 . _ -"
    version = str(recipe.get("ComponentVersion"))
    if not _VERSION.fullmatch(version) or len(version) > 64:
        yield f"ComponentVersion is {version!r}: expected a semantic version like 1.0.0"
    if recipe.get("ComponentType") != "aws.greengrass.generic":
        yield f"ComponentType is {recipe.get('ComponentType')!r}: expected aws.greengrass.generic"


def _dependency_problems(dependencies: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, dependency in dependencies.items():
        requirement = str(dependency.get("VersionRequirement"))
        if not _REQUIREMENT.fullmatch(requirement):
            yield f"dependency {name} asks for {requirement!r}: expected versions like '>=1.0.0 <2.0.0'"
        if dependency.get("DependencyType") not in ("HARD", "SOFT"):
            yield f"dependency {name} is of type {dependency.get('DependencyType')!r}: expected HARD or SOFT"
        if name == "aws.greengrass.Nucleus":
            yield "it depends on aws.greengrass.Nucleus: expected no such dependency, lite has none"


def _configuration_problems(configuration: Mapping[str, Any]) -> Iterator[str]:
    for key, value in configuration.items():
        if key != "accessControl" and not isinstance(value, str):
            yield f"configuration {key} is {value!r}: expected text, which is what lite hands over"


def _manifest_problems(
    component: Component, manifest: Mapping[str, Any], configuration: Mapping[str, Any]
) -> Iterator[str]:
    yield from _key_problems("a manifest", manifest, _MANIFEST_KEYS)
    platform = manifest.get("Platform", {})
    if platform.get("os") != "linux":
        yield f"Platform.os is {platform.get('os')!r}: expected linux"
    if platform.get("runtime") not in ("*", "aws_nucleus_lite"):
        yield f"Platform.runtime is {platform.get('runtime')!r}: expected '*', or lite passes the manifest by"
    if platform.get("architecture", "amd64") not in _ARCHITECTURES:
        yield f"Platform.architecture is {platform['architecture']!r}: expected aarch64, amd64, arm or x86"
    artifacts = manifest.get("Artifacts") or []
    for artifact in artifacts:
        yield from _artifact_problems(component, artifact)
    folders = {str(artifact.get("Uri")).rpartition("/")[2].removesuffix(".zip") for artifact in artifacts}
    is_root = component.name == ROOT_HELPER
    yield from lifecycle_problems(manifest.get("Lifecycle", {}), configuration, folders, may_be_root=is_root)


def _artifact_problems(component: Component, artifact: Mapping[str, Any]) -> Iterator[str]:
    yield from _key_problems("an artifact", artifact, _ARTIFACT_KEYS)
    uri = str(artifact.get("Uri"))
    name = uri.removeprefix(_URI_START)
    known = [archive.file_name for archive in component.archives]
    if not uri.startswith(_URI_START) or name not in known:
        yield f"artifact {uri!r}: expected {_URI_START} and one of {', '.join(known)}"
    expected = "ZIP" if uri.endswith(".zip") else "NONE"
    if artifact.get("Unarchive") != expected:
        yield f"artifact {name} has Unarchive {artifact.get('Unarchive')!r}: expected {expected}"
    if artifact.get("Permission") != {"Read": "OWNER", "Execute": "NONE"}:
        permission = artifact.get("Permission")
        yield f"artifact {name} has Permission {permission!r}: expected Read OWNER, Execute NONE"


def _archive_problems(component: Component, manifests: list[Mapping[str, Any]]) -> Iterator[str]:
    named = {
        str(artifact.get("Uri")).rpartition("/")[2]
        for manifest in manifests
        for artifact in manifest.get("Artifacts") or []
    }
    for archive in component.archives:
        if archive.file_name not in named:
            yield f"no manifest names {archive.file_name}: expected every archive in one"


def _version_problems(component: Component, manifests: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield a sentence for a step that tells its process another version than the recipe's."""
    if component.name == LIBRARIES:
        return
    for manifest in manifests:
        for name, step in (manifest.get("Lifecycle") or {}).items():
            told = step.get("Setenv", {}).get(VERSION_VARIABLE) if isinstance(step, Mapping) else None
            if isinstance(step, Mapping) and told != component.version:
                yield f"step {name} sets {VERSION_VARIABLE} to {told!r}: expected {component.version}"
