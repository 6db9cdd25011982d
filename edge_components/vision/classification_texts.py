"""From the labels of a model to the texts of a project, and from probabilities to one answer."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from contract.classification_message import RankedLabel
from contract.project import Project, ProjectError

Floats = npt.NDArray[np.float64]


class LabelTexts:
    """The text that each label of a model becomes, by the project's output.

    Raises `ProjectError` for a label, or a label's number, that the model does not have.
    """

    def __init__(self, project: Project, labels: Sequence[str]) -> None:
        output = project.output
        self.labels = tuple(labels)
        self.texts = [label if output.otherwise is None else output.otherwise for label in labels]
        for key, text in output.texts.items():
            self.texts[self._position(key)] = text
        alert = () if output.alert is None else output.alert.texts
        unknown = next((text for text in alert if text not in self.texts), None)
        if unknown is not None:
            raise ProjectError(
                f"output.alert.texts has {unknown!r}, which no label of the model becomes: expected a "
                "text of output.texts or a label"
            )
        self.names = tuple(dict.fromkeys(self.texts))
        self._group_of = np.array([self.names.index(text) for text in self.texts], np.int64)

    def _position(self, key: str | int) -> int:
        if isinstance(key, int):
            if key < len(self.labels):
                return key
            raise ProjectError(
                f"output.texts has label number {key}: expected 0 to {len(self.labels) - 1} of the "
                "model's labels"
            )
        if key in self.labels:
            return self.labels.index(key)
        shown = ", ".join(self.labels[:8]) + (", …" if len(self.labels) > 8 else "")
        raise ProjectError(
            f"output.texts has {key!r}, which is no label of the model: expected some of {shown}"
        )

    def best(self, probabilities: Floats) -> Floats:
        """Return for each of `names` the probability of the most probable label that becomes it."""
        best = np.zeros(len(self.names))
        np.maximum.at(best, self._group_of, probabilities)
        return best

    def top(self, probabilities: Floats, count: int) -> tuple[RankedLabel, ...]:
        """Return the `count` most probable labels, the first in the model first among equals."""
        order = np.argsort(-probabilities, kind="stable")[:count]
        return tuple(
            RankedLabel(rank, int(index), self.labels[index], self.texts[index], float(probabilities[index]))
            for rank, index in enumerate(order, start=1)
        )


class Smoothing:
    """The mean of the last `frames` frames' probabilities: s(t) = (p(t) + … + p(t-N+1)) / N.

    Until N frames came it is the mean of those that did; after N frames an old one counts no more at all.
    """

    def __init__(self, frames: int, labels: int) -> None:
        self._recent: deque[Floats] = deque(maxlen=frames)
        self._sum = np.zeros(labels)
        self._since_summed = 0

    @property
    def empty(self) -> bool:
        """Whether no frame counts."""
        return not self._recent

    def clear(self) -> None:
        """Forget all frames: what follows comes after a silence."""
        self._recent.clear()
        self._sum[:] = 0.0

    def add(self, probabilities: npt.NDArray[Any]) -> Floats:
        """Take in a frame's probabilities (labels,) and return the smoothed ones."""
        recent = self._recent
        if len(recent) == recent.maxlen:
            self._sum -= recent[0]
        recent.append(np.asarray(probabilities, np.float64))
        self._sum += recent[-1]
        self._since_summed += 1
        if self._since_summed >= 1000:
            # Adding and taking away rounds a little each time.
            self._sum, self._since_summed = np.sum(recent, axis=0), 0
        return np.clip(self._sum / len(recent), 0.0, 1.0)


class Answer:
    """Which text stands, by one threshold with hysteresis, so that jitter changes nothing.

    A text becomes the answer when its label is the most probable one, reaches `minimum`, and leads the text
    that stands by `hysteresis`. The answer goes when its own label falls below `minimum` - `hysteresis`.
    """

    def __init__(self, texts: LabelTexts, minimum: float, hysteresis: float) -> None:
        self._texts = texts
        self._minimum = minimum
        self._hysteresis = hysteresis
        self._standing: int | None = None

    @property
    def text(self) -> str | None:
        """The text that stands, None while nothing is probable enough."""
        return None if self._standing is None else self._texts.names[self._standing]

    def clear(self) -> None:
        """Let nothing stand."""
        self._standing = None

    def update(self, probabilities: Floats) -> float:
        """Take in smoothed probabilities; return that of the text that stands now, 0 when none does."""
        best = self._texts.best(probabilities)
        first = int(best.argmax())
        held = 0.0 if self._standing is None else float(best[self._standing])
        if self._standing is not None and held < self._minimum - self._hysteresis:
            self._standing, held = None, 0.0
        lead = self._hysteresis if self._standing is not None else 0.0
        if first != self._standing and best[first] >= self._minimum and best[first] - held >= lead:
            self._standing = first
        return 0.0 if self._standing is None else float(best[self._standing])
