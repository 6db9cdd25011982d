"""Artifacts: the same bytes for the same content, whole enough to run, and never changed in the bucket."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from boto3.exceptions import S3UploadFailedError
from moto import mock_aws

from infra.bundles import ROOT
from infra.fleet.archives import Archive
from infra.fleet.components import EDGE_COMPONENTS, Component, load_components
from infra.fleet.publish import PublishError, publish, s3_client

BUCKET = "crowdlens-dev-artifacts"
CODE = [one for one in load_components() if not one.name.endswith("libraries")]
PUBLISHER = next(one for one in CODE if one.name.endswith("publisher"))


@pytest.mark.parametrize("component", [pytest.param(one, id=one.name) for one in CODE])
def test_an_archive_holds_all_that_its_component_imports(component: Component, tmp_path: Path) -> None:
    """It starts from what was unpacked, in a folder where nothing else of ours can be found."""
    (archive,) = component.archives
    with zipfile.ZipFile(archive.write(tmp_path)) as opened:
        opened.extractall(tmp_path / "unpacked")
    name = component.name.rpartition(".")[2]
    code = (
        "import sys, importlib, pathlib\n"
        f"sys.path = [{str(tmp_path / 'unpacked')!r}] + [p for p in sys.path if p and p != {str(ROOT)!r}]\n"
        f"for path in sorted(pathlib.Path(sys.path[0], 'edge_components').rglob('*.py')):\n"
        "    module = '.'.join(path.relative_to(sys.path[0]).with_suffix('').parts)\n"
        "    importlib.import_module(module.removesuffix('.__init__'))\n"
        f"import edge_components.{name}.__main__ as entry\n"
        "print(entry.__file__)\n"
    )
    finished = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    assert Path(finished.stdout.strip()).is_relative_to(tmp_path / "unpacked")


@pytest.mark.parametrize("component", [pytest.param(one, id=one.name) for one in CODE])
def test_an_archive_holds_nothing_of_the_cloud_and_nothing_that_was_left_lying(component: Component) -> None:
    (archive,) = component.archives
    own = component.name.rpartition(".")[2]
    others = [
        f"edge_components/{path.name}/"
        for path in EDGE_COMPONENTS.iterdir()
        if path.name not in (own, "runtime")
    ]
    for name in archive.members:
        assert name.startswith(("contract/", "edge_components/"))
        assert not name.startswith(tuple(others))
        assert not {"__pycache__", "recipe.yaml"} & set(name.split("/"))


def test_the_same_content_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = tmp_path / "a.py", tmp_path / "b.py"
    for path, age_seconds in ((first, 10), (second, 99_999)):
        path.write_text("x = 1\n", encoding="utf-8")
        os.utime(path, (age_seconds, age_seconds))
        path.chmod(0o600 if age_seconds == 10 else 0o755)
    one = Archive("x.zip", {"m/x.py": first, "y.whl": first}).write(tmp_path / "one")
    two = Archive("x.zip", {"y.whl": second, "m/x.py": second}).write(tmp_path / "two")
    assert one.read_bytes() == two.read_bytes()
    with zipfile.ZipFile(one) as opened:
        assert opened.namelist() == ["m/x.py", "y.whl"]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client: Any = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def test_an_artifact_is_uploaded_once(bucket: Any, tmp_path: Path) -> None:
    component = PUBLISHER
    first = list(publish(component, bucket, bucket=BUCKET, stage="dev", folder=tmp_path))
    again = list(publish(component, bucket, bucket=BUCKET, stage="dev", folder=tmp_path))
    assert ([one.is_new for one in first], [one.is_new for one in again]) == ([True], [False])
    key = f"components/com.crowdlens.dev.publisher/{component.version}/publisher.zip"
    assert [one["Key"] for one in bucket.list_objects_v2(Bucket=BUCKET)["Contents"]] == [key]
    assert first[0].key == key


def test_an_artifact_of_a_version_is_never_replaced(bucket: Any, tmp_path: Path) -> None:
    component = PUBLISHER
    (archive,) = component.archives
    list(publish(component, bucket, bucket=BUCKET, stage="dev", folder=tmp_path))
    changed = replace(component, archives=(replace(archive, identity=b"changed"),))
    with pytest.raises(
        PublishError, match=r"holds other content as .*publisher\.zip: expected a new component"
    ):
        list(publish(changed, bucket, bucket=BUCKET, stage="dev", folder=tmp_path))


def test_a_bucket_that_is_not_there_is_told(bucket: Any, tmp_path: Path) -> None:
    with pytest.raises(PublishError, match="could not be put into nowhere"):
        list(publish(PUBLISHER, bucket, bucket="nowhere", stage="dev", folder=tmp_path))


def test_an_upload_that_is_refused_is_told(
    bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_arguments: Any, **_named: Any) -> None:
        raise S3UploadFailedError("Failed to upload: AccessDenied")

    monkeypatch.setattr(bucket, "upload_file", refuse)
    with pytest.raises(PublishError, match=r"could not be put into .*AccessDenied"):
        list(publish(PUBLISHER, bucket, bucket=BUCKET, stage="dev", folder=tmp_path))


def test_a_profile_that_is_not_there_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    with pytest.raises(PublishError, match="make no S3 client"):
        s3_client()
