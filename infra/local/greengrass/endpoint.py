"""The socket: connections, tokens, streams. What an operation does is the nucleus's matter."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from infra.local.greengrass.frames import (
    PRELUDE_BYTES,
    FrameError,
    Message,
    MessageFlag,
    MessageType,
    decode,
    encode,
    remaining_bytes,
)
from infra.local.greengrass.nucleus import Nucleus, OperationError
from infra.local.greengrass.operations import perform

_NAMESPACE = "aws.greengrass#"
_LONGEST_SOCKET_PATH = 107
"""``sun_path`` has 108 bytes with its final zero (unix(7))."""


class IpcEndpoint:
    """Serves `nucleus` on a unix socket, as a context manager; `environment` is what a component needs.

    Raises `ValueError` for a socket path that the kernel would cut off.
    """

    def __init__(self, nucleus: Nucleus, socket: Path) -> None:
        if len(str(socket).encode()) > _LONGEST_SOCKET_PATH:
            raise ValueError(f"socket path {socket}: expected at most {_LONGEST_SOCKET_PATH} bytes")
        self.nucleus = nucleus
        self._socket = socket
        self._loop = asyncio.new_event_loop()
        self._ready = threading.Event()
        self._stop: asyncio.Event | None = None
        self._connections: set[_Connection] = set()
        self._thread = threading.Thread(target=self._run, name="greengrass-ipc", daemon=True)

    def environment(self, component: str) -> dict[str, str]:
        """Return the variables that Greengrass sets for `component`."""
        return {
            "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": str(self._socket),
            "SVCUID": self.nucleus.token(component),
            "AWS_IOT_THING_NAME": self.nucleus.thing_name,
        }

    @property
    def is_connected(self) -> bool:
        """Whether anyone is connected."""
        return bool(self._connections)

    def drop_connections(self) -> None:
        """Close every connection, as a nucleus that restarts does; new ones are taken."""
        self._loop.call_soon_threadsafe(self._close_all)

    def _close_all(self) -> None:
        for connection in list(self._connections):
            connection.close()

    def __enter__(self) -> IpcEndpoint:
        self._thread.start()
        self._ready.wait()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        stop = self._stop
        if stop is not None:
            self._loop.call_soon_threadsafe(stop.set)
        self._thread.join()
        self._socket.unlink(missing_ok=True)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._ready.set()
            self._loop.close()

    async def _serve(self) -> None:
        self._stop = asyncio.Event()
        server = await asyncio.start_unix_server(self._connected, str(self._socket))
        self._ready.set()
        await self._stop.wait()
        server.close()
        self._close_all()
        while self._connections:
            await asyncio.sleep(0.01)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = _Connection(self.nucleus, self._loop, reader, writer)
        self._connections.add(connection)
        try:
            await connection.serve()
        finally:
            self._connections.discard(connection)
            self.nucleus.tell_change()


class Stream:
    """One operation's stream: what the nucleus sends events on, from any thread."""

    def __init__(self, connection: _Connection, number: int) -> None:
        self._connection = connection
        self._number = number
        self._at_close: list[Callable[[], None]] = []

    def send(self, shape: str, document: dict[str, Any]) -> None:
        """Send one event of the model's `shape`."""
        self._connection.send_later(_application(self._number, shape, document))

    def at_close(self, call: Callable[[], None]) -> None:
        """Call `call` once the stream ends, by whom ever."""
        self._at_close.append(call)

    def closed(self) -> None:
        """Tell those who wait for the end, once."""
        for call in self._at_close:
            call()
        self._at_close.clear()


class _Connection:
    def __init__(
        self,
        nucleus: Nucleus,
        loop: asyncio.AbstractEventLoop,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._nucleus, self._loop = nucleus, loop
        self._reader, self._writer = reader, writer
        self._component = ""
        self._streams: dict[int, Stream] = {}

    def close(self) -> None:
        self._writer.close()

    def send_later(self, message: Message) -> None:
        """Send from any thread, after what was sent before; a connection that ended takes it silently."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._send, message)

    async def serve(self) -> None:
        try:
            while True:
                prelude = await self._reader.readexactly(PRELUDE_BYTES)
                rest = await self._reader.readexactly(remaining_bytes(prelude))
                if not self._take(decode(prelude + rest)):
                    break
                await self._writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        except FrameError as error:
            self._send(Message(MessageType.PROTOCOL_ERROR, payload=_json({"message": str(error)})))
        finally:
            for stream in self._streams.values():
                stream.closed()
            self._writer.close()
            with contextlib.suppress(ConnectionError):
                await self._writer.wait_closed()

    def _send(self, message: Message) -> None:
        if not self._writer.is_closing():
            self._writer.write(encode(message))

    def _take(self, message: Message) -> bool:
        """Answer one message; False ends the connection."""
        if message.type is MessageType.CONNECT:
            return self._connect(message)
        if message.type is MessageType.PING:
            self._send(Message(MessageType.PING_RESPONSE, payload=message.payload))
            return True
        if not self._component:
            raise FrameError(f"{message.type.name} before CONNECT")
        if message.flags & MessageFlag.TERMINATE_STREAM:
            self._end(message.stream)
        elif message.type is MessageType.APPLICATION_MESSAGE:
            self._operate(message)
        return True

    def _connect(self, message: Message) -> bool:
        component = self._nucleus.component_of(str(message.document().get("authToken", "")))
        if component is None:
            self._send(Message(MessageType.CONNECT_ACK))
            return False
        self._component = component
        self._send(Message(MessageType.CONNECT_ACK, MessageFlag.CONNECTION_ACCEPTED))
        return True

    def _operate(self, message: Message) -> None:
        name = str(message.headers.get("operation", "")).removeprefix(_NAMESPACE)
        stream = Stream(self, message.stream)
        self._streams[message.stream] = stream
        try:
            self._nucleus.called(self._component, name)
            answer = perform(self._nucleus, self._component, name, message.document(), stream)
        except OperationError as error:
            document = {"message": str(error), **error.details}
            flags = MessageFlag.TERMINATE_STREAM
            kind = MessageType.APPLICATION_ERROR
            self._send(_application(message.stream, error.shape, document, kind=kind, flags=flags))
            self._end(message.stream)
            return
        self._send(_application(message.stream, f"{name}Response", answer))

    def _end(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream is not None:
            stream.closed()


def _application(
    stream: int,
    shape: str,
    document: dict[str, Any],
    *,
    kind: MessageType = MessageType.APPLICATION_MESSAGE,
    flags: MessageFlag = MessageFlag.NONE,
) -> Message:
    headers = {"service-model-type": f"{_NAMESPACE}{shape}", ":content-type": "application/json"}
    return Message(kind, flags, stream, headers, _json(document))


def _json(document: dict[str, Any]) -> bytes:
    return json.dumps(document).encode()
