"""Plays one pipeline and writes its frames to a pipe: ``python -m edge_components.vision.gstreamer.worker``.

Ends with the pipeline, or when the process that started it closes the other end or dies.
"""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from typing import NoReturn

from edge_components.vision.gstreamer.c_library import Library
from edge_components.vision.gstreamer.playing import Picture, PipelineError, Playing
from edge_components.vision.gstreamer.protocol import ENDED, FACTS, FAILED, FRAME, HEADER, Request


class Answers:
    """Writes messages to the pipe."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.facts_said = False

    def say(
        self, kind: bytes, body: bytes | memoryview = b"", header: tuple[int, int, int] = (0, 0, -1)
    ) -> None:
        """Write a message whole; raises `BrokenPipeError` when nobody listens any more."""
        self._write(memoryview(HEADER.pack(kind, len(body), *header)))
        self._write(memoryview(body))

    def _write(self, content: memoryview) -> None:
        while content:
            content = content[os.write(self._descriptor, content) :]


def main() -> int:
    """Play the pipeline that standard input asks for."""
    answers = Answers(_private_output())
    line = sys.stdin.buffer.readline()
    threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    try:
        request = Request.read(line)
        _play(Library(), request, answers)
        answers.say(ENDED)
    except BrokenPipeError:
        return 0
    except OSError as error:
        answers.say(FAILED, f"GStreamer cannot be used: {error}".encode())
    except PipelineError as error:
        answers.say(FAILED, str(error).encode())
    return 0


def _play(library: Library, request: Request, answers: Answers) -> None:
    playing = Playing(library, request)

    def take(picture: Picture) -> None:
        if not answers.facts_said:
            playing.check_decoder()
            answers.say(FACTS, playing.facts(picture).body())
            answers.facts_said = True
        content = memoryview((ctypes.c_ubyte * picture.size).from_address(picture.data)).cast("B")
        answers.say(FRAME, content, (picture.width, picture.height, picture.time_nanoseconds))

    try:
        playing.each_picture(take)
    finally:
        playing.close()


def _private_output() -> int:
    """Return the pipe for our messages, and send what plug-ins print (NVIDIA's do) nowhere.

    It may hold the address of the camera.
    """
    private = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    return private


def _end_with_parent() -> NoReturn:
    """End at once when standard input closes: the parent wants it, or is dead."""
    while os.read(0, 4096):
        pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
