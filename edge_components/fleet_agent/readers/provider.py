"""Why a detector runs on a slower execution provider than its device should have, in a few words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_CPU = "CPUExecutionProvider"
_PROVIDER_WORDS = {"TensorrtExecutionProvider": "TensorRT", "CUDAExecutionProvider": "CUDA"}
_REASON_WORDS = (
    ("not built into", "absent"),
    ("refused the model", "refused model"),
    ("finds no device", "no device"),
    ("is missing", "no library"),
    ("cannot be loaded", "library broken"),
)
"""What the sentences of `runtime.inference.provider_ladder` have in them."""
_OTHER_REASON = "failed"


def steps_down(camera: Mapping[str, Any]) -> list[str]:
    """Return vision's sentence for each step down; none where the best provider of the device runs.

    A processor that runs a model where there is no GPU is the best there is, and vision has no note then.
    """
    note, found = camera.get("provider_note"), camera.get("provider_steps")
    steps = [step for step in found if isinstance(step, str)] if isinstance(found, list) else []
    if isinstance(note, str) and note:
        return steps or [note]
    return [] if camera.get("provider") in (None, _CPU) else steps


def short_reason(steps: list[str]) -> str | None:
    """Return such as ``TensorRT refused model, CUDA no device`` of `steps`, None where there is none."""
    return ", ".join(dict.fromkeys(_short(step) for step in steps)) or None


def _short(step: str) -> str:
    name, separator, reason = step.partition(": ")
    if not separator:
        return step
    words = next((words for part, words in _REASON_WORDS if part in reason), _OTHER_REASON)
    return f"{_PROVIDER_WORDS.get(name, name)} {words}"
