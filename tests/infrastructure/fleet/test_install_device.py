"""The installation script: a dry run that changes nothing, and one sentence for a mistake."""

from __future__ import annotations

import grp
import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from infra.bundles import ROOT
from infra.fleet.places import Places
from infra.fleet.targets import PYTHONS

SCRIPT = ROOT / "infra" / "fleet" / "install_device.sh"


@pytest.fixture
def device(tmp_path: Path) -> Path:
    """A folder with the files to bring along, and a python3 that says what a Jetson's does."""
    for name in (
        "claim.pem",
        "claim.key",
        "nucleus.zip",
        "plugin.jar",
        "root-ca.pem",
        "scene.yaml",
        "source",
    ):
        (tmp_path / name).write_text("x", encoding="utf-8")
    (tmp_path / "bin").mkdir()
    says(tmp_path, "3.10")
    return tmp_path


def says(device: Path, python: str) -> None:
    program = device / "bin" / "python3"
    program.write_text(f"#!/bin/sh\necho {python}\n", encoding="utf-8")
    program.chmod(0o755)


def arguments(device: Path, **changed: str) -> list[str]:
    values = {
        "stage": "prod",
        "region": "ap-northeast-2",
        "serial": "1421321000123",
        "site": "seoul-1",
        "data-endpoint": "abc-ats.iot.ap-northeast-2.amazonaws.com",
        "credentials-endpoint": "abc.credentials.iot.ap-northeast-2.amazonaws.com",
        "claim-certificate": str(device / "claim.pem"),
        "claim-key": str(device / "claim.key"),
        "nucleus": str(device / "nucleus.zip"),
        "plugin": str(device / "plugin.jar"),
        "root-ca": str(device / "root-ca.pem"),
        **{name.replace("_", "-"): value for name, value in changed.items()},
    }
    return [word for name, value in values.items() for word in (f"--{name}", value)]


def run(device: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(SCRIPT), *words],
        cwd=device,
        env={"PATH": f"{device / 'bin'}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_dry_run_says_every_step_and_changes_nothing(device: Path) -> None:
    before = sorted(path.name for path in device.rglob("*"))
    finished = run(
        device, "--dry-run", *arguments(device), "--source-file", "source", "--scene", "scene.yaml"
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    for said in (
        "1. Java",
        "2. user ggc_user",
        "3. the nucleus",
        "4. the nucleus as a service",
        "would run: java",
    ):
        assert said in finished.stdout
    for written in ("site (0640)", "camera-source (0640)", "scene.yaml (0640)", "nucleus.yaml (0600)"):
        assert f"would write: /etc/crowdlens/{written}" in finished.stdout.replace("/claim/", "/")
    assert "would write: /etc/tmpfiles.d/crowdlens.conf (0644)" in finished.stdout
    for folder in ("/etc/crowdlens/sources", "/run/crowdlens"):
        assert [line for line in finished.stdout.splitlines() if line.endswith(f"ggc_group {folder}")]
    assert sorted(path.name for path in device.rglob("*")) == before


def test_the_run_folder_is_the_components_own_after_every_boot(tmp_path: Path) -> None:
    """The line that the script writes, read by systemd-tmpfiles itself."""
    if shutil.which("systemd-tmpfiles") is None:
        pytest.skip("no systemd-tmpfiles here")
    text = SCRIPT.read_text(encoding="utf-8")
    written = re.search(r"printf '(d %s 0750 %s %s -)", text)
    assert written is not None
    folder = tmp_path / "run"
    user = pwd.getpwuid(os.getuid()).pw_name
    group = grp.getgrgid(os.getgid()).gr_name
    (tmp_path / "crowdlens.conf").write_text(written[1] % (folder, user, group) + "\n", encoding="utf-8")
    made = subprocess.run(
        ["systemd-tmpfiles", "--create", str(tmp_path / "crowdlens.conf")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (made.returncode, folder.stat().st_mode & 0o777) == (0, 0o750), made.stderr


def test_undoing_keeps_what_waits_to_be_sent(device: Path) -> None:
    finished = run(device, "--undo", "--dry-run")
    assert finished.returncode == 0
    removed = [line for line in finished.stdout.splitlines() if "would run: rm -rf" in line]
    assert removed
    assert not [line for line in removed if "spool" in line or line.endswith(" /var/lib/crowdlens")]


def test_undoing_half_an_installation_takes_the_claim_away(device: Path) -> None:
    """No service is there yet and systemd fails: the stand-ins write down what they were asked."""
    for name, content in {
        "systemctl": "exit 1",
        "rm": f'echo "$@" >>{device}/removed',
        "id": "echo 0",
    }.items():
        program = device / "bin" / name
        program.write_text(f"#!/bin/sh\n{content}\n", encoding="utf-8")
        program.chmod(0o755)
    assert run(device, "--undo").returncode == 0
    assert "/etc/crowdlens/claim" in (device / "removed").read_text(encoding="utf-8")


def test_undoing_needs_root(device: Path) -> None:
    program = device / "bin" / "id"
    program.write_text("#!/bin/sh\necho 1000\n", encoding="utf-8")
    program.chmod(0o755)
    finished = run(device, "--undo")
    assert (finished.returncode, finished.stdout) == (1, "")
    assert finished.stderr == "install_device: this needs root: run it with sudo\n"


@pytest.mark.parametrize("python", PYTHONS)
def test_every_python_with_wheels_is_taken(device: Path, python: str) -> None:
    says(device, python)
    assert run(device, "--dry-run", *arguments(device)).returncode == 0


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        pytest.param({"stage": "test"}, "--stage is 'test': expected dev or prod", id="stage"),
        pytest.param({"region": "Seoul"}, "--region is 'Seoul': expected a name like", id="region"),
        pytest.param({"serial": "a b"}, "--serial is 'a b': expected 4 to 64", id="serial"),
        pytest.param({"site": "seoul/1"}, "--site is 'seoul/1'", id="site"),
        pytest.param({"site": "seoul-1\nevil: y"}, "--site is", id="a site that would write YAML of its own"),
        pytest.param({"region": "ap-northeast-2\nap-northeast-2"}, "--region is", id="two lines"),
        pytest.param({"data_endpoint": "localhost"}, "--data-endpoint is 'localhost'", id="data endpoint"),
        pytest.param({"claim_key": "nowhere"}, "file 'nowhere' is missing or empty", id="no key"),
    ],
)
def test_a_mistake_is_told_before_anything_is_done(
    device: Path, changed: dict[str, str], sentence: str
) -> None:
    finished = run(device, *arguments(device, **changed))
    assert finished.returncode == 1
    assert finished.stderr.startswith(f"install_device: {sentence}")
    assert finished.stdout == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        pytest.param(["--colour", "red"], "--colour is no option", id="an unknown option"),
        pytest.param(["--stage"], "--stage has no value", id="an option without its value"),
        pytest.param(["now"], "'now' was not expected", id="a word"),
    ],
)
def test_an_option_that_is_none_is_told(device: Path, words: list[str], sentence: str) -> None:
    finished = run(device, *words)
    assert (finished.returncode, sentence in finished.stderr) == (1, True)


def test_another_python_is_told(device: Path) -> None:
    says(device, "3.8")
    finished = run(device, "--dry-run", *arguments(device))
    assert finished.returncode == 1
    assert "python3 is 3.8: expected 3.10 (JetPack 6" in finished.stderr


def test_it_asks_for_the_template_and_the_role_of_the_stage(places: Places) -> None:
    """Names that two files spell: the script's and the stack's."""
    text = SCRIPT.read_text(encoding="utf-8").replace("$STAGE", "prod")
    assert f'provisioningTemplate: "{places.template_name}"' in text
    assert f'iotRoleAlias: "{places.role_alias}"' in text
    assert f'deviceId: "{places.config.prefix}-claim-$SERIAL"' in text
