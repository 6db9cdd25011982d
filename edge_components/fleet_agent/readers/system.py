"""What the machine is and what is installed on it: changes rarely, and tells drift between devices."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from contract.records import Value
from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.readers.jetson import RELEASE_FILE, linux_for_tegra
from edge_components.fleet_agent.reading import Reading, known

_OS_FILES = ("etc/os-release", "usr/lib/os-release")
_DIGEST_CHARACTERS = 12
_PACKAGES = "var/lib/dpkg/status"
_JETPACK_PACKAGE = "nvidia-jetpack"
_RESTART_MARKS = ("run/reboot-required", "var/run/reboot-required")
_RESTART_TELLERS = (
    "usr/share/update-notifier/notify-reboot-required",
    "etc/kernel/postinst.d/update-notifier",
    "etc/kernel/postinst.d/unattended-upgrades",
)
"""What writes the mark; without any of them its absence says nothing."""


class SystemReader:
    """Model, operating system and kernel."""

    name = "system"
    columns = ("hardware_model", "os_release", "kernel")
    every_seconds = 3600.0

    def __init__(self, machine: Machine) -> None:
        self._machine = machine

    def read(self) -> Reading:
        """Return the three."""
        return known(
            {
                "hardware_model": self._model(),
                "os_release": self._os_release(),
                "kernel": self._machine.text("proc/sys/kernel/osrelease"),
            },
            "no file of the system says",
        )

    def _model(self) -> str | None:
        tree = self._machine.text("proc/device-tree/model")
        if tree:
            return tree
        parts = [self._machine.text(f"sys/class/dmi/id/{name}") for name in ("sys_vendor", "product_name")]
        return " ".join(part for part in parts if part) or None

    def _os_release(self) -> str | None:
        for name in _OS_FILES:
            for line in (self._machine.text(name) or "").splitlines():
                key, _, value = line.partition("=")
                if key == "PRETTY_NAME":
                    return value.strip("\"'") or None
        return None


class PackagesReader:
    """How many packages are installed, a digest of all with their versions, and whether a restart is due.

    The list is read again only when its file has changed.
    """

    name = "packages"
    columns = ("package_digest", "packages", "reboot_required", "jetpack_version")
    every_seconds = 60.0

    def __init__(self, machine: Machine) -> None:
        self._machine = machine
        self._read_at: tuple[int, int] | None = None
        self._listed = Reading()

    def read(self) -> Reading:
        """Return what is known of them."""
        restart = known({"reboot_required": self._restart()}, "nothing here notes that a restart is due")
        listed = self._list()
        return Reading({**listed.values, **restart.values}, {**listed.cannot, **restart.cannot})

    def _restart(self) -> bool | None:
        if any(self._machine.path(name).exists() for name in _RESTART_MARKS):
            return True
        tells = any(self._machine.path(name).exists() for name in _RESTART_TELLERS)
        return False if tells else None

    def _list(self) -> Reading:
        path = self._machine.path(_PACKAGES)
        release = linux_for_tegra(self._machine.text(RELEASE_FILE) or "")
        try:
            found = path.stat()
        except OSError:
            values: dict[str, Value] = {"package_digest": None, "packages": None}
            return self._with_jetpack(values, "this system has no dpkg", None, release)
        state = found.st_mtime_ns, found.st_size
        if state != self._read_at:
            installed = sorted(_installed(path))
            self._read_at = state
            digest = hashlib.sha256("\n".join(installed).encode()).hexdigest()[:_DIGEST_CHARACTERS]
            values = {"package_digest": digest, "packages": len(installed)}
            self._listed = self._with_jetpack(values, "", _jetpack(installed), release)
        return self._listed

    @staticmethod
    def _with_jetpack(
        values: dict[str, Value], reason: str, jetpack: str | None, release: str | None
    ) -> Reading:
        parts = [jetpack, f"L4T {release}" if release else None]
        text = " ".join(part for part in parts if part) or None
        listed = known(values, reason)
        version = known({"jetpack_version": text}, "this is no Jetson")
        return Reading({**listed.values, **version.values}, {**listed.cannot, **version.cannot})


def _installed(path: Path) -> Iterator[str]:
    """Yield ``name architecture version`` of each installed package of a dpkg status file."""
    package: dict[str, str] = {}
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line == "\n":
                yield from _if_installed(package)
                package = {}
            elif line.startswith(("Package:", "Status:", "Version:", "Architecture:")):
                key, _, value = line.partition(":")
                package[key] = value.strip()
    yield from _if_installed(package)


def _if_installed(package: dict[str, str]) -> Iterator[str]:
    if package.get("Status", "").endswith(" installed"):
        yield f"{package.get('Package')} {package.get('Architecture')} {package.get('Version')}"


def _jetpack(installed: list[str]) -> str | None:
    """Return JetPack's version without its build, such as ``6.2``."""
    for line in installed:
        words = line.split()
        if words[0] == _JETPACK_PACKAGE:
            return words[-1].split("+")[0].split("-")[0]
    return None
