"""The network, its loss and its export: they run where PyTorch is, `.tools/training/bin/python -m pytest`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest

torch = pytest.importorskip("torch")

from training.export import compare, export  # noqa: E402
from training.loss import assign, batch_loss, complete_overlaps, paired_overlaps  # noqa: E402
from training.model import PersonDetector, cell_grid  # noqa: E402
from training.settings import INPUT_HEIGHT, INPUT_WIDTH  # noqa: E402


def test_cells_lie_on_their_grid() -> None:
    cells, strides = cell_grid(64, 32)
    places = (cells * strides)[0].T
    assert places.shape == (8 * 4 + 4 * 2 + 2 * 1, 2)
    assert places[0].tolist() == [4.0, 4.0]
    assert places[-1].tolist() == [48.0, 16.0]


def test_overlaps_of_known_boxes() -> None:
    first = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    second = torch.tensor([[5.0, 0.0, 15.0, 10.0]])
    assert paired_overlaps(first, second).item() == pytest.approx(1 / 3)
    assert complete_overlaps(first, first).item() == pytest.approx(1.0)
    assert complete_overlaps(first, second).item() < 1 / 3


def test_a_cell_learns_the_person_it_fits_and_distant_cells_nobody() -> None:
    cells, strides = cell_grid(64, 32)
    centres, strides = (cells * strides)[0].T, strides[0, 0]
    person = torch.tensor([[[8.0, 4.0, 20.0, 28.0], [0.0, 0.0, 0.0, 0.0]]])
    boxes = person[:, :1].repeat(1, len(centres), 1)
    owner, target = assign(
        boxes,
        torch.full((1, len(centres)), 0.5),
        centres=centres,
        strides=strides,
        people=person,
        real=torch.tensor([[True, False]]),
    )
    chosen = centres[owner[0] == 0]
    assert 1 <= len(chosen) <= 9
    assert ((chosen[:, 0] > 0) & (chosen[:, 0] < 28)).all()
    assert (target[0][owner[0] < 0] == 0).all()
    assert target.max().item() == pytest.approx(1.0)


def test_learning_brings_the_loss_down_and_finds_the_person() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    network = PersonDetector(64, 64).train()
    picture = torch.full((2, 3, 64, 64), 90.0)
    picture[:, :, 16:56, 20:36] = 220.0
    person = torch.tensor([[[20.0, 16.0, 36.0, 56.0]]]).repeat(2, 1, 1)
    nobody = torch.full((2, 1, 4), -1.0)
    centres = (network.cells * network.strides)[0].T
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3)
    losses = []
    for _ in range(60):
        raw = network.raw(picture)
        loss, _ = batch_loss(
            raw,
            centres=centres,
            strides=network.strides[0, 0],
            people=person,
            real=torch.ones(2, 1, dtype=torch.bool),
            ignored=nobody,
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    best = network(picture)[0].T
    best = best[best[:, 4].argmax()]
    assert losses[-1] < losses[0] / 3
    assert best[:4].tolist() == pytest.approx([28.0, 36.0, 16.0, 40.0], abs=5.0)


def test_ignored_places_cost_nothing() -> None:
    cells, strides = cell_grid(64, 64)
    centres = (cells * strides)[0].T
    raw = torch.zeros(1, 5, len(centres))
    raw[:, 2:4] = 8.0
    costs = []
    for ignored in ([[-1.0, -1.0, -1.0, -1.0]], [[0.0, 0.0, 64.0, 64.0]]):
        _, parts = batch_loss(
            raw,
            centres=centres,
            strides=strides[0, 0],
            people=torch.zeros(1, 1, 4),
            real=torch.zeros(1, 1, dtype=torch.bool),
            ignored=torch.tensor([ignored]),
        )
        costs.append(parts["score"])
    assert costs[0] > 10
    assert costs[1] == 0


def test_the_export_answers_as_the_network(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = PersonDetector(INPUT_WIDTH, INPUT_HEIGHT).eval()
    checkpoint, model = tmp_path / "best.pt", tmp_path / "model.onnx"
    torch.save({"average": network.state_dict()}, checkpoint)
    export(checkpoint, model)
    assert max(compare(network, model, seed=5)) < 0.01
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    output = session.run(None, {"images": np.zeros((1, 3, INPUT_HEIGHT, INPUT_WIDTH), np.float32)})[0]
    assert output.shape[:2] == (1, 5)
    assert ((output[0, 4] >= 0) & (output[0, 4] <= 1)).all()
