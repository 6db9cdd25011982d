"""Opens an ONNX file with ONNX Runtime and says which execution provider really runs it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from contract.errors import CrowdLensError

PROVIDER_LADDER = ("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider")
PROVIDERS = {
    "auto": PROVIDER_LADDER,
    "tensorrt": PROVIDER_LADDER,
    "cuda": PROVIDER_LADDER[1:],
    "cpu": PROVIDER_LADDER[2:],
}
"""What a user may ask for, and the providers tried in turn."""
_ELEMENT_TYPES: Mapping[str, type[np.floating[Any]]] = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
}
_ERRORS_ONLY = 3


class ModelLoadError(CrowdLensError):
    """Raised when an ONNX file cannot be opened or run; the text names the file and the reason."""


@dataclass(frozen=True)
class SessionInput:
    """The model's one input; a side is None when the file leaves it open."""

    name: str
    height: int | None
    width: int | None
    element_type: type[np.floating[Any]]


class OnnxSession:
    """One ONNX Runtime session with a single picture as its input.

    `requested_providers` are those tried in turn, `provider` the one in use: ONNX Runtime goes on with the
    CPU without raising when the others cannot be had, so the two are compared and a difference is reported.
    """

    def __init__(self, path: Path, *, provider: str = "auto", threads: int = 1) -> None:
        if provider not in PROVIDERS:
            raise ModelLoadError(f"provider is {provider!r}: expected one of {', '.join(PROVIDERS)}")
        if not path.is_file():
            raise ModelLoadError(f"model {path}: no such file")
        self.path = path
        self.asked_for = provider
        self.requested_providers = PROVIDERS[provider]
        self._session = _open(path, self.requested_providers, threads)
        self.provider = str(self._session.get_providers()[0])
        self.input = _single_input(path, self._session.get_inputs())
        self.metadata: Mapping[str, str] = dict(self._session.get_modelmeta().custom_metadata_map)
        self.output_names = tuple(str(output.name) for output in self._session.get_outputs())

    @property
    def provider_note(self) -> str | None:
        """One sentence when the provider in use is not the one asked for by name, else None."""
        if self.asked_for == "auto" or self.provider == self.requested_providers[0]:
            return None
        return f"{self.requested_providers[0]} was asked for but is absent: {self.provider} runs the model"

    def run(self, tensor: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Return the model's outputs for an input (1, 3, H, W); raises `ModelLoadError` when it fails."""
        try:
            outputs: list[npt.NDArray[Any]] = self._session.run(None, {self.input.name: tensor})
        except Exception as error:
            raise ModelLoadError(
                f"model {self.path} failed on an input {list(tensor.shape)}: {one_line(error)}"
            ) from error
        return outputs


def one_line(error: Exception) -> str:
    """Return the error's text on one line of at most 200 characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= 200 else text[:197] + "..."


def _open(path: Path, providers: Sequence[str], threads: int) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # The pipeline's other threads need the cores that spinning workers would burn.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = _ERRORS_ONLY
    available = [name for name in providers if name in onnxruntime.get_available_providers()]
    try:
        return onnxruntime.InferenceSession(str(path), sess_options=options, providers=available)
    except Exception as error:
        raise ModelLoadError(f"model {path} cannot be opened as ONNX: {one_line(error)}") from error


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
    )
