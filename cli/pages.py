"""Shows a page to the person at this machine."""

from __future__ import annotations

from pathlib import Path

from cli.output import say


def serve(page: Path, wanted_port: int) -> None:
    """Serve `page` on 127.0.0.1 until Ctrl-C; port 0 takes a free one."""
    from quicksight.preview.server import serve_page

    with serve_page(page, port=wanted_port) as server:
        say(f"look at   {server.url}   (Ctrl-C ends it)")
        try:
            server.wait()
        except KeyboardInterrupt:
            say()
