"""What a device is to TensorRT: its version, the GPU, the JetPack; and how much memory and disk are free."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_TRTEXEC_PLACES = ("usr/src/tensorrt/bin/trtexec", "usr/local/tensorrt/bin/trtexec")
_BANNER = re.compile(r"\[TensorRT v(\d+)\]")
_RELEASE = re.compile(r"#\s*R(\d+)[^,]*,\s*REVISION:\s*([\d.]+)")
_AVAILABLE = re.compile(r"^MemAvailable:\s*(\d+) kB", re.MULTILINE)
_PROBE_SECONDS = 60.0


@dataclass(frozen=True)
class TensorRt:
    """A TensorRT found by its trtexec."""

    version: tuple[int, int, int]
    trtexec: Path

    @property
    def text(self) -> str:
        """The version as people write it."""
        return ".".join(map(str, self.version))


@dataclass(frozen=True)
class Device:
    """What engines depend on; `tensorrt` is None where none can be built, and `reason` says why."""

    tensorrt: TensorRt | None
    gpu: str
    jetpack: str
    reason: str | None = None


class DeviceProbe:
    """Asks the machine; `root` is where its file system begins, so that tests can lay one out."""

    def __init__(self, root: Path = Path("/"), trtexec: Path | None = None) -> None:
        self._root = root
        self._trtexec = trtexec

    def device(self) -> Device:
        """Return what engines of this device depend on."""
        gpu, jetpack = self._gpu(), self._jetpack()
        trtexec = self._find_trtexec()
        if trtexec is None:
            return Device(None, gpu, jetpack, "trtexec is not on this device, so no engine can be built")
        version = tensorrt_version(trtexec)
        if version is None:
            return Device(None, gpu, jetpack, f"{trtexec} does not say its TensorRT version")
        return Device(TensorRt(version, trtexec), gpu, jetpack)

    def memory_available_mib(self) -> int:
        """Return what the kernel could give to a new process without swapping, 0 when it does not say."""
        try:
            found = _AVAILABLE.search((self._root / "proc/meminfo").read_text())
        except OSError:
            return 0
        return int(found.group(1)) // 1024 if found else 0

    def disk_free_bytes(self, folder: Path) -> int:
        """Return how many bytes may still be written below `folder`."""
        return shutil.disk_usage(folder).free

    def _find_trtexec(self) -> Path | None:
        if self._trtexec is not None:
            return self._trtexec if self._trtexec.is_file() else None
        in_path = shutil.which("trtexec")
        places = [Path(in_path)] if in_path else []
        places += [self._root / place for place in _TRTEXEC_PLACES]
        return next((place for place in places if place.is_file()), None)

    def _gpu(self) -> str:
        try:
            model = (self._root / "proc/device-tree/model").read_bytes()
            return model.rstrip(b"\0").decode("utf-8", "replace").strip()
        except OSError:
            return _first_line_of("nvidia-smi", "--query-gpu=name,compute_cap", "--format=csv,noheader")

    def _jetpack(self) -> str:
        """Return the Jetson Linux release, which every JetPack has one of; "" where it is no Jetson."""
        try:
            found = _RELEASE.search((self._root / "etc/nv_tegra_release").read_text())
        except OSError:
            return ""
        return f"R{found.group(1)}.{found.group(2)}" if found else ""


def tensorrt_version(trtexec: Path) -> tuple[int, int, int] | None:
    """Return the version in trtexec's banner: v8601 is 8.6.1 and v100300 is 10.3.0; None without one."""
    found = _BANNER.search(_output_of(str(trtexec), "--help"))
    if found is None:
        return None
    number = int(found.group(1))
    thousands = 10_000 if number >= 100_000 else 1_000
    return number // thousands, number % thousands // 100, number % 100


def _first_line_of(*command: str) -> str:
    lines = _output_of(*command).strip().splitlines()
    return lines[0].strip() if lines else ""


def _output_of(*command: str) -> str:
    try:
        finished = subprocess.run(
            command, capture_output=True, text=True, errors="replace", timeout=_PROBE_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return finished.stdout + finished.stderr
