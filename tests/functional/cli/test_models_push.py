"""`crowdlens models push` and `versions` against S3 as moto plays it, and what a device makes of it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import boto3
import pytest

from cli.main import main
from cli.model_location import SHIPPED_MODELS
from cli.model_push.bucket import VersionTakenError
from cli.model_push.bucket import push as push_version
from cli.model_push.package import check_package
from contract.model_manifest import ModelReference, parse_manifest
from edge_components.model_store.errors import ModelRefusedError
from edge_components.model_store.settings import StoreSettings
from edge_components.model_store.store import ModelStore
from edge_components.runtime.object_store import ObjectStore

BUCKET = "crowdlens-dev-artifacts-123456789012-ap-northeast-2"
ONE = ModelReference("person_demo", "1")


@pytest.fixture
def s3(moto_aws: None) -> Any:
    client = boto3.client("s3")
    client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
    return client


@pytest.fixture
def package(tmp_path: Path) -> Path:
    folder = tmp_path / "person_demo"
    shutil.copytree(SHIPPED_MODELS / "person_demo", folder)
    return folder


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A private key, and the public one as `openssl pkey -pubout` writes it."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    folder = tmp_path_factory.mktemp("keys")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private, public = folder / "models.key.pem", folder / "models.pub.pem"
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    public.write_bytes(
        key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    )
    return private, public


def push(package: Path, *options: str) -> int:
    return main(["models", "push", str(package), "--version", "1", "--bucket", BUCKET, *options])


def test_a_pushed_and_signed_version_is_listed_and_becomes_active_on_a_device(
    s3: Any, package: Path, keys: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    private, public = keys
    assert push(package, "--sign", str(private), "--accuracy", "fp32=0.83", "--json") == 0
    assert json.loads(capsys.readouterr().out)["state"] == "pushed"
    assert push(package, "--accuracy", "fp32=0.83") == 0
    assert "there already" in capsys.readouterr().out
    assert main(["models", "versions", "--stage", "dev", "--json"]) == 0
    (listed,) = json.loads(capsys.readouterr().out)
    assert (listed["model"], listed["signed"], listed["accuracy"]) == ("person_demo@1", True, {"fp32": 0.83})
    settings = StoreSettings(signing_key=public.read_text())
    store = ModelStore(tmp_path / "models", settings, objects=ObjectStore(BUCKET))
    active = store.ensure(ONE)
    assert (active.package, active.engine) == ("packages/person_demo/1", None)
    assert store.problems() == {}


def test_what_is_not_signed_by_the_trusted_key_is_refused(
    s3: Any, package: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    settings = StoreSettings(signing_key=keys[1].read_text())
    store = ModelStore(tmp_path / "models", settings, objects=ObjectStore(BUCKET))
    assert push(package) == 0
    with pytest.raises(ModelRefusedError, match="is not signed"):
        store.ensure(ONE)
    s3.put_object(Bucket=BUCKET, Key=ONE.key("manifest.sig"), Body=b"x" * 256)
    with pytest.raises(ModelRefusedError, match="not by the key this device trusts"):
        store.ensure(ONE)


def test_a_version_never_changes(s3: Any, package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert push(package) == 0
    golden = package / "golden.json"
    golden.write_text(golden.read_text() + "\n")
    assert push(package) == 1
    assert "expected another --version" in capsys.readouterr().err
    found = s3.get_object(Bucket=BUCKET, Key=ONE.key("manifest.json"))["Body"].read()
    entry = parse_manifest(found, ONE).file("golden.json")
    assert entry is not None
    assert entry.size_bytes == golden.stat().st_size - 1


def test_two_pushes_of_a_version_at_once_leave_one_whole(
    s3: Any, package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other" / "person_demo"
    shutil.copytree(package, other)
    (other / "golden.json").write_text((other / "golden.json").read_text() + "\n")
    first, second = (check_package(folder, "1", {}) for folder in (package, other))
    said: list[str] = []

    def say(sentence: str) -> None:
        said.append(sentence)
        if sentence.startswith("uploading golden.png"):
            with pytest.raises(
                VersionTakenError, match=r"golden\.json in the bucket is that of another push"
            ):
                push_version(s3, BUCKET, second, None, said.append)
            with pytest.raises(s3.exceptions.NoSuchKey):
                s3.get_object(Bucket=BUCKET, Key=ONE.key("manifest.json"))

    assert push_version(s3, BUCKET, first, None, say).is_new
    assert len(said) > 4
    store = ModelStore(tmp_path / "models", StoreSettings(), objects=ObjectStore(BUCKET))
    assert store.ensure(ONE).reference == ONE


def test_a_push_that_was_broken_off_is_gone_on_with(s3: Any, package: Path) -> None:
    s3.upload_file(str(package / "model.onnx"), BUCKET, ONE.key("model.onnx"))
    assert push(package) == 0
    assert s3.get_object(Bucket=BUCKET, Key=ONE.key("manifest.json"))["Body"].read()


def test_a_signature_may_follow(
    s3: Any, package: Path, keys: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(package, "--json") == 0
    assert json.loads(capsys.readouterr().out)["signed"] is False
    for _ in range(2):
        assert push(package, "--sign", str(keys[0]), "--json") == 0
        answer = json.loads(capsys.readouterr().out)
        assert (answer["state"], answer["signed"]) == ("there already", True)
    assert push(package, "--json") == 0
    assert json.loads(capsys.readouterr().out)["signed"] is True
    settings = StoreSettings(signing_key=keys[1].read_text())
    assert ModelStore(tmp_path / "m", settings, objects=ObjectStore(BUCKET)).ensure(ONE).reference == ONE


def test_a_key_that_is_demanded_later_is_said_until_the_signature_follows(
    s3: Any, package: Path, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    assert push(package) == 0
    ModelStore(tmp_path / "m", StoreSettings(), objects=ObjectStore(BUCKET)).ensure(ONE)
    settings = StoreSettings(ONE, BUCKET, keys[1].read_text())
    store = ModelStore(tmp_path / "m", settings, objects=ObjectStore(BUCKET))
    assert store.ensure(ONE).reference == ONE
    (said,) = store.unsigned()
    assert said.startswith("person_demo@1 runs on though model person_demo@1 is not signed")
    assert push(package, "--sign", str(keys[0])) == 0
    store.ensure(ONE)
    assert store.unsigned() == []
    assert ModelStore(tmp_path / "m", settings).unsigned() == []
    bad = ModelStore(tmp_path / "m", StoreSettings(ONE, BUCKET, "no key"))
    assert "signingKey is 'no key'" in bad.unsigned()[0]


def test_a_signature_by_another_key_is_not_replaced(
    s3: Any, package: Path, keys: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    s3.put_object(Bucket=BUCKET, Key=ONE.key("manifest.sig"), Body=b"x" * 256)
    assert push(package, "--sign", str(keys[0])) == 1
    assert "manifest.sig in the bucket is by another key" in capsys.readouterr().err
    with pytest.raises(s3.exceptions.NoSuchKey):
        s3.get_object(Bucket=BUCKET, Key=ONE.key("manifest.json"))


def no_golden(package: Path) -> None:
    (package / "golden.png").unlink()


def other_expectation(package: Path) -> None:
    golden = package / "golden.json"
    golden.write_text(golden.read_text().replace("294.97", "244.97"))


def only_tao(package: Path) -> None:
    (package / "model.onnx").rename(package / "yolov4.etlt")


def cut_off(package: Path) -> None:
    model = package / "model.onnx"
    model.write_bytes(model.read_bytes()[:-100])


@pytest.mark.parametrize(
    ("fault", "status", "text"),
    [
        pytest.param(no_golden, 2, "has no golden.png", id="no-golden-picture"),
        pytest.param(other_expectation, 1, "golden check", id="golden-check-fails"),
        pytest.param(only_tao, 2, "yolov4.etlt is for TAO's own tools: expected ONNX", id="etlt"),
        pytest.param(cut_off, 2, "sha256 of model.onnx", id="truncated"),
    ],
)
def test_a_package_that_would_be_refused_is_not_pushed(  # noqa: PLR0917 - the columns of the table
    s3: Any, package: Path, fault: Any, status: int, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fault(package)
    assert push(package) == status
    assert text in capsys.readouterr().err
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


@pytest.mark.parametrize(
    ("options", "text"),
    [
        pytest.param(["--accuracy", "int4=0.5"], "accuracy is 'int4=0.5'", id="unknown-precision"),
        pytest.param(["--accuracy", "int8=83"], "0 to 1", id="per-cent"),
        pytest.param(["--sign", "/nowhere.pem"], "signing key /nowhere.pem", id="no-key"),
        pytest.param(["--version", "a/b"], "version is 'a/b'", id="version-is-a-path"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    s3: Any, package: Path, options: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert push(package, *options) == 2
    assert text in capsys.readouterr().err


def test_a_dry_run_uploads_nothing(s3: Any, package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert push(package, "--dry-run") == 0
    assert "person_demo@1: dry run, 1.6 MB" in capsys.readouterr().out
    assert s3.list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0


def test_a_golden_check_is_made_from_a_picture(package: Path, capsys: pytest.CaptureFixture[str]) -> None:
    picture = package.parent / "frame.png"
    (package / "golden.png").rename(picture)
    (package / "golden.json").unlink()
    assert main(["models", "golden", str(package), "--picture", str(picture), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["passed"] is True
    assert len(json.loads((package / "golden.json").read_text())["detections"]) > 5


def test_a_tao_file_is_not_added_either(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "yolov4.etlt").write_bytes(b"tao")
    assert main(["models", "add", str(tmp_path / "yolov4.etlt")]) == 2
    assert "expected ONNX: export it with TAO 5" in capsys.readouterr().err
