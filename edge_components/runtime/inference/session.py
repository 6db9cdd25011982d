"""What every way to run a model offers: one input of pictures, outputs by name, and what runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from contract.errors import CrowdLensError


class ModelLoadError(CrowdLensError):
    """Raised when a model or engine cannot be opened or run; the text names the file and the reason."""


@dataclass(frozen=True)
class SessionInput:
    """The model's one input; a side is None when the file leaves it open.

    `maximum_batch` is how many pictures one run takes, None when the file leaves that open.
    """

    name: str
    height: int | None
    width: int | None
    element_type: type[np.floating[Any]]
    maximum_batch: int | None = 1


class Session(Protocol):
    """A model that is ready to run.

    `provider` is what runs it, `requested_providers` what was tried in turn, `provider_steps` one sentence
    for each step down, `provider_note` a sentence when somebody should know that another one runs it.
    """

    path: Path
    provider: str
    requested_providers: tuple[str, ...]
    provider_steps: tuple[str, ...]
    input: SessionInput
    output_names: tuple[str, ...]
    metadata: Mapping[str, str]

    @property
    def provider_note(self) -> str | None:
        """One sentence when another provider runs the model than somebody would expect, else None."""
        ...

    def new_tensor(self, shape: tuple[int, ...], element_type: type[np.floating[Any]]) -> npt.NDArray[Any]:
        """Return an input tensor of zeros, in the memory from which `run` reads it fastest."""
        ...

    def run(self, tensor: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """Return the outputs for an input (B, 3, H, W), in the order of `output_names`."""
        ...

    def close(self) -> None:
        """Give back what the session holds; it cannot run afterwards."""
        ...


def one_line(error: object, maximum_length: int = 200) -> str:
    """Return the text of an error on one line of at most `maximum_length` characters."""
    text = " ".join(str(error).split())
    return text if len(text) <= maximum_length else text[: maximum_length - 3] + "..."
