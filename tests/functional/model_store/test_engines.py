"""Engines built by a trtexec that takes what each version's takes, and nothing else."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from contract.model_manifest import ModelReference
from edge_components.model_store.device_facts import tensorrt_version
from edge_components.model_store.engine_builder import is_intact
from edge_components.model_store.errors import (
    ModelRefusedError,
    ModelStoreError,
    NotNowError,
    SupersededError,
)
from edge_components.model_store.pointers import ActiveModel, read_active, read_refusals
from edge_components.model_store.settings import StoreSettings
from edge_components.model_store.store import ModelStore
from edge_components.vision.model_bench import locate
from tests.functional.model_store.store_kit import Rig, onnx_bytes, package_files, write_trtexec

OPEN_BATCH = package_files(onnx=onnx_bytes(batch=None))
PEOPLE = ModelReference("people", "1")


def rig_with(tmp_path: Path, version: str, behaviour: str = "works", **push: Any) -> Rig:
    rig = Rig.at(tmp_path, write_trtexec(tmp_path, version, behaviour))
    rig.bucket.push("people", "1", push.pop("files", OPEN_BATCH), **push)
    return rig


def command_of(rig: Rig, active: ActiveModel) -> dict[str, str]:
    """Return the options the active engine was built with: the fake writes them into it."""
    words = (rig.folder / str(active.engine)).read_text().splitlines()
    return {name: value for name, _, value in (word.partition("=") for word in words)}


@pytest.mark.parametrize(
    ("version", "number"),
    [("8.6.1", (8, 6, 1)), ("10.3.0", (10, 3, 0)), ("10.16.1", (10, 16, 1)), ("11.1.0", (11, 1, 0))],
)
def test_the_banner_tells_the_version(tmp_path: Path, version: str, number: tuple[int, int, int]) -> None:
    assert tensorrt_version(write_trtexec(tmp_path, version)) == number


@pytest.mark.parametrize(
    ("version", "precision", "flags"),
    [
        pytest.param("8.6.1", "fp32", set(), id="8.6-fp32"),
        pytest.param("8.6.1", "fp16", {"--fp16"}, id="8.6-fp16"),
        pytest.param("10.3.0", "fp16", {"--fp16"}, id="10.3-jetpack-6"),
        pytest.param("10.16.1", "fp32", set(), id="10.16-fp32"),
        pytest.param("11.1.0", "fp16", set(), id="11-has-no-precision-flags"),
    ],
)
def test_each_version_takes_its_command(
    tmp_path: Path, version: str, precision: str, flags: set[str]
) -> None:
    rig = rig_with(tmp_path, version)
    active = rig.store(precision=precision).ensure(PEOPLE)
    options = command_of(rig, active)
    assert {name for name in options if name in ("--fp16", "--int8")} == flags
    assert options["--minShapes"] == "images:1x3x64x64"
    assert (options["--optShapes"], options["--maxShapes"]) == ("images:4x3x64x64", "images:16x3x64x64")
    assert options["--memPoolSize"] == "workspace:1024"
    assert rig.golden.asked[-1] == (Path(str(active.engine)).name, "tensorrt")
    assert active.made_for.startswith(f"TensorRT {version}")


def test_a_model_of_fixed_batch_gets_no_profile(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0", files=package_files())
    assert "--minShapes" not in command_of(rig, rig.store().ensure(PEOPLE))


def test_tensorrt_11_builds_half_precision_from_the_autocast_model(tmp_path: Path) -> None:
    files = {**OPEN_BATCH, "model_fp16.onnx": onnx_bytes(batch=None, operators=("Cast",))}
    rig = rig_with(tmp_path, "11.1.0", files=files)
    active = rig.store().ensure(PEOPLE)
    assert command_of(rig, active)["--onnx"].endswith("model_fp16.onnx")
    assert active.note is None


def test_tensorrt_11_without_one_builds_the_model_as_it_is_and_says_so(tmp_path: Path) -> None:
    plain = rig_with(tmp_path, "11.1.0")
    active = plain.store().ensure(PEOPLE)
    assert "has no model_fp16.onnx" in str(active.note)
    facts = json.loads((plain.folder / str(active.engine)).with_suffix(".json").read_text())
    assert facts["precision"] == "fp32"


QUANTISED = {**OPEN_BATCH, "model_int8.onnx": onnx_bytes(batch=None, operators=("QuantizeLinear",))}
GOOD, BAD = {"fp32": 0.83, "int8": 0.82}, {"fp32": 0.83, "int8": 0.70}
CALIBRATED = {**OPEN_BATCH, "calibration.cache": b"TRT"}
BOTH = {"--int8", "--fp16"}
INT8 = [
    pytest.param("10.3.0", QUANTISED, GOOD, BOTH, "model_int8.onnx", None, id="10-qdq"),
    pytest.param("11.1.0", QUANTISED, GOOD, set(), "model_int8.onnx", None, id="11-qdq"),
    pytest.param("8.6.1", CALIBRATED, GOOD, {*BOTH, "--calib"}, "model.onnx", None, id="8.6-calibrated"),
    pytest.param("10.3.0", QUANTISED, BAD, {"--fp16"}, "model.onnx", "a loss of over 0.02", id="loses-much"),
    pytest.param("10.3.0", QUANTISED, None, {"--fp16"}, "model.onnx", "no accuracy", id="not-measured"),
    pytest.param("10.3.0", OPEN_BATCH, GOOD, {"--fp16"}, "model.onnx", "nothing says how", id="no-means"),
]


@pytest.mark.parametrize(("version", "files", "accuracy", "flags", "source", "note"), INT8)
def test_int8_stands_behind_an_accuracy_gate(  # noqa: PLR0917 - the columns of the table
    tmp_path: Path,
    version: str,
    files: dict[str, bytes],
    accuracy: dict[str, float] | None,
    flags: set[str],
    source: str,
    note: str | None,
) -> None:
    rig = rig_with(tmp_path, version, files=files, accuracy=accuracy)
    active = rig.store(precision="int8").ensure(PEOPLE)
    options = command_of(rig, active)
    assert {name for name in options if name in ("--int8", "--fp16", "--calib")} == flags
    assert options["--onnx"].endswith(f"/{source}")
    assert (active.note is None) if note is None else (note in str(active.note))


def test_an_engine_is_built_once_for_all_versions_with_its_model(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0")
    first = rig.store().ensure(PEOPLE)
    built = (rig.folder / str(first.engine)).stat().st_mtime_ns
    two = rig.bucket.push("people", "2", {**OPEN_BATCH, "golden.json": b"{ }"})
    second = rig.store().ensure(two)
    assert second.engine == first.engine
    assert (rig.folder / str(second.engine)).stat().st_mtime_ns == built
    assert [path.name for path in (rig.folder / "engines").glob("*.timing")] == ["10.3.0.timing"]


@pytest.mark.parametrize("batch", [pytest.param(None, id="open-batch"), pytest.param(1, id="batch-of-one")])
def test_the_same_model_at_two_sizes_has_two_engines(tmp_path: Path, batch: int | None) -> None:
    rig = rig_with(tmp_path, "10.3.0")
    onnx = onnx_bytes(None, batch=batch)
    for version, side in (("2", 64), ("3", 96)):
        active = rig.store().ensure(rig.bucket.push("people", version, package_files(side, onnx=onnx)))
        assert (
            command_of(rig, active)["--maxShapes"] == f"images:{16 if batch is None else 1}x3x{side}x{side}"
        )


def test_a_name_with_colons_is_quoted(tmp_path: Path) -> None:
    onnx = onnx_bytes(batch=None, name="images:0")
    rig = rig_with(tmp_path, "8.6.1", files=package_files(onnx=onnx))
    assert command_of(rig, rig.store().ensure(PEOPLE))["--optShapes"] == "'images:0':4x3x64x64"


def test_another_tensorrt_builds_anew_and_a_silent_one_changes_nothing(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0")
    old = rig.store().ensure(PEOPLE)
    silent = Rig(rig.folder, rig.bucket, type(rig.probe)(tmp_path), rig.golden)
    assert silent.store().ensure(PEOPLE) == old
    newer = Rig(
        rig.folder, rig.bucket, type(rig.probe)(tmp_path, write_trtexec(tmp_path, "10.7.0")), rig.golden
    )
    new = newer.store().ensure(PEOPLE)
    assert new.engine != old.engine
    assert new.made_for.startswith("TensorRT 10.7.0")


def test_a_damaged_engine_is_built_again(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0")
    active = rig.store().ensure(PEOPLE)
    engine = rig.folder / str(active.engine)
    content = engine.read_bytes()
    engine.write_bytes(content[:20])
    assert list(rig.store().problems()) == [active.engine]
    rig.store().ensure(PEOPLE)
    assert rig.store().problems() == {}


def test_a_precision_whose_golden_picture_is_wrong_makes_way_for_the_next(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0")

    def overflows(engine: Path | None, provider: str) -> str | None:
        return "boxes are not finite numbers" if engine and "--fp16" in engine.read_text() else None

    rig.golden.fails = overflows
    active = rig.store().ensure(PEOPLE)
    assert "--fp16" not in command_of(rig, active)
    assert active.note == "fp16: boxes are not finite numbers"


BAD_LAYER = package_files(onnx=onnx_bytes(operators=("BAD_LAYER",)))


def test_a_model_that_tensorrt_cannot_build_is_refused_with_its_words(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0", files=BAD_LAYER)
    with pytest.raises(ModelRefusedError, match="Could not find any implementation for node BAD_LAYER"):
        rig.store().ensure(PEOPLE)
    assert "BAD_LAYER" in read_refusals(rig.store().folder)["people@1"].reason
    assert read_active(rig.store().folder) is None


@pytest.mark.parametrize(
    ("mode", "asked", "noted"),
    [
        pytest.param("optional", [(None, "cpu"), (None, "auto")], "BAD_LAYER", id="optional"),
        pytest.param("never", [(None, "auto")], None, id="never"),
    ],
)
def test_an_engine_may_be_done_without(
    tmp_path: Path, mode: str, asked: list[Any], noted: str | None
) -> None:
    rig = rig_with(tmp_path, "10.3.0", files=BAD_LAYER)
    active = rig.store(engine=mode).ensure(PEOPLE)
    assert active.engine is None
    assert rig.golden.asked == asked
    assert (noted or "None") in str(active.note)


def test_a_model_that_is_wrong_by_itself_is_refused_before_a_build(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0")
    rig.golden.fails = lambda engine, provider: "not found" if engine is None else None
    with pytest.raises(ModelRefusedError, match="not found"):
        rig.store().ensure(PEOPLE)
    assert not [said for said in rig.said if said.startswith("building")]


def test_a_model_with_tensorrt_plugins_is_tried_on_its_engine_alone(tmp_path: Path) -> None:
    files = package_files(onnx=onnx_bytes(batch=None, operators=("Conv", "BatchedNMSDynamic_TRT")))
    rig = rig_with(tmp_path, "10.3.0", files=files)
    rig.store().ensure(PEOPLE)
    assert [provider for _, provider in rig.golden.asked] == ["tensorrt"]


MEMORY = [
    pytest.param(8192, "workspace:1024", None, id="plenty"),
    pytest.param(1000, "workspace:298", "workspace of only 298 MiB", id="small-workspace"),
    pytest.param(480, "workspace:64", "workspace of only 64 MiB", id="least-workspace"),
]


@pytest.mark.parametrize(("available", "option", "note"), MEMORY)
def test_the_workspace_fits_the_memory(tmp_path: Path, available: int, option: str, note: str | None) -> None:
    rig = rig_with(tmp_path, "10.3.0")
    rig.probe.memory_mib = available
    active = rig.store().ensure(PEOPLE)
    assert command_of(rig, active)["--memPoolSize"] == option
    assert (active.note is None) if note is None else (note in str(active.note))


def test_without_memory_nothing_is_built_and_nothing_is_refused(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0")
    rig.probe.memory_mib = 300
    with pytest.raises(NotNowError, match="memory available is 300 MiB: building this engine needs 467 MiB"):
        rig.store().ensure(PEOPLE)
    assert read_refusals(rig.store().folder) == {}


def test_a_disk_that_is_full_for_the_engine_is_no_reason_to_refuse(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0", "fails")

    def fills_up(sentence: str) -> None:
        rig.probe.free_bytes = 1 if sentence.startswith("building") else rig.probe.free_bytes

    with pytest.raises(NotNowError, match="building the engine failed with 0 MiB free"):
        rig.store(say=fills_up).ensure(PEOPLE)
    assert read_refusals(rig.store().folder) == {}


def test_a_build_that_is_killed_each_time_is_given_up(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0", "is-killed")
    for _ in range(3):
        with pytest.raises(NotNowError, match="out of memory"):
            rig.store().ensure(PEOPLE)
    with pytest.raises(ModelRefusedError, match="3 builds of its engine were cut off"):
        rig.store().ensure(PEOPLE)


def test_a_build_that_crashes_is_the_models_fault(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0", "crashes")
    with pytest.raises(ModelRefusedError, match=r"trtexec crashed \(SIGSEGV\)"):
        rig.store().ensure(PEOPLE)


def test_a_build_without_memory_on_the_gpu_is_not(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0", "fails")
    with pytest.raises(NotNowError, match="too little memory: out of memory"):
        rig.store().ensure(PEOPLE)


def test_a_build_that_hangs_ends_with_its_time_or_with_the_wish_for_it(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0", "hangs")
    with pytest.raises(ModelRefusedError, match=r"building the engine took over 0\.5 s"):
        rig.store(build_seconds=0.5, precision="fp32").ensure(PEOPLE)
    two = rig.bucket.push("people", "2", OPEN_BATCH)
    wanted = threading.Event()
    store = ModelStore(
        rig.folder, StoreSettings(), objects=rig.bucket.store(), probe=rig.probe, golden=rig.golden,
        say=lambda said: wanted.set() if said.startswith("building") else None, cancelled=wanted.is_set,
    )  # fmt: skip
    started = time.monotonic()
    with pytest.raises(SupersededError):
        store.ensure(two)
    assert time.monotonic() - started < 60
    assert not list((rig.folder / "engines").glob("*.plan"))


@pytest.mark.parametrize(
    ("facts", "note"),
    [
        pytest.param({"tensorrt": "10.3.0", "gpu": "Orin"}, "the package's own engine", id="of-this-device"),
        pytest.param(
            {"tensorrt": "8.6.1", "gpu": "Orin"},
            "is for tensorrt '8.6.1', not '10.3.0'",
            id="of-another-tensorrt",
        ),
        pytest.param(
            {"tensorrt": "10.3.0", "gpu": "Xavier"}, "is for gpu 'Xavier', not 'Orin'", id="of-another-gpu"
        ),
    ],
)
def test_an_engine_may_come_with_the_package(tmp_path: Path, facts: dict[str, str], note: str) -> None:
    files = {**OPEN_BATCH, "engine.plan": b"plan", "engine.json": json.dumps(facts).encode()}
    rig = rig_with(tmp_path, "10.3.0", files=files)
    model = tmp_path / "root/proc/device-tree/model"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"Orin\0")
    active = rig.store().ensure(PEOPLE)
    assert note in str(active.note)
    assert (active.engine == "packages/people/1/engine.plan") == (note == "the package's own engine")
    assert rig.store().ensure(PEOPLE) == active


@pytest.mark.parametrize(
    ("tensorrt", "reason"),
    [
        pytest.param("10.3.0", None, id="fits"),
        pytest.param("8.6.1", "is for tensorrt '10.3.0', not '8.6.1'", id="another-tensorrt"),
        pytest.param(None, "nothing tells whether its engine fits", id="no-tensorrt"),
    ],
)
def test_a_package_of_nothing_but_an_engine(tmp_path: Path, tensorrt: str | None, reason: str | None) -> None:
    facts = json.dumps({"tensorrt": "10.3.0", "gpu": "Orin"}).encode()
    files = {**package_files(onnx=b"plan"), "engine.plan": b"plan", "engine.json": facts}
    del files["model.onnx"]
    rig = Rig.at(tmp_path, write_trtexec(tmp_path, tensorrt) if tensorrt else None)
    rig.bucket.push("people", "1", files)
    model = tmp_path / "root/proc/device-tree/model"
    model.parent.mkdir(parents=True)
    model.write_bytes(b"Orin\0")
    if reason is None:
        assert rig.store().ensure(PEOPLE).engine == "packages/people/1/engine.plan"
        return
    with pytest.raises(ModelRefusedError, match=reason):
        rig.store().ensure(PEOPLE)


def test_a_roll_back_after_an_update_of_tensorrt_takes_no_engine_of_the_old_one(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "8.6.1")
    other = package_files(onnx=onnx_bytes(batch=None, weights=202))
    two = rig.bucket.push("people", "2", other)
    first = rig.store().ensure(PEOPLE)
    rig.store().ensure(two)
    rig.probe = type(rig.probe)(tmp_path, write_trtexec(tmp_path, "10.3.0"))
    rig.store().ensure(two)
    rig.golden.asked.clear()
    back = rig.store().roll_back()
    assert (back.reference, back.engine) == (PEOPLE, None)
    assert back.note == "put back without an engine: its own is for TensorRT 8.6.1"
    assert rig.golden.asked == [(None, "auto")]
    # Once it is configured, it gets its engine.
    built = rig.store().ensure(PEOPLE)
    assert built.engine not in (None, first.engine)
    assert built.made_for.startswith("TensorRT 10.3.0")


def test_a_roll_back_takes_an_engine_that_is_at_hand_and_passes(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "8.6.1")
    two = rig.bucket.push("people", "2", {**OPEN_BATCH, "golden.json": b"{ }"})
    rig.store().ensure(PEOPLE)
    rig.store().ensure(two)
    rig.probe = type(rig.probe)(tmp_path, write_trtexec(tmp_path, "10.3.0"))
    active = rig.store().ensure(two)
    rig.golden.asked.clear()
    assert rig.store().roll_back().engine == active.engine
    assert rig.golden.asked == [(Path(str(active.engine)).name, "tensorrt")]


def test_a_roll_back_to_what_is_wrong_by_now_changes_nothing(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "8.6.1")
    two = rig.bucket.push("people", "2", package_files(onnx=onnx_bytes(batch=None, weights=202)))
    rig.store().ensure(PEOPLE)
    rig.store().ensure(two)
    rig.probe = type(rig.probe)(tmp_path, write_trtexec(tmp_path, "10.3.0"))
    rig.golden.fails = lambda engine, provider: "wrong boxes"
    with pytest.raises(ModelStoreError, match=r"cannot be put back: .*wrong boxes"):
        rig.store().roll_back()
    assert read_refusals(rig.store().folder) == {}


def test_models_of_projects_keep_their_engines(tmp_path: Path) -> None:
    rig = rig_with(tmp_path, "10.3.0")
    for version in ("2", "3", "4"):
        onnx = onnx_bytes(batch=None, weights=200 + int(version))
        rig.bucket.push("people", version, package_files(onnx=onnx))
    listed = (PEOPLE,)
    for version in ("2", "3", "4"):
        wanted = ModelReference("people", version)
        rig.store(model=wanted, models=listed, maximum_bytes=4000).ensure_all()
    engine = locate(str(PEOPLE), rig.folder).engine
    assert engine is not None
    assert is_intact(engine)
