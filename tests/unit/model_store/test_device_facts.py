"""What a machine tells of itself: a Jetson, a server, one that tells nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_components.model_store.device_facts import DeviceProbe


def lay_out(root: Path, files: dict[str, bytes]) -> DeviceProbe:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return DeviceProbe(root, root / "no-trtexec")


def test_a_jetson_tells_its_board_and_release(tmp_path: Path) -> None:
    probe = lay_out(
        tmp_path,
        {
            "proc/device-tree/model": b"NVIDIA Jetson Orin Nano Developer Kit\0",
            "etc/nv_tegra_release": b"# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic\n",
            "proc/meminfo": b"MemTotal:  7800000 kB\nMemFree: 100 kB\nMemAvailable:    2097152 kB\n",
        },
    )
    device = probe.device()
    assert (device.gpu, device.jetpack) == ("NVIDIA Jetson Orin Nano Developer Kit", "R36.4.3")
    assert device.tensorrt is None
    assert "trtexec is not on this device" in str(device.reason)
    assert probe.memory_available_mib() == 2048


@pytest.mark.parametrize(
    "files", [pytest.param({}, id="nothing"), pytest.param({"etc/nv_tegra_release": b"?"}, id="nonsense")]
)
def test_a_machine_that_tells_nothing_is_taken(tmp_path: Path, files: dict[str, bytes]) -> None:
    probe = lay_out(tmp_path, files)
    assert probe.device().jetpack == ""
    assert probe.memory_available_mib() == 0


def test_a_trtexec_without_a_version_builds_nothing(tmp_path: Path) -> None:
    trtexec = tmp_path / "trtexec"
    trtexec.write_text("#!/bin/sh\necho hello\n")
    trtexec.chmod(0o755)
    device = DeviceProbe(tmp_path, trtexec).device()
    assert (device.tensorrt, device.reason) == (None, f"{trtexec} does not say its TensorRT version")
