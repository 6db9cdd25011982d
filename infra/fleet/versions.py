"""`versions.lock`: which content each published component version stands for: Greengrass lets none change.

A line is ``<component> <version> <sha256 of recipe and artifacts>``; lines are only added, before a version
is published. A version without a line may still change, but must be above those of its minor that have one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from contract.errors import CrowdLensError
from infra.fleet.components import Component

VERSIONS_LOCK = Path(__file__).with_name("versions.lock")
_COMMAND = "`python -m infra.fleet lock`"
Versions = dict[tuple[str, str], str]


class VersionsLockError(CrowdLensError):
    """Raised when a component's content and its version do not fit together."""


def read_versions(path: Path = VERSIONS_LOCK) -> Versions:
    """Return the digests by component and version; raises `VersionsLockError` for a line of another form."""
    versions: Versions = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        words = line.split()
        if len(words) != 3:
            raise VersionsLockError(
                f"{path.name} line {number} is {line!r}: expected component, version and digest"
            )
        versions[words[0], words[1]] = words[2]
    return versions


def check_versions(components: Iterable[Component], versions: Mapping[tuple[str, str], str]) -> None:
    """Raise `VersionsLockError` for the first component that is not the content its version stands for."""
    for component in components:
        locked = versions.get((component.name, component.version))
        if locked is None:
            _check_is_new(component, versions)
        elif locked != component.digest:
            raise VersionsLockError(
                f"component {component.name} changed but its version is still {component.version}: expected "
                "a higher ComponentVersion in its recipe"
            )


def check_locked(component: Component, versions: Mapping[tuple[str, str], str]) -> None:
    """Raise `VersionsLockError` unless the content of `component` is what its line says."""
    if (component.name, component.version) not in versions:
        raise VersionsLockError(
            f"component {component.name} {component.version} is not in versions.lock: expected a line for "
            f"it, which {_COMMAND} adds"
        )
    check_versions([component], versions)


def _check_is_new(component: Component, versions: Mapping[tuple[str, str], str]) -> None:
    number = _number(component.version)
    for name, version in versions:
        if name == component.name and _number(version)[:2] == number[:2] and _number(version) >= number:
            raise VersionsLockError(
                f"component {name} has version {component.version} but {version} was published before: "
                "expected a higher ComponentVersion in its recipe"
            )


def _number(version: str) -> tuple[int, int, int]:
    """Return major, minor and patch; what follows a dash does not count."""
    major, minor, patch = version.partition("-")[0].split(".")
    return int(major), int(minor), int(patch)


def add_versions(
    components: Iterable[Component], versions: Mapping[tuple[str, str], str], *, replace: bool = False
) -> Versions:
    """Return `versions` with those of `components`.

    Raises `VersionsLockError` for a version that stands for other content already, unless `replace` is set:
    that is for versions that were never deployed.
    """
    added = dict(versions)
    for component in components:
        key = (component.name, component.version)
        if not replace and added.get(key, component.digest) != component.digest:
            check_versions([component], added)
        added[key] = component.digest
    return added


def write_versions(versions: Mapping[tuple[str, str], str], path: Path = VERSIONS_LOCK) -> None:
    """Write `versions`, sorted."""
    lines = [
        "# Written by `python -m infra.fleet lock`: component, version, SHA-256 of recipe and artifacts."
    ]
    lines += [f"{name} {version} {digest}" for (name, version), digest in sorted(versions.items())]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
