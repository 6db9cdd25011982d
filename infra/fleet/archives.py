"""Zip archives whose bytes depend on their content alone."""

from __future__ import annotations

import ast
import hashlib
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.bundles import ROOT

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""Zip's first moment: a time of today would make every archive another."""
_REGULAR_FILE = 0o100644 << 16
_STAND_ALONE = ("root_helper",)
"""Components that import nothing of ours: what is root's shall be small."""
_STORED_SUFFIXES = (".whl", ".onnx", ".png")
"""Compressed already, or all but incompressible."""


@dataclass(frozen=True)
class Archive:
    """An artifact `file_name` of the `members`, paths in the archive to files of the repository.

    `identity` is added to its digest for members that are fetched later and named by it, such as wheels by
    their lock file.
    """

    file_name: str
    members: Mapping[str, Path]
    identity: bytes = b""

    @property
    def digest(self) -> str:
        """SHA-256 over names and contents, which no compression changes."""
        digest = hashlib.sha256(self.identity)
        for name, path in sorted(self.members.items()):
            content = path.read_bytes()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()

    def write(self, folder: Path, more: Mapping[str, Path] | None = None) -> Path:
        """Write the archive, with `more` members, into `folder` and return its path."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.file_name
        partial = path.with_suffix(".partial")
        with zipfile.ZipFile(partial, "w") as archive:
            for name, source in sorted({**self.members, **(more or {})}.items()):
                archive.writestr(_entry(name), source.read_bytes())
        partial.replace(path)
        return path


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, date_time=_EPOCH)
    entry.external_attr = _REGULAR_FILE
    entry.create_system = 3
    stored = name.endswith(_STORED_SUFFIXES)
    entry.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
    return entry


def component_members(folder: str) -> dict[str, Path]:
    """Return the files of the component in `edge_components/<folder>` and all of ours that they import.

    Of `contract` only what is imported comes along: a new column of a cloud-only table is no reason for a new
    version of every component.
    """
    members = {"edge_components/__init__.py": ROOT / "edge_components" / "__init__.py"}
    shared = () if folder in _STAND_ALONE else ("edge_components/runtime",)
    for package in (*shared, f"edge_components/{folder}"):
        members.update((path.relative_to(ROOT).as_posix(), path) for path in _files_of(ROOT / package))
    waiting = [path for path in members.values() if path.suffix == ".py"]
    while waiting:
        for path in _contract_imports(waiting.pop()):
            name = path.relative_to(ROOT).as_posix()
            if name not in members:
                members[name] = path
                waiting.append(path)
    return members


def _contract_imports(path: Path) -> Iterator[Path]:
    """Yield the modules of `contract` that the file at `path` imports, the package itself first."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom) and node.module == "contract":
            names += [f"contract.{alias.name}" for alias in node.names]
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            if name.split(".")[0] == "contract":
                yield ROOT / "contract" / "__init__.py"
                if name.count("."):
                    yield ROOT / (name.replace(".", "/") + ".py")


def _files_of(package: Path) -> Iterator[Path]:
    for path in sorted(package.rglob("*")):
        hidden = any(part.startswith((".", "__pycache__")) for part in path.relative_to(package).parts)
        if path.is_file() and not hidden and path.name != "recipe.yaml":
            yield path
