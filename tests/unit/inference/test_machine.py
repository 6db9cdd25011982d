from __future__ import annotations

from pathlib import Path

import pytest

from edge_components.runtime.inference.machine import board, has_nvidia_gpu, jetpack

RELEASE = (
    "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: Wed Jan  8 2025\n"
)


def files(root: Path, contents: dict[str, str]) -> Path:
    for name, text in contents.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_a_jetson_is_told_by_its_files(tmp_path: Path) -> None:
    root = files(
        tmp_path,
        {
            "etc/nv_tegra_release": RELEASE,
            "proc/device-tree/model": "NVIDIA Jetson Orin Nano Developer Kit\0",
            "dev/nvhost-gpu": "",
        },
    )
    assert jetpack(root) == "6 (Jetson Linux R36.4.3)"
    assert board(root) == "NVIDIA Jetson Orin Nano Developer Kit"
    assert has_nvidia_gpu(root)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(RELEASE.replace("R36", "R38").replace("4.3", "4.0"), "7 (Jetson Linux R38.4.0)", id="7"),
        pytest.param(RELEASE.replace("R36", "R99"), "unknown (Jetson Linux R99.4.3)", id="of the future"),
        pytest.param("nothing that is known", None, id="another text"),
    ],
)
def test_releases(text: str, expected: str | None, tmp_path: Path) -> None:
    assert jetpack(files(tmp_path, {"etc/nv_tegra_release": text})) == expected


def test_another_machine_has_no_jetpack(tmp_path: Path) -> None:
    assert jetpack(tmp_path) is None
    assert not has_nvidia_gpu(tmp_path)
    assert board(tmp_path).startswith("Linux")
