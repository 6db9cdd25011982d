"""Where the store keeps what: one folder, every path of it spelled here.

::

    packages/NAME/VERSION/…        whole packages with their manifest
    incoming/NAME@VERSION/…        a download that has not ended; the next attempt resumes it
    engines/KEY.plan, KEY.json     engines built here, and what for
    engines/TENSORRT.timing        what TensorRT measured, so that the next build is quicker
    active.json                    the model in force, and the one before it; replaced in one step
    ready.json                     versions that were tried for projects, with their engines
    previous.json, refused.json, attempts.json, store.lock
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from contract.model_manifest import MANIFEST_FILE, ModelManifestError, ModelReference, parse_reference


@dataclass(frozen=True)
class StoreFolder:
    """The paths below the store's folder."""

    root: Path

    @property
    def packages(self) -> Path:
        """Folder of the whole packages."""
        return self.root / "packages"

    @property
    def incoming(self) -> Path:
        """Folder of downloads that have not ended."""
        return self.root / "incoming"

    @property
    def engines(self) -> Path:
        """Folder of engines."""
        return self.root / "engines"

    @property
    def active(self) -> Path:
        """Pointer to the model in force."""
        return self.root / "active.json"

    @property
    def previous(self) -> Path:
        """Pointer to the model before it."""
        return self.root / "previous.json"

    @property
    def ready(self) -> Path:
        """Pointers to the models that projects may name."""
        return self.root / "ready.json"

    @property
    def refused(self) -> Path:
        """Versions that failed, with the reason."""
        return self.root / "refused.json"

    @property
    def attempts(self) -> Path:
        """How often a version was begun and came to no end."""
        return self.root / "attempts.json"

    @property
    def lock(self) -> Path:
        """Held by whoever changes the store."""
        return self.root / "store.lock"

    def package(self, reference: ModelReference) -> Path:
        """Return the folder of a package."""
        return self.packages / reference.name / reference.version

    def download(self, reference: ModelReference) -> Path:
        """Return the folder that a package is fetched into."""
        return self.incoming / str(reference)

    def make(self) -> None:
        """Make the folders that are missing; raises `OSError`."""
        for folder in (self.packages, self.incoming, self.engines):
            folder.mkdir(parents=True, exist_ok=True)

    def installed(self) -> Iterator[ModelReference]:
        """Yield the versions whose packages are whole, by name."""
        for manifest in sorted(self.packages.glob(f"*/*/{MANIFEST_FILE}")):
            try:
                yield parse_reference(f"{manifest.parent.parent.name}@{manifest.parent.name}")
            except ModelManifestError:
                continue

    def remove_package(self, reference: ModelReference) -> None:
        """Remove a package, its manifest first: without one a package counts as none."""
        folder = self.package(reference)
        (folder / MANIFEST_FILE).unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def size_bytes_of(folder: Path) -> int:
    """Return the bytes of all files below `folder`; what vanishes meanwhile counts as nothing."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except OSError:
            continue
    return total
