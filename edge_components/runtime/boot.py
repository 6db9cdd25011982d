"""Which boot of the machine this is."""

from __future__ import annotations

from pathlib import Path

BOOT_ID_FILE = Path("/proc/sys/kernel/random/boot_id")
UNKNOWN_BOOT = "unknown"
"""Stands for the boot where the kernel does not tell: then each start of a process counts as a new boot."""


def read_boot_id(path: Path = BOOT_ID_FILE) -> str:
    """Return the kernel's random id of this boot, or `UNKNOWN_BOOT` where there is none."""
    try:
        return path.read_text(encoding="ascii").strip() or UNKNOWN_BOOT
    except OSError:
        return UNKNOWN_BOOT
