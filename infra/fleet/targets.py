"""The Pythons and machines that wheels are gathered for, and the groups of devices that have them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """One wheelhouse: CPython `python` (``3.10``) on `machine` (``aarch64`` or ``x86_64``)."""

    python: str
    machine: str

    @property
    def python_tag(self) -> str:
        """The interpreter's wheel tag, ``cp310``."""
        return "cp" + self.python.replace(".", "")

    @property
    def name(self) -> str:
        """The wheelhouse's name and that of its archive."""
        return f"wheelhouse-{self.python_tag}-{self.machine}"


PYTHONS = ("3.10", "3.12")
"""JetPack 6 (Ubuntu 22.04) and JetPack 7 (Ubuntu 24.04)."""
TARGETS = tuple(Target(python, machine) for python in PYTHONS for machine in ("aarch64", "x86_64"))
NEWEST_GLIBC_MINOR = 28
"""Wheels for glibc 2.28 and older run on both: Ubuntu 22.04 brings 2.35."""


@dataclass(frozen=True)
class DeviceGroup:
    """A kind of device; `python` is what its system brings, None for a group that only gathers others."""

    name: str
    description: str
    python: str | None
    parent: str | None = None


GROUPS = (
    DeviceGroup("jetson", "NVIDIA Jetsons of every JetPack", None),
    DeviceGroup("jetson-jetpack6", "Jetsons with JetPack 6, Python 3.10", "3.10", parent="jetson"),
    DeviceGroup("jetson-jetpack7", "Jetsons with JetPack 7, Python 3.12", "3.12", parent="jetson"),
    DeviceGroup("rpi", "Raspberry Pis with Ubuntu 24.04, Python 3.12", "3.12"),
    DeviceGroup("server", "x86 servers with Ubuntu 24.04, Python 3.12", "3.12"),
    DeviceGroup("nuc", "Mini PCs with Ubuntu 24.04, Python 3.12", "3.12"),
)
"""A device is in one group that has a Python; that group's deployment is the device's."""
