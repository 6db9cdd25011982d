"""The page of what differs: each changed visual before and after, with a slider between the two."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.before_after.pictures import Picture
from quicksight.preview.html import Html, element, join, label

_FOLDER = Path(__file__).parent
_SCRIPT = """
for (const slider of document.querySelectorAll("input[type=range]"))
  slider.addEventListener("input", () => slider.parentElement.querySelector(".over")
    .style.setProperty("--at", slider.value + "%"));
"""
_KINDS = {
    "changed": "changed · 바뀜",
    "new": "new · 새로 생김",
    "gone": "gone · 없어짐",
    "same": "the same · 그대로",
}


@dataclass(frozen=True)
class Compared:
    """One visual in both versions; None where it is not."""

    name: str
    before: Picture | None
    after: Picture | None
    alike: bool

    @property
    def kind(self) -> str:
        """One of changed, new, gone and same."""
        if self.alike:
            return "same"
        return "new" if self.before is None else "gone" if self.after is None else "changed"

    @property
    def title(self) -> str:
        """The title, of the newer version where it is there."""
        return next((one.title for one in (self.after, self.before) if one is not None), self.name)


def changes_page(compared: Sequence[Compared], reference: str) -> str:
    """Return the page as HTML that needs no other file; what is the same is named only."""
    counts = [f"{sum(one.kind == kind for one in compared)} {text}" for kind, text in _KINDS.items()]
    listed = [one for one in compared if one.kind != "same"]
    alike = ", ".join(one.name for one in compared if one.kind == "same")
    body = element(
        "body",
        {},
        element(
            "main",
            {},
            element("h1", {}, label("Dashboards before and after · 대시보드 전후 비교")),
            element("p", {}, f"{reference} → working tree: {'; '.join(counts)}"),
            element("ul", {}, *(_entry(one) for one in listed)),
            *(_article(one) for one in listed),
            element("p", {}, element("strong", {}, label(_KINDS["same"])), f": {alike or '-'}"),
        ),
        element("script", {}, Html(_SCRIPT)),
    )
    head = element(
        "head",
        {},
        element("meta", {"charset": "utf-8"}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("link", {"rel": "icon", "href": "data:,"}),
        element("title", {}, "CrowdLens: before and after"),
        element("style", {}, Html((_FOLDER / "page.css").read_text(encoding="utf-8"))),
    )
    return f'<!doctype html>\n<html lang="en">{head}{body}</html>\n'


def _entry(one: Compared) -> Html:
    link = element("a", {"href": f"#{one.name}"}, one.title)
    return element("li", {}, element("span", {"class": "kind"}, label(_KINDS[one.kind])), " ", link)


def _article(one: Compared) -> Html:
    figures = [
        element(
            "figure",
            {},
            element("figcaption", {}, label(caption)),
            _image(picture, f"{one.title}: {caption}"),
        )
        for picture, caption in ((one.before, "Before · 이전"), (one.after, "After · 이후"))
        if picture is not None
    ]
    head = element("h2", {}, one.title, " ", element("span", {"class": "kind"}, label(_KINDS[one.kind])))
    name = element("p", {"class": "ko"}, one.name)
    pair = element("div", {"class": "pair"}, *figures)
    return element("article", {"id": one.name}, head, name, pair, _slider(one))


def _slider(one: Compared) -> Html:
    if one.before is None or one.after is None:
        return Html("")
    return join(
        [
            element("div", {"class": "over"}, _image(one.before, "before"), _image(one.after, "after")),
            element(
                "input",
                {
                    "type": "range",
                    "min": 0,
                    "max": 100,
                    "value": 50,
                    "aria-label": f"{one.title}: left of it before, right of it after",
                },
            ),
        ]
    )


def _image(picture: Picture, alternative: str) -> Html:
    encoded = base64.b64encode(picture.png).decode("ascii")
    return element("img", {"src": f"data:image/png;base64,{encoded}", "alt": alternative})
