"""The installation script run for real, but in a folder, with root's commands stood in for."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from infra.bundles import ROOT

SCRIPT = ROOT / "infra" / "fleet" / "install_device.sh"
MOVED = (
    *("/greengrass/v2", "/var/lib/crowdlens", "/var/tmp/crowdlens-install", "/etc/nv_tegra_release"),
    *("/etc/systemd/system", "/etc/tmpfiles.d", "/etc/crowdlens", "/run/crowdlens", "/usr/src/tensorrt"),
    "/usr/local/sbin",
)
STAND_INS = {
    "python3": "echo 3.10",
    "id": "echo 0",
    "df": "printf 'header\\ndisk 1 1 9999999 1%% /var\\n'",
    "getent": "exit 0",
    "usermod": 'echo "usermod $*"',
    "sudo": 'echo "sudo $*"',
    "ps": "exit 0",
    "chgrp": "exit 0",
    "unzip": "exit 0",
    # Its owners are root's to give: everything but -o and -g is done.
    "install": "words=\nwhile [ $# -gt 0 ]; do\n"
    'case "$1" in -o | -g) shift ;; *) words="$words $1" ;; esac\nshift\ndone\n'
    "exec /usr/bin/install $words",
}
FILES = ("claim.pem", "claim.key", "nucleus.zip", "plugin.jar", "root-ca.pem", "scene.yaml", "source")


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A folder with a script that stays in it, the files to bring along and root's commands."""
    text = SCRIPT.read_text(encoding="utf-8")
    for path in MOVED:
        text = text.replace(path, f"{tmp_path}{path}")
    (tmp_path / "script.sh").write_text(text, encoding="utf-8")
    for name in FILES:
        (tmp_path / name).write_text("x\n", encoding="utf-8")
    (tmp_path / "etc/systemd/system").mkdir(parents=True)
    (tmp_path / "usr/local/sbin").mkdir(parents=True)
    (tmp_path / "bin").mkdir()
    unit = tmp_path / "etc/systemd/system/greengrass.service"
    java = (
        'case "$*" in *--version) echo "AWS Greengrass v2.14.1" ;;\n'
        f'*) echo "umask $(umask)"; echo "[Unit]" >{unit} ;; esac'
    )
    for name, content in {**STAND_INS, "java": java}.items():
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n{content}\n", encoding="utf-8")
        program.chmod(0o755)
    return tmp_path


def install(device: Path, *more: str) -> str:
    """Run the script and return what it says."""
    finished = run(device, *more)
    assert finished.returncode == 0, finished.stderr
    return finished.stdout


def run(device: Path, *more: str) -> subprocess.CompletedProcess[str]:
    words = {
        "stage": "dev",
        "region": "ap-northeast-2",
        "serial": "1421321000123",
        "site": "seoul-1",
        "data-endpoint": "abc-ats.iot.ap-northeast-2.amazonaws.com",
        "credentials-endpoint": "abc.credentials.iot.ap-northeast-2.amazonaws.com",
        "claim-certificate": "claim.pem",
        "claim-key": "claim.key",
        "nucleus": "nucleus.zip",
        "plugin": "plugin.jar",
        "root-ca": "root-ca.pem",
    }
    return subprocess.run(
        ["/bin/sh", "script.sh", *(word for name in words for word in (f"--{name}", words[name])), *more],
        cwd=device,
        env={"PATH": f"{device / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
        umask=0o022,
    )


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_the_nucleus_starts_with_the_umask_of_the_system(device: Path) -> None:
    """Files with secrets are closed, and nothing that comes after them is by that."""
    said = install(device, "--scene", "scene.yaml", "--source-file", "source")
    assert "umask 0022" in said
    settings = device / "etc/crowdlens"
    modes = {name: mode(settings / name) for name in ("scene.yaml", "camera-source", "sources", "claim")}
    assert modes == {"scene.yaml": 0o640, "camera-source": 0o640, "sources": 0o750, "claim": 0o700}
    assert mode(settings / "claim" / "nucleus.yaml") == 0o600


def test_components_may_use_the_gpu_and_are_started_by_sudo(device: Path) -> None:
    said = install(device)
    for expected in (
        "usermod --append --groups video ggc_user",
        "usermod --append --groups render ggc_user",
        "sudo -n -u ggc_user -g ggc_group true",
    ):
        assert expected in said


def test_a_second_run_brings_settings_and_leaves_nucleus_and_claim_alone(device: Path) -> None:
    install(device)
    claim = device / "etc/crowdlens/claim"
    for file in claim.iterdir():
        file.unlink()
    claim.rmdir()
    said = install(device, "--scene", "scene.yaml")
    assert "the nucleus is there: left as it is" in said
    assert "umask" not in said
    assert (claim.exists(), (device / "etc/crowdlens/scene.yaml").exists()) == (False, True)


@pytest.mark.parametrize(
    ("has_trtexec", "sentence"),
    [
        pytest.param(True, "TensorRT is there: model_store builds engines", id="with TensorRT"),
        pytest.param(False, "models would run on its processor", id="without trtexec"),
    ],
)
def test_a_jetson_says_whether_it_can_build_engines(device: Path, has_trtexec: bool, sentence: str) -> None:
    (device / "etc/nv_tegra_release").write_text("# R36\n", encoding="utf-8")
    if has_trtexec:
        program = device / "usr/src/tensorrt/bin/trtexec"
        program.parent.mkdir(parents=True)
        program.write_text("#!/bin/sh\n", encoding="utf-8")
        program.chmod(0o755)
    assert sentence in install(device)


@pytest.mark.parametrize(
    ("program", "sentence"),
    [
        pytest.param("unzip", "nucleus.zip cannot be unpacked: expected the zip", id="no zip"),
        pytest.param("sudo", "root may not become ggc_user:ggc_group", id="sudo refuses"),
        pytest.param("java", "nucleus.zip does not say its version", id="no nucleus"),
    ],
)
def test_what_fails_on_the_way_is_told_in_one_sentence(device: Path, program: str, sentence: str) -> None:
    (device / "bin" / program).write_text("#!/bin/sh\nexit 9\n", encoding="utf-8")
    finished = run(device)
    assert (finished.returncode, finished.stderr.count("\n")) == (1, 1)
    assert finished.stderr.startswith(f"install_device: {sentence}")


def test_a_person_asks_a_component_by_the_newest_code_there(device: Path) -> None:
    """sudo takes PYTHONPATH out of what it hands over, so that it must be set behind it."""
    install(device)
    for version in ("1.9.0", "1.10.0"):
        place = f"greengrass/v2/packages/artifacts-unarchived/com.crowdlens.dev.model_store/{version}"
        (device / place / "model_store").mkdir(parents=True)
    code = device / place / "model_store"
    asked = ask(device, "model_store", "list", "--json")
    assert "sudo -n -u ggc_user -g ggc_group env PYTHONPATH=" + f"{code}:" in asked.stdout
    assert asked.stdout.endswith("python3 -m edge_components.model_store list --json\n")


def test_a_component_that_is_not_there_is_told(device: Path) -> None:
    install(device)
    asked = ask(device, "selftest")
    assert (asked.returncode, asked.stderr.count("\n")) == (2, 1)
    assert asked.stderr.startswith("crowdlens-device: vision is not on this device (yet)")


def ask(device: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(device / "usr/local/sbin/crowdlens-device"), *words],
        env={"PATH": f"{device / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
