"""Signatures made by the CLI and by openssl are checked by what devices have."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from cli.model_push.signing import SigningKeyFileError, sign
from edge_components.model_store.signature import SigningKeyError, is_signed, pkcs1_pem

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make keys")
CONTENT = b'{"format": 1}'


def openssl(*words: str) -> None:
    subprocess.run(["openssl", *words], check=True, capture_output=True)


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    for name in ("ours", "theirs"):
        key = str(folder / f"{name}.pem")
        openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
        openssl("pkey", "-in", key, "-pubout", "-out", str(folder / f"{name}.pub"))
        openssl("rsa", "-in", key, "-RSAPublicKey_out", "-out", str(folder / f"{name}.pkcs1"))
    openssl(
        "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", str(folder / "ec.pem")
    )
    return folder


@pytest.mark.parametrize("form", ["pub", "pkcs1"])
def test_a_signature_is_checked_with_either_form_of_the_key(keys: Path, form: str) -> None:
    signature = sign(CONTENT, keys / "ours.pem")
    ours, theirs = (keys / f"ours.{form}").read_text(), (keys / f"theirs.{form}").read_text()
    assert is_signed(CONTENT, signature, ours)
    assert not is_signed(CONTENT + b" ", signature, ours)
    assert not is_signed(CONTENT, signature[:-1], ours)
    assert not is_signed(CONTENT, b"", ours)
    assert not is_signed(CONTENT, signature, theirs)


def test_openssl_signs_alike(keys: Path, tmp_path: Path) -> None:
    content, signature = tmp_path / "manifest.json", tmp_path / "manifest.sig"
    content.write_bytes(CONTENT)
    method = ["-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:digest"]
    openssl("dgst", "-sha256", *method, "-sign", str(keys / "ours.pem"), "-out", str(signature), str(content))
    assert is_signed(CONTENT, signature.read_bytes(), (keys / "ours.pub").read_text())


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param("", id="empty"),
        pytest.param("-----BEGIN PUBLIC KEY-----\n!!!\n-----END PUBLIC KEY-----", id="no-base64"),
        pytest.param("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", id="no-key"),
        pytest.param("-----BEGIN RSA PUBLIC KEY-----\nAAAA\n-----END RSA PUBLIC KEY-----", id="no-pkcs1"),
    ],
)
def test_what_is_no_key_is_said(pem: str) -> None:
    with pytest.raises(SigningKeyError, match="signingKey"):
        is_signed(CONTENT, b"x" * 256, pem)


def test_a_key_pasted_on_one_line_is_read(keys: Path) -> None:
    pem = (keys / "ours.pub").read_text()
    assert pkcs1_pem(" ".join(pem.split("\n"))) == pkcs1_pem(pem)


@pytest.mark.parametrize("name", ["ours.pub", "ec.pem", "nowhere.pem"])
def test_what_cannot_sign_is_said(keys: Path, name: str) -> None:
    with pytest.raises(SigningKeyFileError, match="expected an RSA private key"):
        sign(CONTENT, keys / name)
