"""What machine this is: NVIDIA's parts of it, told by files, without asking a library that may hang."""

from __future__ import annotations

import platform
import re
from pathlib import Path

GPU_FILES = ("dev/nvidia0", "dev/nvhost-gpu", "dev/nvgpu", "dev/nvhost-ctrl-gpu")
"""A discrete GPU's, and those of Jetsons."""
RELEASE_FILE = "etc/nv_tegra_release"
MODEL_FILE = "proc/device-tree/model"
JETPACK_OF_RELEASE = {35: "5", 36: "6", 38: "7"}
"""Jetson Linux's major release, which is what a device tells of itself, and its JetPack."""


def has_nvidia_gpu(root: Path = Path("/")) -> bool:
    """Return whether the machine shows an NVIDIA GPU to its programs."""
    return any((root / file).exists() for file in GPU_FILES)


def board(root: Path = Path("/")) -> str:
    """Return the board's name as the device tree or the processor tells it."""
    named = _text(root / MODEL_FILE).replace("\0", "").strip()
    return named or f"{platform.system()} {platform.machine()}"


def jetpack(root: Path = Path("/")) -> str | None:
    """Return the JetPack's major version and the release it is told by, None off a Jetson.

    The file's first line is such as `# R36 (release), REVISION: 4.3, GCID: …`.
    """
    match = re.search(r"R(\d+) \(release\), REVISION: ([\d.]+)", _text(root / RELEASE_FILE))
    if match is None:
        return None
    major, revision = int(match[1]), match[2]
    return f"{JETPACK_OF_RELEASE.get(major, 'unknown')} (Jetson Linux R{major}.{revision})"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
