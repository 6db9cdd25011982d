"""A bucket in memory behind the real ObjectStore, tiny model packages, and a device as tests want it."""

from __future__ import annotations

import errno
import hashlib
import io
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from botocore.exceptions import ClientError

from contract.model_manifest import (
    MANIFEST_FILE,
    ManifestFile,
    ModelManifest,
    ModelReference,
    manifest_bytes,
)
from edge_components.model_store.device_facts import DeviceProbe
from edge_components.model_store.golden_process import GoldenOutcome
from edge_components.model_store.settings import StoreSettings
from edge_components.model_store.store import ModelStore
from edge_components.runtime.object_store import ObjectStore

FAKE_TRTEXEC = Path(__file__).with_name("fake_trtexec.py")
GIBIBYTE = 1024**3


class Bucket:
    """S3's `get_object` over a dictionary; `error` answers all, other faults come with the package's files.

    `denied` is the end of a key that the device may not read, `fail_after` cuts a file's bytes off,
    `is_disk_full` lets the device have no room for them.
    """

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.asked: list[tuple[str, str | None]] = []
        self.error: str | None = None
        self.fail_after: int | None = None
        self.is_disk_full = False
        self.denied = ""

    def get_object(self, **arguments: Any) -> dict[str, Any]:
        key, wanted = arguments["Key"], arguments.get("Range")
        self.asked.append((key, wanted))
        if self.denied and key.endswith(self.denied):
            raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")
        code = self.error or (None if key in self.objects else "NoSuchKey")
        if code is not None:
            raise ClientError({"Error": {"Code": code, "Message": code}}, "GetObject")
        content = self.objects[key]
        if wanted is None:
            return {"Body": io.BytesIO(content) if key.endswith(MANIFEST_FILE) else self._body(content)}
        start = int(wanted.removeprefix("bytes=").rstrip("-"))
        return {"Body": self._body(content[start:]), "ContentRange": f"bytes {start}-/{len(content)}"}

    def _body(self, content: bytes) -> io.BytesIO:
        if self.is_disk_full:
            return _FullDisk(content)
        return io.BytesIO(content if self.fail_after is None else content[: self.fail_after])

    def store(self) -> ObjectStore:
        return ObjectStore("artifacts", lambda: self)

    def push(
        self, name: str, version: str, files: dict[str, bytes], accuracy: dict[str, float] | None = None
    ) -> ModelReference:
        reference = ModelReference(name, version)
        listed = tuple(
            ManifestFile(file, len(content), hashlib.sha256(content).hexdigest())
            for file, content in files.items()
        )
        manifest = ModelManifest(name, version, "detection", listed, accuracy or {})
        for file, content in files.items():
            self.objects[reference.key(file)] = content
        self.objects[reference.key(MANIFEST_FILE)] = manifest_bytes(manifest)
        return reference


class _FullDisk(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        raise OSError(errno.ENOSPC, "No space left on device")


class Probe(DeviceProbe):
    """A device with the memory, disk and trtexec that a test gives it."""

    def __init__(self, root: Path, trtexec: Path | None = None) -> None:
        super().__init__(root, trtexec or root / "no-trtexec")
        self.memory_mib = 8192
        self.free_bytes = 10 * GIBIBYTE

    def memory_available_mib(self) -> int:
        return self.memory_mib

    def disk_free_bytes(self, folder: Path) -> int:
        return self.free_bytes


@dataclass
class Golden:
    """Stands for the golden check: passes but where `fails` says so (engine, provider) -> reason."""

    fails: Callable[[Path | None, str], str | None] = lambda engine, provider: None
    asked: list[tuple[str | None, str]] = field(default_factory=list)

    def __call__(
        self,
        package: Path,
        *,
        engine: Path | None,
        provider: str,
        limit_seconds: float,
        cancelled: Callable[[], bool],
    ) -> GoldenOutcome:
        self.asked.append((engine.name if engine else None, provider))
        reason = self.fails(engine, provider)
        return GoldenOutcome(reason is None, reason, "fake", 1.0)


def onnx_bytes(
    side: int | None = 64,
    *,
    batch: int | None = 1,
    operators: tuple[str, ...] = ("Conv",),
    weights: int = 200,
    name: str = "images",
) -> bytes:
    """Return a whole ONNX file without meaning: an input [batch, 3, side, side] and `operators`."""
    dimensions = b"".join(
        _message(1, b"" if size is None else b"\x08" + _varint(size)) for size in (batch, 3, side, side)
    )
    tensor = _message(1, b"\x08\x01" + _message(2, dimensions))
    picture = _message(1, name.encode()) + _message(2, tensor)
    nodes = b"".join(_message(1, _message(4, name.encode())) for name in operators)
    weight = _message(8, b"weight") + _message(9, b"\x07" * weights)
    graph = nodes + _message(5, weight) + _message(11, picture)
    return b"\x08\x08" + _message(7, graph)


def _message(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    text = b""
    while value > 0x7F:
        text += bytes([value & 0x7F | 0x80])
        value >>= 7
    return text + bytes([value])


def package_files(side: int = 64, *, onnx: bytes | None = None, **more: bytes) -> dict[str, bytes]:
    """Return the files of a package whose model.yaml says `side` x `side`."""
    model = onnx_bytes(side) if onnx is None else onnx
    description = {
        "name": "people",
        "version": "1",
        "task": "detection",
        "input": {"width": side, "height": side, "channels": "rgb", "scale": 1.0},
        "layout": "yolo_v8",
        "labels": ["person"],
        "thresholds": {"confidence": 0.5, "non_maximum_suppression": 0.6},
        "sha256": hashlib.sha256(model).hexdigest(),
        "licence": "Apache-2.0",
    }
    files = {
        "model.onnx": model,
        "model.yaml": yaml.safe_dump(description).encode(),
        "golden.png": b"picture",
        "golden.json": b"{}",
    }
    return {**files, **{name.replace("__", "."): content for name, content in more.items()}}


def write_trtexec(folder: Path, version: str, behaviour: str = "works") -> Path:
    """Return a trtexec of a TensorRT version, in a folder of its own."""
    path = folder / f"trtexec-{version}-{behaviour}"
    path.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I "{FAKE_TRTEXEC}" {version} {behaviour} "$@"\n')
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@dataclass
class Rig:
    """A store on a device, with its bucket."""

    folder: Path
    bucket: Bucket
    probe: Probe
    golden: Golden
    said: list[str] = field(default_factory=list)

    def store(self, *, say: Callable[[str], None] | None = None, **settings: Any) -> ModelStore:
        return ModelStore(
            self.folder,
            StoreSettings(**settings),
            objects=self.bucket.store(),
            probe=self.probe,
            say=say or self.said.append,
            golden=self.golden,
        )

    @classmethod
    def at(cls, folder: Path, trtexec: Path | None = None) -> Rig:
        return cls(folder / "models", Bucket(), Probe(folder / "root", trtexec), Golden())
