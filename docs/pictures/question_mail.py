"""The picture of docs/questions.md that an e-mail answers: what the demo's notifier wrote, as it is read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from html import escape
from pathlib import Path
from typing import Any

from cli.main import main

STARTED = "2026-11-20T18:30:00+09:00"
_STYLE = """
* { margin: 0; box-sizing: border-box; }
body { font: 15px/1.5 "Noto Sans KR", "Noto Sans CJK KR", sans-serif; color: #1c2733; background: #eef1f5; }
main { display: grid; grid-template-columns: 1fr 1fr; gap: 16px; padding: 16px; width: 980px; }
article { background: #fff; border: 1px solid #d5dce4; border-radius: 10px; padding: 16px 18px; }
h2 { font-size: 17px; line-height: 1.35; margin-bottom: 4px; }
.from { color: #5b6b7b; font-size: 13px; padding-bottom: 10px; border-bottom: 1px solid #e3e8ee; }
pre { font: inherit; white-space: pre-wrap; overflow-wrap: anywhere; padding-top: 10px; }
"""


@dataclass(frozen=True)
class Mail:
    """One mail as it was written: its language, subject, sender and text."""

    language: str
    subject: str
    sender: str
    text: str


def tell_by_mail(out: Path) -> list[Mail]:
    """Run the demo with a scene that has an event, and return the mail of its notifier, in order."""
    options = ["--source", "examples/demo/demo.mp4", "--scene", "examples/alerts/scene.yaml", "--no-mysql"]
    told = main(["demo", *options, "--start-time", STARTED, "--out", str(out), "--headless"])
    if told != 0:
        raise RuntimeError(f"the demo ended with {told}: expected 0")
    return [read_mail(path) for path in sorted((out / "alerts").glob("*.eml"))]


def read_mail(path: Path) -> Mail:
    """Return what a mail program shows of a file."""
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    if not isinstance(message, EmailMessage):
        raise TypeError(f"{path} is no mail")
    return Mail(
        str(message["Content-Language"]),
        str(message["Subject"]),
        str(message["From"]),
        str(message.get_content()),
    )


def take(browser: Any, mails: Sequence[Mail]) -> bytes:
    """Return the first two mails of each language side by side, as PNG: Korean left, English right."""
    chosen = {language: [one for one in mails if one.language == language][:2] for language in ("ko", "en")}
    pairs = zip(chosen["ko"], chosen["en"], strict=True)
    articles = "".join(_article(one) for pair in pairs for one in pair)
    page = browser.new_page(viewport={"width": 980, "height": 700}, device_scale_factor=1.5)
    page.set_content(f"<!doctype html><style>{_STYLE}</style><main>{articles}</main>")
    picture: bytes = page.locator("main").screenshot()
    page.close()
    return picture


def _article(mail: Mail) -> str:
    return (
        f'<article lang="{mail.language}"><h2>{escape(mail.subject)}</h2>'
        f'<p class="from">{escape(mail.sender)}</p><pre>{escape(mail.text.strip())}</pre></article>'
    )
