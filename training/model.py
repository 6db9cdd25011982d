"""The network: a small single-class, anchor-free detector (needs PyTorch).

Its input is blue-green-red pixels 0..255 of shape (B, 3, height, width); scaling is part of the graph. It
answers the decoded YOLOv8/11 layout (B, 5, N): centre x, centre y, width, height in input pixels, and the
score of a person.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

STRIDES = (8, 16, 32)
MEAN, DEVIATION = 114.0, 64.0
LARGEST_LOG_SIZE = 4.2


def convolution(inputs: int, outputs: int, kernel: int, *, stride: int = 1, groups: int = 1) -> nn.Sequential:
    """Return convolution, batch normalisation and rectifier."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):  # type: ignore[misc]  # torch is not in the product's environment
    """A bottleneck of half the channels added to its input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            convolution(channels, channels // 2, 1), convolution(channels // 2, channels, 3)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, h, w) to the same shape."""
        return features + self.body(features)


class SeparableBlock(nn.Module):  # type: ignore[misc]  # torch is not in the product's environment
    """A wide depthwise filter and a pointwise mixing, added to its input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            convolution(channels, channels, 5, groups=channels), convolution(channels, channels, 1)
        )

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, h, w) to the same shape."""
        return features + self.body(features)


class Head(nn.Module):  # type: ignore[misc]  # torch is not in the product's environment
    """Predicts an offset, a log size and a score logit at every cell of one level."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.score = nn.Sequential(
            convolution(channels, channels, 3, groups=channels), convolution(channels, channels, 1)
        )
        self.place = nn.Sequential(
            convolution(channels, channels, 3, groups=channels), convolution(channels, channels, 1)
        )
        self.logit = nn.Conv2d(channels, 1, 1)
        self.box = nn.Conv2d(channels, 4, 1)
        nn.init.constant_(self.logit.bias, -4.6)
        nn.init.constant_(self.box.weight, 0.0)
        nn.init.constant_(self.box.bias, 0.0)
        with torch.no_grad():
            self.box.bias[2:] = torch.tensor([0.6, 1.4])

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, C, h, w) to (B, 5, h * w)."""
        both = torch.cat([self.box(self.place(features)), self.logit(self.score(features))], dim=1)
        return both.flatten(2)


class PersonDetector(nn.Module):  # type: ignore[misc]  # torch is not in the product's environment
    """Backbone to stride 32, top-down neck, heads at strides 8, 16 and 32, for one fixed input size."""

    def __init__(self, width: int, height: int) -> None:
        super().__init__()
        self.stem = nn.Sequential(
            convolution(3, 16, 3, stride=2), convolution(16, 32, 3, stride=2), Residual(32)
        )
        self.eighth = nn.Sequential(convolution(32, 64, 3, stride=2), Residual(64), Residual(64))
        self.sixteenth = nn.Sequential(convolution(64, 96, 3, stride=2), Residual(96), Residual(96))
        self.thirty_second = nn.Sequential(
            convolution(96, 96, 3, stride=2, groups=96),
            convolution(96, 128, 1),
            *(SeparableBlock(128) for _ in "12"),
        )
        self.sides = nn.ModuleList(convolution(inputs, 64, 1) for inputs in (64, 96, 128))
        self.merges = nn.ModuleList(SeparableBlock(64) for _ in "12")
        self.heads = nn.ModuleList(Head(64) for _ in STRIDES)
        self.up = nn.Upsample(scale_factor=2.0, mode="nearest")
        cells, strides = cell_grid(width, height)
        self.register_buffer("cells", cells, persistent=False)
        self.register_buffer("strides", strides, persistent=False)

    def raw(self, pictures: Tensor) -> Tensor:
        """Return (B, 5, N): centre and size in pixels, and the score before the sigmoid."""
        features = self.stem((pictures - MEAN) / DEVIATION)
        eighth = self.eighth(features)
        sixteenth = self.sixteenth(eighth)
        deep = self.sides[2](self.thirty_second(sixteenth))
        middle = self.merges[0](self.sides[1](sixteenth) + self.up(deep))
        fine = self.merges[1](self.sides[0](eighth) + self.up(middle))
        levels = zip(self.heads, (fine, middle, deep), strict=True)
        predicted = torch.cat([head(level) for head, level in levels], dim=2).float()
        centre = (self.cells + predicted[:, :2]) * self.strides
        size = torch.exp(predicted[:, 2:4].clamp(-3.0, LARGEST_LOG_SIZE)) * self.strides
        return torch.cat([centre, size, predicted[:, 4:]], dim=1)

    def forward(self, pictures: Tensor) -> Tensor:
        """Return the decoded layout (B, 5, N)."""
        raw = self.raw(pictures)
        return torch.cat([raw[:, :4], torch.sigmoid(raw[:, 4:])], dim=1)


def cell_grid(width: int, height: int) -> tuple[Tensor, Tensor]:
    """Return cell centres (1, 2, N) in cells and strides (1, 1, N) in pixels, level after level."""
    cells, strides = [], []
    for stride in STRIDES:
        rows, columns = torch.meshgrid(
            torch.arange(height // stride), torch.arange(width // stride), indexing="ij"
        )
        cells.append(torch.stack([columns.flatten(), rows.flatten()]).float() + 0.5)
        strides.append(torch.full((rows.numel(),), float(stride)))
    return torch.cat(cells, dim=1)[None], torch.cat(strides)[None, None]
