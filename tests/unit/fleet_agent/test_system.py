"""What a machine is and what is installed on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

import pytest

from edge_components.fleet_agent.machine import Machine
from edge_components.fleet_agent.readers.system import PackagesReader, SystemReader

MachineOf = Callable[..., Machine]
STATUS = "var/lib/dpkg/status"


def package(name: str, version: str, status: str = "install ok installed") -> str:
    return (
        f"Package: {name}\nStatus: {status}\nArchitecture: arm64\nVersion: {version}\n"
        "Description: about it\n Status: this line belongs to the description\n\n"
    )


@pytest.mark.parametrize(
    ("files", "values"),
    [
        pytest.param(
            {
                "proc/device-tree/model": "Raspberry Pi 4 Model B Rev 1.4\0",
                "etc/os-release": 'NAME="x"\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n',
                "proc/sys/kernel/osrelease": "6.6.51+rpt-rpi-v8\n",
            },
            {
                "hardware_model": "Raspberry Pi 4 Model B Rev 1.4",
                "os_release": "Debian GNU/Linux 12 (bookworm)",
                "kernel": "6.6.51+rpt-rpi-v8",
            },
            id="Raspberry Pi",
        ),
        pytest.param(
            {
                "sys/class/dmi/id/sys_vendor": "ASUS\n",
                "sys/class/dmi/id/product_name": "NUC 14\n",
                "usr/lib/os-release": "PRETTY_NAME='Ubuntu 24.04.1 LTS'\n",
                "proc/sys/kernel/osrelease": "6.8.0-49-generic\n",
            },
            {
                "hardware_model": "ASUS NUC 14",
                "os_release": "Ubuntu 24.04.1 LTS",
                "kernel": "6.8.0-49-generic",
            },
            id="PC",
        ),
        pytest.param({}, {}, id="nothing"),
    ],
)
def test_systems(machine_of: MachineOf, files: Mapping[str, str], values: Mapping[str, str]) -> None:
    reading = SystemReader(machine_of(files)).read()
    assert dict(reading.values) == values
    assert set(reading.cannot) == set(SystemReader.columns) - set(values)


def test_the_digest_is_of_what_is_installed_whatever_its_order(machine_of: MachineOf) -> None:
    one, two = package("bash", "5.1"), package("zlib1g", "1.2")
    gone = package("old", "1", "deinstall ok config-files")
    reader = PackagesReader(machine_of({STATUS: one + two + gone}))
    first = reader.read().values
    assert first["packages"] == 2
    assert len(str(first["package_digest"])) == 12

    machine_of({STATUS: two + one})
    assert reader.read().values["package_digest"] == first["package_digest"]
    machine_of({STATUS: two + package("bash", "5.2")})
    assert reader.read().values["package_digest"] != first["package_digest"]


def test_an_unchanged_list_is_not_read_again(machine_of: MachineOf) -> None:
    machine = machine_of({STATUS: package("bash", "5.1")})
    reader = PackagesReader(machine)
    first = reader.read().values
    path, before = machine.path(STATUS), machine.path(STATUS).stat()
    path.write_text(package("bash", "5.2"), encoding="utf-8")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert reader.read().values == first


@pytest.mark.parametrize(
    ("files", "version"),
    [
        pytest.param(
            {"etc/nv_tegra_release": "# R36 (release), REVISION: 4.3, GCID: 1\n",
             STATUS: package("nvidia-jetpack", "6.2+b77")},
            "6.2 L4T 36.4.3", id="JetPack installed",
        ),
        pytest.param(
            {"etc/nv_tegra_release": "# R32 (release), REVISION: 7.1, GCID: 1\n",
             STATUS: package("nvidia-jetpack", "4.6.1-b110")},
            "4.6.1 L4T 32.7.1", id="the longest fits its column",
        ),
        pytest.param({"etc/nv_tegra_release": "# R36 (release), REVISION: 4.3"}, "L4T 36.4.3", id="no dpkg"),
        pytest.param({STATUS: package("bash", "5")}, None, id="no Jetson"),
    ],
)  # fmt: skip
def test_jetpack(machine_of: MachineOf, files: Mapping[str, str], version: str | None) -> None:
    reading = PackagesReader(machine_of(files)).read()
    assert reading.values.get("jetpack_version") == version
    assert version is None or len(version) <= 16


@pytest.mark.parametrize(
    ("files", "due"),
    [
        pytest.param({"run/reboot-required": ""}, True, id="marked"),
        pytest.param({"usr/share/update-notifier/notify-reboot-required": ""}, False, id="would be marked"),
        pytest.param({}, None, id="nobody marks it"),
    ],
)
def test_restart(machine_of: MachineOf, files: Mapping[str, str], due: bool | None) -> None:
    assert PackagesReader(machine_of(files)).read().values.get("reboot_required") is due
