"""The manifest of a model version: what is taken, what is not, and that it is the same bytes each time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.model_manifest import (
    REQUIRED_FILES,
    ManifestFile,
    ModelManifest,
    ModelManifestError,
    ModelReference,
    manifest_bytes,
    parse_manifest,
    parse_reference,
)

NAMES = ("model.onnx", *REQUIRED_FILES)
SHA256 = "0123456789abcdef" * 4
FILES = tuple(ManifestFile(name, 10 + index, SHA256) for index, name in enumerate(NAMES))
MANIFEST = ModelManifest("people", "1.2", "detection", FILES, {"fp32": 0.8})


def only(*names: str) -> bytes:
    files = [{"name": name, "bytes": 1, "sha256": SHA256} for name in (*names, *REQUIRED_FILES)]
    return changed(files=files)


def changed(**fields: Any) -> bytes:
    return json.dumps({**json.loads(manifest_bytes(MANIFEST)), **fields}).encode()


def with_file(**fields: Any) -> bytes:
    files = json.loads(manifest_bytes(MANIFEST))["files"]
    return changed(files=[{**files[0], **fields}, *files[1:]])


def test_a_manifest_is_read_as_it_was_written() -> None:
    assert parse_manifest(manifest_bytes(MANIFEST), ModelReference("people", "1.2")) == MANIFEST
    assert MANIFEST.reference.key("model.onnx") == "models/people/1.2/model.onnx"
    assert MANIFEST.size_bytes == 10 + 11 + 12 + 13
    assert parse_manifest(changed(newer="key")) == MANIFEST
    assert parse_manifest(only("engine.plan", "engine.json")).file("model.onnx") is None


@pytest.mark.parametrize(
    ("content", "text"),
    [
        pytest.param(b"", "not valid JSON", id="empty"),
        pytest.param(b"[]", "the document is", id="list"),
        pytest.param(changed(format=2), "format is 2", id="newer-format"),
        pytest.param(changed(name="a/b"), "model name is 'a/b'", id="name-is-a-path"),
        pytest.param(changed(version=".."), "version is '..'", id="version-goes-up"),
        pytest.param(changed(version=1), "version is 1", id="version-is-a-number"),
        pytest.param(changed(files=[]), "lacks model.yaml", id="no-files"),
        pytest.param(only(), "lacks model.onnx (or engine.plan with engine.json)", id="no-model"),
        pytest.param(only("engine.plan"), "lacks engine.json", id="engine-for-nobody-knows"),
        pytest.param(with_file(name="../x"), "name is '../x'", id="file-goes-up"),
        pytest.param(with_file(name="run.sh"), "name is 'run.sh'", id="unknown-file"),
        pytest.param(with_file(name="model.yaml"), "each name once", id="file-twice"),
        pytest.param(with_file(bytes=0), "bytes is 0", id="no-bytes"),
        pytest.param(with_file(bytes=True), "bytes is True", id="bytes-are-a-truth"),
        pytest.param(with_file(bytes=10**12), "bytes is 1000000000000", id="terabyte"),
        pytest.param(with_file(sha256="xyz"), "sha256 is 'xyz'", id="short-digest"),
        pytest.param(changed(accuracy={"int4": 0.5}), "accuracy.int4", id="unknown-precision"),
        pytest.param(changed(accuracy={"int8": 83}), "accuracy.int8 is 83", id="accuracy-in-per-cent"),
    ],
)
def test_a_bad_manifest_is_one_sentence(content: bytes, text: str) -> None:
    with pytest.raises(ModelManifestError) as refused:
        parse_manifest(content)
    assert text in str(refused.value)


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.text(), st.lists).map(lambda value: json.dumps(value).encode())
)
def test_noise_raises_nothing_else(content: bytes) -> None:
    with pytest.raises(ModelManifestError):
        parse_manifest(content)


def test_another_models_manifest_is_refused() -> None:
    with pytest.raises(ModelManifestError, match=r"is that of people@1\.2: expected people@2"):
        parse_manifest(manifest_bytes(MANIFEST), ModelReference("people", "2"))


@pytest.mark.parametrize(
    "text", ["people", "people@", "@1", "a b@1", "people@1/2", "people@1@2", "", None, 7]
)
def test_a_reference_is_name_and_version(text: object) -> None:
    assert parse_reference("person_demo@1.0-b") == ModelReference("person_demo", "1.0-b")
    with pytest.raises(ModelManifestError):
        parse_reference(text)
