"""Opens an ONNX file with ONNX Runtime and says which execution provider really runs it, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from edge_components.runtime.inference.machine import has_nvidia_gpu
from edge_components.runtime.inference.provider_ladder import (
    CPU,
    PROVIDERS,
    climb,
)
from edge_components.runtime.inference.session import ModelLoadError, SessionInput, one_line

__all__ = ["PROVIDERS", "ModelLoadError", "OnnxSession", "SessionInput", "one_line"]
_ELEMENT_TYPES: Mapping[str, type[np.floating[Any]]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
}


class OnnxSession:
    """One ONNX Runtime session with a single picture, or a batch of them, as its input.

    `requested_providers` are those tried in turn, `provider` the one in use and `provider_steps` one sentence
    for each step down, since ONNX Runtime by itself goes on with the CPU without saying so.
    """

    def __init__(
        self,
        path: Path,
        *,
        provider: str = "auto",
        threads: int = 1,
        engine_cache: Path | None = None,
        engine_problem: str | None = None,
    ) -> None:
        if provider not in PROVIDERS:
            raise ModelLoadError(f"provider is {provider!r}: expected one of {', '.join(PROVIDERS)}")
        if not path.is_file():
            raise ModelLoadError(f"model {path}: no such file")
        self.path = path
        self.asked_for = provider
        self.requested_providers = PROVIDERS[provider]
        self._engine_problem = engine_problem
        climbed = climb(path, self.requested_providers, threads, engine_cache)
        self._session = climbed.session
        self.provider = str(self._session.get_providers()[0])
        own_engine = () if engine_problem is None else (f"TensorRT engine: {engine_problem}",)
        self.provider_steps = (*own_engine, *climbed.steps)
        self.input = _single_input(path, self._session.get_inputs())
        self.metadata: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.output_names = tuple(str(output.name) for output in self._session.get_outputs())

    @property
    def provider_note(self) -> str | None:
        """One sentence when a slower provider runs the model than was asked for or the machine has."""
        if self._engine_problem is not None:
            return f"{self._engine_problem}: {self.provider} runs the model instead"
        if self.provider == self.requested_providers[0]:
            return None
        if self.asked_for != "auto":
            return (
                f"{self.requested_providers[0]} was asked for but is absent: {self.provider} runs the model"
            )
        if self.provider == CPU and has_nvidia_gpu():
            return f"this machine has an NVIDIA GPU but {CPU} runs the model: {self.provider_steps[-1]}"
        return None

    def new_tensor(self, shape: tuple[int, ...], element_type: type[np.floating[Any]]) -> npt.NDArray[Any]:
        """Return an input tensor of zeros."""
        return np.zeros(shape, element_type)

    def run(self, tensor: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Return the model's outputs for an input (B, 3, H, W); raises `ModelLoadError` when it fails."""
        try:
            outputs: list[npt.NDArray[Any]] = self._session.run(None, {self.input.name: tensor})
        except Exception as error:
            raise ModelLoadError(
                f"model {self.path} failed on an input {list(tensor.shape)}: {one_line(error)}"
            ) from error
        return outputs

    def close(self) -> None:
        """Nothing to give back that does not go with the session itself."""


def _single_input(path: Path, inputs: Sequence[Any]) -> SessionInput:
    shown = ", ".join(f"{item.name} {item.type} {list(item.shape)}" for item in inputs)
    expected = "expected one input of float pictures [1, 3, H, W]"
    if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in _ELEMENT_TYPES:
        raise ModelLoadError(f"model {path} takes {shown}: {expected}")
    batch, channels, height, width = inputs[0].shape
    if (isinstance(batch, int) and batch != 1) or (isinstance(channels, int) and channels != 3):
        raise ModelLoadError(f"model {path} takes {shown}: {expected}")
    return SessionInput(
        name=str(inputs[0].name),
        height=height if isinstance(height, int) else None,
        width=width if isinstance(width, int) else None,
        element_type=_ELEMENT_TYPES[inputs[0].type],
        maximum_batch=1 if isinstance(batch, int) else None,
    )
