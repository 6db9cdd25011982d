"""From a wanted version to the active one, and everything that goes wrong on the way."""

from __future__ import annotations

import multiprocessing
import threading
import time
from pathlib import Path

import pytest

from contract.errors import CrowdLensError, DiskFullError
from contract.model_manifest import ModelReference, parse_reference
from edge_components.model_store.errors import (
    CutOffError,
    MissingVersionError,
    ModelRefusedError,
    ModelStoreError,
    NotNowError,
    OutByOperatorError,
    SupersededError,
)
from edge_components.model_store.packages import package_problem
from edge_components.model_store.pointers import read_active, read_previous, read_ready, read_refusals
from edge_components.model_store.settings import StoreSettings
from edge_components.model_store.store import ModelStore, is_passing
from edge_components.model_store.store_lock import store_lock
from edge_components.runtime.object_store import ObjectStoreError
from edge_components.vision.model_bench import locate
from tests.functional.model_store.store_kit import Rig, onnx_bytes, package_files

ONE, TWO, THREE = (ModelReference("people", version) for version in "123")


def in_force(rig: Rig) -> str | None:
    active = read_active(rig.store().folder)
    return None if active is None else str(active.reference)


def test_versions_follow_one_another_and_roll_back(rig: Rig) -> None:
    assert rig.store().ensure(ONE).engine is None
    assert rig.store().ensure(TWO).reference == TWO
    folder = rig.store().folder
    previous = read_previous(folder)
    assert previous is not None
    assert (previous.reference, previous.package) == (ONE, "packages/people/1")
    assert rig.store().roll_back().reference == ONE
    assert in_force(rig) == "people@1"
    # What was left stays out, now and after a restart, until somebody lets it in.
    with pytest.raises(ModelRefusedError, match="rolled back by an operator"):
        rig.store().ensure(TWO)
    assert in_force(rig) == "people@1"
    assert rig.store().activate_by_operator(TWO).reference == TWO
    assert list(read_refusals(folder)) == ["people@1"]
    rig.store().roll_back()
    assert list(read_refusals(folder)) == ["people@2"]


def test_an_active_version_is_not_fetched_again(rig: Rig) -> None:
    rig.store().ensure(ONE)
    rig.bucket.asked.clear()
    rig.store().ensure(ONE)
    assert rig.bucket.asked == []


def test_a_download_that_broke_off_is_gone_on_with(rig: Rig) -> None:
    rig.bucket.fail_after = 100
    with pytest.raises(ObjectStoreError, match="ended after 100 of") as broken:
        rig.store().ensure(ONE)
    assert is_passing(broken.value)
    rig.bucket.fail_after = None
    rig.bucket.asked.clear()
    assert rig.store().ensure(ONE).reference == ONE
    assert ("models/people/1/model.onnx", "bytes=100-") in rig.bucket.asked


PARTS = [
    pytest.param("model.onnx.partial", bytes(100), id="zeroes-at-the-end-of-a-download"),
    pytest.param("model.onnx.partial", bytes(10_000), id="more-than-there-is"),
    pytest.param("model.onnx", bytes(len(onnx_bytes(weights=201))), id="a-whole-file-of-zeroes"),
    pytest.param("model.onnx", b"", id="an-empty-file"),
]


@pytest.mark.parametrize(("name", "content"), PARTS)
def test_what_an_attempt_left_damaged_is_fetched_once_from_the_start(
    rig: Rig, name: str, content: bytes
) -> None:
    download = rig.folder / "incoming/people@1"
    download.mkdir(parents=True)
    (download / name).write_bytes(content)
    assert rig.store().ensure(ONE).reference == ONE
    assert [asked for asked in rig.bucket.asked if "model.onnx" in asked[0]][-1] == (
        ONE.key("model.onnx"),
        None,
    )
    assert read_refusals(rig.store().folder) == {}


def test_a_wrong_file_is_refused_though_its_download_was_gone_on_with(rig: Rig) -> None:
    spoil(rig, "model.onnx", bytes(len(onnx_bytes(weights=202))))
    rig.bucket.fail_after = 100
    with pytest.raises(ObjectStoreError, match="ended after"):
        rig.store().ensure(TWO)
    rig.bucket.fail_after = None
    with pytest.raises(ModelRefusedError, match="sha256"):
        rig.store().ensure(TWO)
    assert list(read_refusals(rig.store().folder)) == ["people@2"]


def test_a_golden_check_that_is_cut_off_condemns_the_model_the_third_time(rig: Rig) -> None:
    def killed(engine: Path | None, provider: str) -> str | None:
        raise CutOffError("the golden check was killed")

    rig.golden.fails = killed
    for _ in range(2):
        with pytest.raises(NotNowError, match="was killed"):
            rig.store().ensure(ONE)
    assert read_refusals(rig.store().folder) == {}
    with pytest.raises(ModelRefusedError, match="was killed, 3 times"):
        rig.store().ensure(ONE)
    assert list(read_refusals(rig.store().folder)) == ["people@1"]


def test_golden_checks_that_were_cut_off_are_forgotten_after_one_that_was_not(rig: Rig) -> None:
    answers = ["cut off", "cut off", None, "cut off", "cut off"]

    def now_and_then(engine: Path | None, provider: str) -> str | None:
        if answers.pop(0) is not None:
            raise CutOffError("no memory")
        return None

    rig.golden.fails = now_and_then
    for _ in range(2):
        with pytest.raises(NotNowError):
            rig.store().ensure(ONE)
    rig.store().ensure(ONE)
    (rig.folder / "active.json").unlink()
    for _ in range(2):
        with pytest.raises(NotNowError):
            rig.store().ensure(ONE)
    assert not answers


def spoil(rig: Rig, name: str, content: bytes) -> None:
    rig.bucket.objects[TWO.key(name)] = content


REFUSED = [
    pytest.param(
        lambda rig: spoil(rig, "model.onnx", bytes(len(onnx_bytes(weights=202)))),
        "sha256",
        id="another-model-file",
    ),
    pytest.param(
        lambda rig: spoil(rig, "model.onnx", onnx_bytes(weights=202)[:40]), "smaller|ended", id="cut-off"
    ),
    pytest.param(lambda rig: spoil(rig, "manifest.json", b"{"), "not valid JSON", id="broken-manifest"),
    pytest.param(
        lambda rig: spoil(rig, "manifest.json", rig.bucket.objects[ONE.key("manifest.json")]),
        "is that of people@1",
        id="manifest-of-another",
    ),
    pytest.param(
        lambda rig: rig.bucket.push("people", "2", package_files(64, onnx=onnx_bytes(96))),
        r"\[1, 3, 96, 96\].*but model.yaml says 64x64",
        id="another-input-size",
    ),
    pytest.param(
        lambda rig: rig.bucket.push("people", "2", package_files(onnx=onnx_bytes()[:60])),
        "no whole ONNX file",
        id="truncated-before-it-was-pushed",
    ),
    pytest.param(
        lambda rig: rig.bucket.push("people", "2", {**package_files(), "model.yaml": b"task: nothing"}),
        "model.yaml",
        id="bad-description",
    ),
    pytest.param(
        lambda rig: setattr(rig.golden, "fails", lambda engine, provider: "person at (1, 2) is not found"),
        "is not found",
        id="golden-picture",
    ),
]


@pytest.mark.parametrize(("fault", "reason"), REFUSED)
def test_a_bad_version_is_refused_and_the_old_one_stays(rig: Rig, fault: object, reason: str) -> None:
    rig.store().ensure(ONE)
    assert callable(fault)
    fault(rig)
    with pytest.raises((ModelRefusedError, ObjectStoreError), match=reason):
        rig.store().ensure(TWO)
    active = read_active(rig.store().folder)
    assert active is not None
    assert active.reference == ONE
    assert package_problem(rig.folder / active.package, ONE) is None


def test_a_refused_version_is_known_at_once_also_offline_until_it_is_pushed_anew(rig: Rig) -> None:
    rig.golden.fails = lambda engine, provider: "nothing is found"
    with pytest.raises(ModelRefusedError):
        rig.store().ensure(TWO)
    rig.bucket.error = "SlowDown"
    asked = len(rig.golden.asked)
    with pytest.raises(ModelRefusedError, match="nothing is found"):
        rig.store().ensure(TWO)
    assert len(rig.golden.asked) == asked
    rig.bucket.error = None
    rig.golden.fails = lambda engine, provider: None
    with pytest.raises(ModelRefusedError, match="nothing is found"):
        rig.store().ensure(TWO)
    rig.bucket.push("people", "2", package_files(onnx=onnx_bytes(weights=500)))
    assert rig.store().ensure(TWO).reference == TWO
    assert read_refusals(rig.store().folder) == {}


PASSING = [
    pytest.param("is_disk_full", True, DiskFullError, "no room left", id="disk-full-in-the-middle"),
    pytest.param(
        "error", "RequestTimeTooSkewed", ObjectStoreError, "RequestTimeTooSkewed", id="clock-in-1970"
    ),
    pytest.param("error", "ExpiredToken", ObjectStoreError, "ExpiredToken", id="credentials"),
]


@pytest.mark.parametrize(("attribute", "value", "kind", "text"), PASSING)
def test_what_may_pass_is_not_remembered(
    rig: Rig, attribute: str, value: object, kind: type[CrowdLensError], text: str
) -> None:
    rig.store().ensure(ONE)
    healthy = getattr(rig.bucket, attribute)
    setattr(rig.bucket, attribute, value)
    with pytest.raises(kind, match=text) as failed:
        rig.store().ensure(TWO)
    assert is_passing(failed.value)
    assert (in_force(rig), read_refusals(rig.store().folder)) == ("people@1", {})
    assert list((rig.folder / "incoming").iterdir()) == []
    setattr(rig.bucket, attribute, healthy)
    assert rig.store().ensure(TWO).reference == TWO


def test_a_file_that_is_not_granted_may_be_later(rig: Rig) -> None:
    rig.bucket.denied = "model.yaml"
    with pytest.raises(NotNowError, match="not granted to this device"):
        rig.store().ensure(TWO)
    rig.bucket.denied = ""
    assert rig.store().ensure(TWO).reference == TWO


def test_a_file_that_is_missing_may_come_back(rig: Rig) -> None:
    picture = rig.bucket.objects.pop(TWO.key("golden.png"))
    with pytest.raises(NotNowError, match=r"golden\.png is not there"):
        rig.store().ensure(TWO)
    rig.bucket.objects[TWO.key("golden.png")] = picture
    assert rig.store().ensure(TWO).reference == TWO


def test_a_version_that_nobody_pushed_is_said_and_may_come_later(rig: Rig) -> None:
    four = parse_reference("people@4")
    with pytest.raises(MissingVersionError, match="crowdlens models push") as missing:
        rig.store().ensure(four)
    assert not is_passing(missing.value)
    rig.bucket.push("people", "4", package_files())
    assert rig.store().ensure(four).reference == four


def test_an_installed_version_is_activated_without_a_network(rig: Rig) -> None:
    rig.store().ensure(ONE)
    rig.store().ensure(TWO)
    rig.bucket.error = "ServiceUnavailable"
    assert rig.store().ensure(ONE).reference == ONE
    with pytest.raises(ObjectStoreError):
        rig.store().ensure(THREE)


def test_room_is_made_by_old_versions_and_never_by_active_or_previous(rig: Rig) -> None:
    for reference in (ONE, TWO, THREE):
        rig.store().ensure(reference)
    assert set(rig.store().folder.installed()) == {ONE, TWO, THREE}
    four = rig.bucket.push("people", "4", package_files())
    rig.probe.free_bytes = 1
    with pytest.raises(NotNowError, match=r"has 0 MiB free: model people@4 needs"):
        rig.store().ensure(four)
    # Removing all that may go would not have been enough, so nothing went.
    assert set(rig.store().folder.installed()) == {ONE, TWO, THREE}
    assert in_force(rig) == "people@3"
    # Each byte that is missing is made room for, and no more.
    rig.probe.free_bytes = 128 * 1024**2 + 3 * sum(map(len, package_files().values())) - 10
    rig.store().ensure(four)
    assert set(rig.store().folder.installed()) == {TWO, THREE, four}
    rig.store(maximum_bytes=1500).ensure(ONE)
    assert set(rig.store().folder.installed()) == {ONE, four}


def test_a_version_larger_than_the_store_is_refused(rig: Rig) -> None:
    with pytest.raises(ModelRefusedError, match="maximumBytes"):
        rig.store(maximum_bytes=100).ensure(ONE)


def test_a_damaged_package_is_told_and_fetched_again(rig: Rig) -> None:
    rig.store().ensure(ONE)
    rig.store().ensure(TWO)
    (rig.folder / "packages/people/2/model.onnx").write_bytes(b"rot")
    (rig.folder / "packages/people/1/golden.png").unlink()
    problems = rig.store().problems()
    assert list(problems) == ["people@1", "people@2"]
    assert "model.onnx on this device has sha256" in problems["people@2"]
    with pytest.raises(ModelStoreError, match=r"cannot be put back: golden\.png"):
        rig.store().roll_back()
    assert rig.store().ensure(TWO).reference == TWO
    assert list(rig.store().problems()) == ["people@1"]


def test_nothing_to_roll_back_to_is_said(rig: Rig) -> None:
    with pytest.raises(ModelStoreError, match="no model before"):
        rig.store().roll_back()


def test_a_pointer_that_is_no_json_counts_as_none(rig: Rig) -> None:
    rig.store().ensure(ONE)
    (rig.folder / "active.json").write_bytes(b"\0\0")
    assert read_active(rig.store().folder) is None
    assert rig.store().ensure(ONE).reference == ONE


def test_whoever_is_superseded_leaves_the_old_model(rig: Rig) -> None:
    rig.store().ensure(ONE)
    store = ModelStore(
        rig.folder,
        StoreSettings(),
        objects=rig.bucket.store(),
        probe=rig.probe,
        golden=rig.golden,
        cancelled=lambda: True,
    )
    with pytest.raises(SupersededError):
        store.ensure(TWO)
    assert (in_force(rig), read_refusals(store.folder)) == ("people@1", {})


def _hold(folder: Path, held: object, done: object) -> None:
    from edge_components.model_store.store_folder import StoreFolder

    with store_lock(StoreFolder(folder), wait_seconds=60):
        held.set()  # type: ignore[attr-defined]
        done.wait(60)  # type: ignore[attr-defined]


def test_a_second_process_waits_for_the_first_and_an_operator_is_told(rig: Rig) -> None:
    rig.store().ensure(ONE)
    context = multiprocessing.get_context("spawn")
    held, done = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(rig.folder, held, done))
    other.start()
    try:
        assert held.wait(60)
        with pytest.raises(NotNowError, match=f"at work in process {other.pid}"):
            rig.store().roll_back()
        waiting = threading.Thread(target=lambda: rig.store().ensure(TWO))
        waiting.start()
        told = f"waiting for process {other.pid}, which is at work in the store"
        deadline = time.monotonic() + 60
        while told not in rig.said and time.monotonic() < deadline:
            time.sleep(0.02)
        assert told in rig.said
        assert in_force(rig) == "people@1"
    finally:
        done.set()
        other.join(60)
    waiting.join(60)
    assert in_force(rig) == "people@2"


def test_models_of_projects_are_tried_and_stay_while_they_are_listed(rig: Rig) -> None:
    store = rig.store(model=THREE, models=(ONE, TWO))
    active = store.ensure_all()
    assert active is not None
    assert (active.reference, list(read_ready(store.folder))) == (THREE, ["people@1", "people@2"])
    rig.bucket.asked.clear()
    store.ensure_all()
    assert rig.bucket.asked == []
    four = rig.bucket.push("people", "4", package_files())
    rig.store(model=four, models=(ONE, TWO), maximum_bytes=100_000).ensure_all()
    # As an operator without the configuration does it.
    rig.store(maximum_bytes=1500).activate_by_operator(THREE)
    assert set(store.folder.installed()) == {ONE, TWO, THREE, four}
    rig.store(model=THREE, models=(TWO,)).ensure_all()
    assert list(read_ready(store.folder)) == ["people@2"]
    assert locate("people@2", rig.folder).package == rig.folder / "packages/people/2"


def test_a_listed_model_that_fails_is_refused_and_no_project_gets_it(rig: Rig) -> None:
    rig.store().ensure(ONE)
    rig.golden.fails = lambda engine, provider: "wrong boxes"
    with pytest.raises(ModelRefusedError, match="wrong boxes"):
        rig.store(model=ONE, models=(TWO,)).ensure_all()
    assert in_force(rig) == "people@1"
    with pytest.raises(CrowdLensError, match=r"people@2 is refused by the model store: .*wrong boxes"):
        locate("people@2", rig.folder)


def test_a_listed_model_is_brought_though_the_wanted_one_is_refused(rig: Rig) -> None:
    rig.store().ensure(ONE)
    rig.store().ensure(TWO)
    rig.store().roll_back()
    with pytest.raises(OutByOperatorError):
        rig.store(model=TWO, models=(TWO, THREE)).ensure_all()
    assert list(read_ready(rig.store().folder)) == ["people@2", "people@3"]


def test_a_publication_that_fails_again_is_remembered_in_place_of_the_first(rig: Rig) -> None:
    rig.golden.fails = lambda engine, provider: "wrong boxes"
    for weights in (300, 301):
        rig.bucket.push("people", "1", package_files(onnx=onnx_bytes(weights=weights)))
        with pytest.raises(ModelRefusedError, match="wrong boxes"):
            rig.store().ensure(ONE)
    tried = len(rig.golden.asked)
    with pytest.raises(ModelRefusedError, match="wrong boxes"):
        rig.store().ensure(ONE)
    assert len(rig.golden.asked) == tried


def test_an_operators_choice_that_fails_leaves_everything(rig: Rig) -> None:
    rig.store().ensure(ONE)
    rig.store().ensure(TWO)
    rig.store().roll_back()
    rig.bucket.error = "SlowDown"
    (rig.folder / "packages/people/2/model.onnx").write_bytes(b"rot")
    with pytest.raises(ObjectStoreError):
        rig.store().activate_by_operator(TWO)
    assert read_refusals(rig.store().folder)["people@2"].by_operator
    assert in_force(rig) == "people@1"
