"""The golden check beside the store: what crashes or hangs there is an outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_components.model_store import golden_process
from edge_components.model_store.errors import CutOffError
from edge_components.model_store.golden_process import run_golden
from infra.bundles import ROOT

SHIPPED = ROOT / "edge_components/vision/models/person_demo"


@pytest.fixture
def bad_golden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder; what is checked in it fails as its name says."""
    monkeypatch.setattr(golden_process, "_MODULE", "tests.functional.model_store.bad_golden")
    monkeypatch.syspath_prepend(str(ROOT))
    return tmp_path


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        pytest.param("crash", "crashed (SIGSEGV)", id="crash"),
        pytest.param("babble", "failed: Traceback: something", id="no-answer"),
    ],
)
def test_a_runtime_that_fails_is_an_outcome(bad_golden: Path, kind: str, reason: str) -> None:
    outcome = run_golden(bad_golden / kind, engine=None, provider="cpu", limit_seconds=60)
    assert not outcome.passed
    assert reason in str(outcome.reason)


@pytest.mark.parametrize(
    ("kind", "seconds", "reason"),
    [
        pytest.param("hang", 0.5, r"did not end within 0\.5 s", id="hang"),
        pytest.param("killed", 60, "was killed: the device was probably out of memory", id="killed"),
        pytest.param("no-memory", 60, "MemoryError", id="no-memory-in-python"),
        pytest.param("bad-alloc", 60, "too little memory: .*std::bad_alloc", id="no-memory-in-the-runtime"),
        pytest.param("out-of-memory", 60, "CUDA: out of memory", id="no-memory-on-the-gpu"),
    ],
)
def test_what_the_device_may_be_at_fault_for_says_nothing_against_the_model(
    bad_golden: Path, kind: str, seconds: float, reason: str
) -> None:
    with pytest.raises(CutOffError, match=reason):
        run_golden(bad_golden / kind, engine=None, provider="cpu", limit_seconds=seconds)


def test_the_shipped_model_passes_by_itself_and_not_by_a_truncated_engine(tmp_path: Path) -> None:
    passed = run_golden(SHIPPED, engine=None, provider="cpu", limit_seconds=60)
    assert (passed.passed, passed.provider) == (True, "CPUExecutionProvider")
    engine = tmp_path / "model.plan"
    engine.write_bytes(b"ptrt" + bytes(100))
    failed = run_golden(SHIPPED, engine=engine, provider="tensorrt", limit_seconds=60)
    assert not failed.passed
    assert str(engine) in str(failed.reason) or "tensorrt" in str(failed.reason).lower()
