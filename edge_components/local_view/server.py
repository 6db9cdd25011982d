"""Answers browsers and players on one port: the page, its status, pictures and streams."""

from __future__ import annotations

import asyncio
import html
import logging
import re
import time
from concurrent.futures import Executor
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from edge_components.local_view.access import COOKIE, Access, Verdict
from edge_components.local_view.drawing import DEFAULT_SIZE, SIZES
from edge_components.local_view.feed import CameraFeed
from edge_components.local_view.pages import static_file
from edge_components.local_view.requests import BadRequestError, Request, read_request
from edge_components.local_view.responses import Response, document, text
from edge_components.local_view.settings import LocalViewSettings
from edge_components.local_view.status_report import camera_names, gives_pictures, status_document
from edge_components.local_view.streaming import STREAM, send_stream
from edge_components.runtime.device_folders import DeviceFolders

logger = logging.getLogger(__name__)

SNAPSHOT_SECONDS = 6.0
STATUS_SECONDS = 1.0
"""The status is put together no more often, however many ask."""
SPARE_CONNECTIONS = 32
"""Connections beside the viewers': for pages and their status."""
WRONG_TOKEN_SECONDS = 1.0
SEND_SECONDS = 20.0
_LINGER_SECONDS = 1.0
_CAMERA_PATH = re.compile(r"/cameras/(?P<camera>[A-Za-z0-9_-]{1,64})\.(?P<kind>mjpeg|jpg)")
_STREAM_PATHS = ("/stream", "/stream.mjpeg")
_COOKIE_SECONDS = 30 * 86_400


class ViewServer:
    """The whole service; everything but `executor`'s drawing happens on one event loop."""

    def __init__(
        self, settings: LocalViewSettings, folders: DeviceFolders, device: str, executor: Executor
    ) -> None:
        self._folders = folders
        self._device = device
        self._executor = executor
        self._feeds: dict[str, CameraFeed] = {}
        self._connections: set[asyncio.Task[None]] = set()
        self._viewers = 0
        self._status: tuple[float, Response] = (0.0, text(503, "not yet"))
        self.take(settings)

    def take(self, settings: LocalViewSettings) -> None:
        """Work with `settings` from now on; viewers who are there stay."""
        self._settings = settings
        self._access = Access.of(settings)

    @property
    def settings(self) -> LocalViewSettings:
        """The settings in force."""
        return self._settings

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection and close it."""
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a handler of asyncio always runs in a task
        self._connections.add(task)
        try:
            if len(self._connections) > self._settings.maximum_viewers + SPARE_CONNECTIONS:
                await self._send(writer, text(503, "too many connections: try again later", Retry_After="5"))
            else:
                await self._answer(reader, writer)
        except ConnectionError:
            pass
        except Exception:
            logger.exception("request failed")
        finally:
            self._connections.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            request = await read_request(reader)
        except BadRequestError as error:
            await self._send(writer, text(error.status, str(error)))
            await _let_go(reader, writer)
            return
        if request is None:
            return
        refusal = await self._refusal(request)
        if refusal is not None:
            await self._send(writer, refusal, request)
        elif (match := self._stream_of(request)) is not None:
            await self._show(request, *match, writer)
        else:
            await self._send(writer, await self._page(request), request)

    async def _refusal(self, request: Request) -> Response | None:
        """Return why the request is not answered, None when it is."""
        verdict = self._access.judge(request.headers, request.query.get("token"))
        if verdict is Verdict.OTHER_HOST:
            return text(HTTPStatus.MISDIRECTED_REQUEST, _OTHER_HOST)
        if verdict is Verdict.OTHER_SITE:
            return text(HTTPStatus.FORBIDDEN, "pages of other sites get nothing here")
        # The page's files are everybody's; the page that asks for the token is drawn by them.
        if verdict in (Verdict.NO_TOKEN, Verdict.WRONG_TOKEN) and not request.path.startswith("/static/"):
            if verdict is Verdict.WRONG_TOKEN:
                logger.warning("wrong token", extra={"path": request.path})
                await asyncio.sleep(WRONG_TOKEN_SECONDS)
            return _token_page(request, verdict, self._settings.token_file)
        return None

    def _stream_of(self, request: Request) -> tuple[str, str] | None:
        """Return camera and kind (mjpeg or jpg) of what shows a camera, None for all else."""
        match = _CAMERA_PATH.fullmatch(request.path)
        if match is not None:
            return match["camera"], match["kind"]
        if request.path in _STREAM_PATHS:
            names = [request.query["camera"]] if "camera" in request.query else camera_names(self._folders)
            return (names or [""])[0], "mjpeg"
        return None

    async def _show(self, request: Request, camera: str, kind: str, writer: asyncio.StreamWriter) -> None:
        size = request.query.get("size", DEFAULT_SIZE)
        names = camera_names(self._folders)
        if size not in SIZES:
            await self._send(writer, text(400, f"size is unknown: expected one of {', '.join(SIZES)}"))
        elif camera not in names:
            known = ", ".join(names) or "none yet"
            await self._send(writer, text(404, f"there is no such camera here: expected one of {known}"))
        elif kind == "jpg" and not gives_pictures(self._folders, camera):
            sentence = f"camera {camera} gives no pictures now: /status.json says why"
            await self._send(writer, text(503, sentence, Retry_After="5"), request)
        elif self._viewers >= self._settings.maximum_viewers:
            sentence = f"{self._viewers} viewers are here, as many as may be: close one, or try again later"
            most = str(self._settings.maximum_viewers)
            await self._send(writer, text(503, sentence, Retry_After="10", X_Most_Viewers=most), request)
        elif request.method == "HEAD":
            await self._send(writer, STREAM if kind == "mjpeg" else Response(200, "image/jpeg", None))
        else:
            self._viewers += 1
            try:
                await self._show_feed(camera, size, kind, writer)
            finally:
                self._viewers -= 1

    async def _show_feed(self, camera: str, size: str, kind: str, writer: asyncio.StreamWriter) -> None:
        feed = self._feed(camera)
        if kind == "jpg":
            await self._send(writer, await _snapshot(feed, camera, size))
            return
        fields = {"camera": camera, "size": size, "viewers": self._viewers}
        logger.info("viewer came", extra=fields)
        ending = await send_stream(feed, size, writer, self._settings.stalled_seconds)
        logger.info("viewer went", extra={**fields, "ending": ending})

    def _feed(self, camera: str) -> CameraFeed:
        for name in [name for name, feed in self._feeds.items() if feed.is_idle]:
            del self._feeds[name]
        if camera not in self._feeds:
            self._feeds[camera] = CameraFeed(
                self._folders.view, camera, self._executor, lambda: self._settings
            )
        return self._feeds[camera]

    async def _page(self, request: Request) -> Response:
        if request.path in ("/", "/index.html") and "token" in request.query:
            # The token is out of the address bar, its history and what is copied from there.
            return _to_the_page(self._access.cookie_value())
        if request.path == "/status.json":
            return await self._status_now()
        name = request.path.removeprefix("/static/") if request.path.startswith("/static/") else None
        page = static_file("index.html" if request.path in ("/", "/index.html") else name or "")
        return page or text(404, "there is no such page")

    async def _status_now(self) -> Response:
        made_seconds, response = self._status
        if not made_seconds or time.monotonic() >= made_seconds + STATUS_SECONDS:
            viewers = {"now": self._viewers, "most": self._settings.maximum_viewers}
            content: dict[str, Any] = await asyncio.to_thread(
                status_document, self._folders, self._device, viewers
            )
            response = document(content)
            self._status = time.monotonic(), response
        return response

    async def _send(
        self, writer: asyncio.StreamWriter, response: Response, request: Request | None = None
    ) -> None:
        body = b"" if request is not None and request.method == "HEAD" else response.body or b""
        writer.write(response.head() + body)
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(writer.drain(), SEND_SECONDS)


_OTHER_HOST = "this view is asked for by an address, or by a name that its configuration lists in hostNames"


async def _snapshot(feed: CameraFeed, camera: str, size: str) -> Response:
    try:
        async with feed.watched(size):
            return await asyncio.wait_for(_live(feed, size), SNAPSHOT_SECONDS)
    except asyncio.TimeoutError:
        sentence = f"camera {camera} gave no picture within {SNAPSHOT_SECONDS:g} s"
        return text(503, sentence, Retry_After="5")


async def _live(feed: CameraFeed, size: str) -> Response:
    number = 0
    while not (shown := await feed.after(number, size)).is_live:
        number = shown.number
    return Response(200, "image/jpeg", shown.data)


async def _let_go(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Read on for a moment: closing on unread bytes would take the answer away from who sends them."""
    if writer.can_write_eof():
        writer.write_eof()
    with suppress(asyncio.TimeoutError, ConnectionError):
        await asyncio.wait_for(_discard(reader), _LINGER_SECONDS)


async def _discard(reader: asyncio.StreamReader) -> None:
    while await reader.read(64 * 1024):
        pass


def _to_the_page(cookie: str) -> Response:
    value = f"{COOKIE}={cookie}; Path=/; Max-Age={_COOKIE_SECONDS}; HttpOnly; SameSite=Lax"
    return Response(303, "text/plain; charset=utf-8", b"\n", {"Location": "/", "Set-Cookie": value})


def _token_page(request: Request, verdict: Verdict, token_file: str) -> Response:
    """Return the page that asks for the token, or a sentence to what is no browser's page."""
    page = static_file("token.html") if request.path in ("/", "/index.html") else None
    challenge = {"WWW-Authenticate": 'Bearer realm="CrowdLens local view"'}
    if page is None:
        sentence = f"{verdict.value}: give it as ?token=… or in an Authorization header\n"
        return Response(401, "text/plain; charset=utf-8", sentence.encode(), challenge)
    body = (page.body or b"").replace(b"{token_file}", html.escape(token_file).encode())
    return Response(401, page.content_type, body, challenge)
