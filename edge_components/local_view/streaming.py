"""Pictures on their way to one viewer: each waits for its own connection and for nobody else's."""

from __future__ import annotations

import asyncio
import contextlib
import socket

from edge_components.local_view.feed import CameraFeed
from edge_components.local_view.responses import Response

BOUNDARY = "crowdlens-picture"
STREAM = Response(200, f"multipart/x-mixed-replace; boundary={BOUNDARY}", None)
_SEND_BUFFER_BYTES = 128 * 1024
"""In the kernel, for each viewer: a slow one should lag by a picture, not by ten."""


async def send_stream(
    feed: CameraFeed, size: str, writer: asyncio.StreamWriter, stalled_seconds: float
) -> str:
    """Send pictures until the viewer leaves or takes nothing for `stalled_seconds`; return which it was."""
    transport = writer.transport
    transport.set_write_buffer_limits(high=0)
    connection = transport.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER_BYTES)
    number = 0
    try:
        writer.write(STREAM.head() + f"--{BOUNDARY}\r\n".encode())
        async with feed.watched(size):
            while True:
                if not await _taken(writer, stalled_seconds):
                    transport.abort()
                    return "stalled"
                shown = await feed.after(number, size)
                number = shown.number
                # The boundary goes with the picture before it: a browser shows one when it sees its end.
                writer.write(
                    b"Content-Type: image/jpeg\r\n"
                    + f"X-Picture: {shown.number}\r\nContent-Length: {len(shown.data)}\r\n\r\n".encode()
                    + shown.data
                    + f"\r\n--{BOUNDARY}\r\n".encode()
                )
    except ConnectionError:
        return "left"


async def _taken(writer: asyncio.StreamWriter, stalled_seconds: float) -> bool:
    """Wait until all is sent; False when not a byte went in `stalled_seconds`."""
    while True:
        waiting = writer.transport.get_write_buffer_size()
        try:
            await asyncio.wait_for(writer.drain(), stalled_seconds)
        except asyncio.TimeoutError:
            if writer.transport.get_write_buffer_size() >= waiting:
                return False
        else:
            return True
