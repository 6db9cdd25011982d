"""Which cells learn which person, and the loss of a batch (needs PyTorch).

Cells are assigned by score and overlap together, as in TOOD (Feng and others, 2021); boxes learn the complete
intersection over union of Zheng and others (2020).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional

CELLS_PER_PERSON = 9
BOX_WEIGHT, SCORE_WEIGHT = 5.0, 1.0


def corners(boxes: Tensor) -> Tensor:
    """Turn (..., 4) of centre and size into left, top, right, bottom."""
    half = boxes[..., 2:] / 2
    return torch.cat([boxes[..., :2] - half, boxes[..., :2] + half], dim=-1)


def paired_overlaps(first: Tensor, second: Tensor) -> Tensor:
    """Return the intersection over union of boxes (..., 4) that broadcast against each other."""
    low = torch.maximum(first[..., :2], second[..., :2])
    high = torch.minimum(first[..., 2:], second[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    areas = (first[..., 2:] - first[..., :2]).prod(-1) + (second[..., 2:] - second[..., :2]).prod(-1)
    return shared / (areas - shared).clamp(min=1e-6)


def complete_overlaps(first: Tensor, second: Tensor) -> Tensor:
    """Return the complete intersection over union of paired boxes (P, 4)."""
    hull = torch.maximum(first[:, 2:], second[:, 2:]) - torch.minimum(first[:, :2], second[:, :2])
    apart = (first[:, :2] + first[:, 2:] - second[:, :2] - second[:, 2:]).pow(2).sum(1) / 4
    sizes = [(box[:, 2:] - box[:, :2]).clamp(min=1e-3) for box in (first, second)]
    slants = [torch.atan(size[:, 0] / size[:, 1]) for size in sizes]
    shape = 4 / math.pi**2 * (slants[0] - slants[1]).pow(2)
    plain = paired_overlaps(first, second)
    with torch.no_grad():
        balance = shape / (1 - plain + shape + 1e-6)
    return plain - apart / hull.pow(2).sum(1).clamp(min=1e-6) - balance * shape


def _candidates(centres: Tensor, strides: Tensor, people: Tensor, real: Tensor) -> Tensor:
    """Return (B, M, N): cells whose centre lies in a person, or within most of a cell of its middle."""
    middle, half = (people[..., :2] + people[..., 2:]) / 2, (people[..., 2:] - people[..., :2]) / 2
    reach = torch.maximum(half[:, :, None, :], 0.7 * strides[None, None, :, None])
    inside = ((centres[None, None] - middle[:, :, None, :]).abs() < reach).all(-1)
    return inside & real[:, :, None]


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not in the product's environment
def assign(
    boxes: Tensor, scores: Tensor, *, centres: Tensor, strides: Tensor, people: Tensor, real: Tensor
) -> tuple[Tensor, Tensor]:
    """Return for every cell its person, -1 for none, and the score to learn, both (B, N).

    boxes (B, N, 4) as corners, scores (B, N) in 0..1, centres (N, 2), strides (N,), people (B, M, 4), real
    (B, M).
    """
    overlap = paired_overlaps(people[:, :, None, :], boxes[:, None]) * _candidates(
        centres, strides, people, real
    )
    fitness = scores[:, None].sqrt() * overlap.pow(4) + 1e-9 * (overlap > 0)
    best = fitness.topk(CELLS_PER_PERSON, dim=2)
    chosen = torch.zeros_like(fitness).scatter_(2, best.indices, (best.values > 0).float()) > 0
    fitness = fitness * chosen
    owner_fitness, owner = fitness.max(dim=1)
    person = torch.where(owner_fitness > 0, owner, torch.full_like(owner, -1))
    mine = torch.zeros_like(fitness).scatter_(1, owner[:, None], (owner_fitness > 0).float()[:, None])
    fitness, overlap = fitness * mine, overlap * mine
    peak = fitness.amax(2, keepdim=True).clamp(min=1e-12)
    target = (fitness / peak * overlap.amax(2, keepdim=True)).amax(1)
    return person, target


def batch_loss(
    raw: Tensor, *, centres: Tensor, strides: Tensor, people: Tensor, real: Tensor, ignored: Tensor
) -> tuple[Tensor, dict[str, float]]:
    """Return the loss of a batch and its parts.

    raw (B, 5, N); people and ignored (B, M, 4) and (B, K, 4) as corners in pixels; real (B, M) marks true
    rows.
    """
    boxes, logits = corners(raw[:, :4].transpose(1, 2)), raw[:, 4]
    person, target = assign(
        boxes.detach(), logits.detach().sigmoid(), centres=centres, strides=strides, people=people, real=real
    )
    positive = person >= 0
    inside = (centres[None, None] >= ignored[:, :, None, :2]) & (
        centres[None, None] <= ignored[:, :, None, 2:]
    )
    counted = positive | ~inside.all(-1).any(1)
    weight = target.sum().clamp(min=1.0)
    error = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    focus = torch.where(positive, torch.ones_like(error), logits.detach().sigmoid().pow(0.5))
    score_loss = (error * focus * counted).sum() / weight
    rows, cells = positive.nonzero(as_tuple=True)
    matched = people[rows, person[rows, cells]]
    quality = complete_overlaps(boxes[rows, cells], matched)
    box_loss = ((1 - quality) * target[rows, cells].clamp(min=0.1)).sum() / weight
    total = BOX_WEIGHT * box_loss + SCORE_WEIGHT * score_loss
    return total, {"box": float(box_loss.detach()), "score": float(score_loss.detach())}
