"""The golden check beside the store: what crashes or hangs there is an outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge_components.model_store import golden_process
from edge_components.model_store.golden_process import run_golden
from infra.bundles import ROOT

SHIPPED = ROOT / "edge_components/vision/models/person_demo"


@pytest.mark.parametrize(
    ("kind", "seconds", "reason"),
    [
        pytest.param("crash", 60, "crashed (SIGSEGV)", id="crash"),
        pytest.param("hang", 0.5, "did not end within 0.5 s", id="hang"),
        pytest.param("babble", 60, "failed: Traceback: something", id="no-answer"),
    ],
)
def test_a_runtime_that_fails_is_an_outcome(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, seconds: float, reason: str
) -> None:
    monkeypatch.setattr(golden_process, "_MODULE", "tests.functional.model_store.bad_golden")
    monkeypatch.syspath_prepend(str(ROOT))
    outcome = run_golden(tmp_path / kind, engine=None, provider="cpu", limit_seconds=seconds)
    assert not outcome.passed
    assert reason in str(outcome.reason)


def test_the_shipped_model_passes_by_itself_and_not_by_a_truncated_engine(tmp_path: Path) -> None:
    passed = run_golden(SHIPPED, engine=None, provider="cpu", limit_seconds=60)
    assert (passed.passed, passed.provider) == (True, "CPUExecutionProvider")
    engine = tmp_path / "model.plan"
    engine.write_bytes(b"ptrt" + bytes(100))
    failed = run_golden(SHIPPED, engine=engine, provider="tensorrt", limit_seconds=60)
    assert not failed.passed
    assert str(engine) in str(failed.reason) or "tensorrt" in str(failed.reason).lower()
