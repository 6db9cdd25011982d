"""Exports a trained checkpoint to ONNX and proves that it answers as PyTorch does (needs PyTorch)."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from contract.errors import CrowdLensError
from training.model import PersonDetector
from training.settings import INPUT_HEIGHT, INPUT_WIDTH

logger = logging.getLogger(__name__)
OPSET = 17
MOST_BYTES = 2_000_000
MOST_BOX_DIFFERENCE_PIXELS, MOST_SCORE_DIFFERENCE = 0.05, 0.002


class ExportError(CrowdLensError):
    """Raised when an exported model is too big or answers differently from the network it was made from."""


def load_network(checkpoint: Path) -> PersonDetector:
    """Return the averaged network of a checkpoint, ready to answer.

    Raises ExportError when there is no such file.
    """
    if not checkpoint.exists():
        raise ExportError(f"no checkpoint {checkpoint}; make one with: python -m training train")
    network = PersonDetector(INPUT_WIDTH, INPUT_HEIGHT)
    network.load_state_dict(torch.load(checkpoint, weights_only=True)["average"])
    network.eval()
    return network


def compare(network: PersonDetector, model: Path, *, seed: int = 0) -> tuple[float, float]:
    """Return the largest difference of boxes in pixels and of scores between PyTorch and ONNX Runtime.

    Boxes are compared where the score is at least 0.05, since elsewhere nothing pulls them anywhere.
    """
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    generator = np.random.default_rng(seed)
    worst_box, worst_score = 0.0, 0.0
    for spread in (20.0, 60.0, 120.0):
        noise = generator.normal(114, spread, (1, 3, INPUT_HEIGHT, INPUT_WIDTH))
        pixels = np.clip(noise, 0, 255).astype(np.float32)
        with torch.no_grad():
            expected = network(torch.from_numpy(pixels)).numpy()
        answered = np.asarray(session.run(None, {session.get_inputs()[0].name: pixels})[0])
        if answered.shape != expected.shape:
            raise ExportError(f"the exported model answers {answered.shape}, expected {expected.shape}")
        sure = expected[0, 4] >= 0.05
        worst_score = max(worst_score, float(np.abs(answered[:, 4] - expected[:, 4]).max()))
        if sure.any():
            worst_box = max(worst_box, float(np.abs(answered[:, :4] - expected[:, :4])[..., sure].max()))
    return worst_box, worst_score


def export(checkpoint: Path, model: Path) -> None:
    """Write model.onnx in the decoded YOLOv8/11 layout (1, 5, N).

    Raises ExportError when the file is over 2 MB or differs from PyTorch.
    """
    network = load_network(checkpoint)
    model.parent.mkdir(parents=True, exist_ok=True)
    part = model.with_suffix(".part.onnx")
    example = torch.zeros(1, 3, INPUT_HEIGHT, INPUT_WIDTH)
    torch.onnx.export(
        network,
        (example,),
        str(part),
        opset_version=OPSET,
        input_names=["images"],
        output_names=["output0"],
        dynamo=False,
    )
    onnx.checker.check_model(str(part), full_check=True)
    box_difference, score_difference = compare(network, part)
    size = part.stat().st_size
    if box_difference > MOST_BOX_DIFFERENCE_PIXELS or score_difference > MOST_SCORE_DIFFERENCE:
        raise ExportError(f"ONNX differs from PyTorch by {box_difference} px and {score_difference} in score")
    if size > MOST_BYTES:
        raise ExportError(f"the exported model has {size} bytes, at most {MOST_BYTES} are allowed")
    part.replace(model)
    logger.info("exported %d bytes; differs by %.4f px, %.6f score", size, box_difference, score_difference)
