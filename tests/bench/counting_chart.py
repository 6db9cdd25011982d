"""The counting curves as a small hand-written SVG: F1 of crossings against frames per second."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from counting_truth import Score

Scores = dict[tuple[str, int], Score]
LOWEST = 0.90
COLOURS = ("#7a7a7a", "#0b6e4f", "#2b6cb0", "#c2410c", "#7e3f98")
DASHES = ("2 3", "", "", "", "6 4")
WIDE, TALL, PANEL = 760, 400, (300, 270)
FONT = "font-family='sans-serif' font-size='12'"


def chart(
    panels: dict[str, Scores], names: Sequence[str], rates: Sequence[int], goals: dict[int, float]
) -> str:
    """Return the picture as SVG text: one panel for each crowd, F1 below `LOWEST` written at its foot."""
    size = f"viewBox='0 0 {WIDE} {TALL}' width='{WIDE}' height='{TALL}'"
    parts = [
        f"<svg xmlns='http://www.w3.org/2000/svg' {size}>",
        f"<rect width='{WIDE}' height='{TALL}' fill='#ffffff'/>",
    ]
    for left, (title, scores) in zip((60, 440), panels.items(), strict=True):
        panel = _Panel(left, f"{title} crowd: F1 of crossings", rates)
        parts.append(panel.axes())
        parts += [panel.goal(rate, goal) for rate, goal in goals.items()]
        parts.append(panel.curves(scores, names))
    return "\n".join([*parts, _legend(names), "</svg>"]) + "\n"


class _Panel:
    def __init__(self, left: int, title: str, rates: Sequence[int]) -> None:
        self.left, self.title, self.rates = left, title, rates

    def x(self, rate: int) -> float:
        return self.left + 20 + (PANEL[0] - 40) * self.rates.index(rate) / (len(self.rates) - 1)

    def y(self, value: float) -> float:
        return 40 + PANEL[1] * (1.0 - max(value, LOWEST)) / (1.0 - LOWEST)

    def axes(self) -> str:
        bold = f"{FONT} font-weight='bold'"
        parts = [f"<text x='{self.left}' y='24' {bold}>{escape(self.title)}</text>"]
        for k in range(6):
            value = LOWEST + (1.0 - LOWEST) * k / 5
            y = self.y(value)
            parts.append(f"<path d='M{self.left} {y:.1f}h{PANEL[0]}' stroke='#dddddd'/>")
            parts.append(
                f"<text x='{self.left - 6}' y='{y + 4:.1f}' {FONT} text-anchor='end'>{value:.2f}</text>"
            )
        for rate in self.rates:
            parts.append(f"<text x='{self.x(rate):.1f}' y='328' {FONT} text-anchor='middle'>{rate}</text>")
        middle = self.left + PANEL[0] / 2
        parts.append(f"<text x='{middle}' y='345' {FONT} text-anchor='middle'>frames per second</text>")
        return "".join(parts)

    def goal(self, rate: int, goal: float) -> str:
        x, y = self.x(rate), self.y(goal)
        return f"<path d='M{x - 14:.1f} {y:.1f}h28' stroke='#111111' stroke-width='2'/>"

    def curves(self, scores: Scores, names: Sequence[str]) -> str:
        parts = []
        for name, colour, dash in zip(names, COLOURS, DASHES, strict=True):
            values = [(self.x(rate), scores[name, rate].f1) for rate in self.rates]
            points = " ".join(f"{x:.1f},{self.y(value):.1f}" for x, value in values)
            stroke = f"stroke='{colour}' stroke-width='2' stroke-dasharray='{dash}'"
            parts.append(f"<polyline points='{points}' fill='none' {stroke}/>")
            for x, value in values:
                parts.append(f"<circle cx='{x:.1f}' cy='{self.y(value):.1f}' r='3' fill='{colour}'/>")
                if value < LOWEST:
                    y = self.y(value) - 8
                    parts.append(
                        f"<text x='{x:.1f}' y='{y:.1f}' {FONT} text-anchor='middle'>{value:.2f}</text>"
                    )
        return "".join(parts)


def _legend(names: Sequence[str]) -> str:
    parts = []
    for place, (name, colour, dash) in enumerate(zip(names, COLOURS, DASHES, strict=True)):
        x, y = 60 + 230 * (place % 3), 366 + 20 * (place // 3)
        stroke = f"stroke='{colour}' stroke-width='2' stroke-dasharray='{dash}'"
        parts.append(f"<path d='M{x} {y}h24' {stroke}/>")
        parts.append(f"<text x='{x + 30}' y='{y + 4}' {FONT}>{escape(name)}</text>")
    parts.append("<path d='M520 386h24' stroke='#111111' stroke-width='2'/>")
    parts.append(f"<text x='550' y='390' {FONT}>goal with clean detections</text>")
    return "".join(parts)
