"""A GStreamer pipeline that plays: pulls its frames one by one and says why it ended."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import byref
from dataclasses import dataclass
from typing import Any

from edge_components.vision.gstreamer import c_library as gst
from edge_components.vision.gstreamer.protocol import Facts, Request, nv12_bytes
from edge_components.vision.gstreamer.told import told

SINK = "crowdlens_frames"
CONVERTERS = ("nvvidconv", "nvvideoconvert", "videoconvert")
"""Takes a picture out of the decoder's memory: JetPack's element, DeepStream's, everybody's."""
HARDWARE_DECODERS = ("nv", "v4l2", "va", "omx", "qsv", "msdk", "d3d", "amf")
"""What the names of decoders begin with that do not use the processor."""
_WAIT_NANOSECONDS = 200_000_000


class PipelineError(Exception):
    """Raised when a pipeline cannot be made or stops with an error; the text is GStreamer's own.

    What it repeats of the pipeline is left out, for that may hold a password.
    """


@dataclass(frozen=True)
class Picture:
    """A frame in NV12, valid while it is handed over; `data` is the address of its `size` bytes.

    `rate` is the stream's frame rate as a fraction, 0/1 when it has none.
    """

    width: int
    height: int
    rate: tuple[int, int]
    time_nanoseconds: int
    data: int
    size: int


class Playing:
    """A pipeline from a request; closed, it gives everything back."""

    def __init__(self, library: gst.Library, request: Request) -> None:
        self._library = library
        self._request = request
        self._decoders: list[str] = []
        # Kept alive here: C holds only its address.
        self._on_element = gst.ElementAdded(self._note_element)
        self._pipeline = self._parsed(f"{request.pipeline} ! {self._converter()} ! {_sink(request)}")
        self._sink = library.call("gst_bin_get_by_name", self._pipeline, SINK.encode())
        for element, name, value in request.properties:
            self._set(element, name, value)
        library.call(
            "g_signal_connect_data", self._pipeline, b"deep-element-added", self._on_element, None, None, 0
        )
        self._bus = library.call("gst_element_get_bus", self._pipeline)
        if library.call("gst_element_set_state", self._pipeline, gst.PLAYING) == gst.CHANGE_FAILED:
            raise PipelineError(self._error() or "it cannot be started")

    @property
    def decoder(self) -> str:
        """The decoder in use, empty when there is none."""
        return self._decoders[-1] if self._decoders else ""

    def each_picture(self, take: Callable[[Picture], None]) -> None:
        """Hand over every picture until the end; raises `PipelineError` when it is no clean one."""
        while True:
            sample = self._library.call("gst_app_sink_try_pull_sample", self._sink, _WAIT_NANOSECONDS)
            if sample:
                try:
                    self._with_picture(sample, take)
                finally:
                    self._library.call("gst_mini_object_unref", sample)
                continue
            error = self._error()
            if error is not None:
                raise PipelineError(error)
            if self._library.call("gst_app_sink_is_eos", self._sink):
                return

    def facts(self, picture: Picture) -> Facts:
        """Return what is known of the stream."""
        duration = ctypes.c_int64(0)
        known = self._library.call(
            "gst_element_query_duration", self._pipeline, gst.FORMAT_TIME, byref(duration)
        )
        numerator, denominator = picture.rate
        return Facts(
            frames_per_second=numerator / denominator if denominator > 0 else 0.0,
            duration_seconds=max(0, duration.value) / gst.NANOSECONDS if known else 0.0,
            decoder=self.decoder,
        )

    def check_decoder(self) -> None:
        """Refuse the processor as decoder where hardware was asked for."""
        if self._request.hardware and not is_hardware(self.decoder):
            by = f" ({self.decoder})" if self.decoder else ""
            raise PipelineError(
                f"the processor decodes it{by}: expected a hardware decoder, or the address without hardware:"
            )

    def close(self) -> None:
        """Stop the pipeline."""
        self._library.call("gst_element_set_state", self._pipeline, gst.NULL_STATE)

    def _converter(self) -> str:
        found = [name for name in CONVERTERS if self._library.has_element(name)]
        if not found:
            raise PipelineError("GStreamer has no videoconvert: expected gstreamer1.0-plugins-base")
        return found[0]

    def _parsed(self, description: str) -> int:
        error = ctypes.POINTER(gst.GError)()
        pipeline = self._library.call("gst_parse_launch", description.encode(), byref(error))
        if error or not pipeline:
            said = self._told(error) or "it cannot be understood"
            lacks = said.startswith("no element")
            raise PipelineError(f"{said}: expected GStreamer's plug-in that has it" if lacks else said)
        return int(pipeline)

    def _told(self, error: Any) -> str:
        return told(_message(error), self._library.has_element)

    def _set(self, element: str, name: str, value: str) -> None:
        found = self._library.call("gst_bin_get_by_name", self._pipeline, element.encode())
        self._library.call("gst_util_set_object_arg", found, name.encode(), value.encode())
        self._library.call("gst_object_unref", found)

    def _note_element(self, _bin: int, _sub_bin: int, element: int, _data: int) -> None:
        factory = self._library.call("gst_element_get_factory", element)
        if not factory:
            return
        kind = self._library.call("gst_element_factory_get_metadata", factory, b"klass") or b""
        if b"Decoder" in kind and (b"Video" in kind or b"Image" in kind):
            self._decoders.append(self._library.name_of(factory))

    def _error(self) -> str | None:
        message = self._library.call("gst_bus_timed_pop_filtered", self._bus, 0, gst.MESSAGE_ERROR)
        if not message:
            return None
        error, debug = ctypes.POINTER(gst.GError)(), ctypes.c_void_p()
        self._library.call("gst_message_parse_error", message, byref(error), byref(debug))
        return self._told(error) or "it stopped with an error"

    def _with_picture(self, sample: int, take: Callable[[Picture], None]) -> None:
        buffer = self._library.call("gst_sample_get_buffer", sample)
        mapped = gst.GstMapInfo()
        if not self._library.call("gst_buffer_map", buffer, byref(mapped), gst.MAP_READ):
            raise PipelineError("a frame cannot be read from the decoder's memory")
        try:
            width, height, rate = self._shape(sample)
            if mapped.size != nv12_bytes(width, height):
                raise PipelineError(
                    f"a {width}x{height} frame has {mapped.size} bytes: expected {nv12_bytes(width, height)}"
                )
            time_nanoseconds = int(gst.GstBuffer.from_address(buffer).pts)
            known = time_nanoseconds != gst.NO_TIME
            take(Picture(width, height, rate, time_nanoseconds if known else -1, mapped.data, mapped.size))
        finally:
            self._library.call("gst_buffer_unmap", buffer, byref(mapped))

    def _shape(self, sample: int) -> tuple[int, int, tuple[int, int]]:
        caps = self._library.call("gst_sample_get_caps", sample)
        structure = self._library.call("gst_caps_get_structure", caps, 0)
        width, height, above, below = (ctypes.c_int(0) for _ in range(4))
        self._library.call("gst_structure_get_int", structure, b"width", byref(width))
        self._library.call("gst_structure_get_int", structure, b"height", byref(height))
        self._library.call("gst_structure_get_fraction", structure, b"framerate", byref(above), byref(below))
        return width.value, height.value, (above.value, below.value)


def is_hardware(decoder: str) -> bool:
    """Return whether a decoder of this name leaves the processor alone."""
    return decoder.startswith(HARDWARE_DECODERS)


def _sink(request: Request) -> str:
    waiting = "max-buffers=4 drop=false" if request.every_frame else "max-buffers=1 drop=true"
    return f"video/x-raw,format=NV12 ! appsink name={SINK} sync=false {waiting}"


def _message(error: Any) -> str:
    """Return the text of a `GError *`, of one line; empty when there is none."""
    return " ".join(error.contents.message.decode("utf-8", "replace").split()).rstrip(".") if error else ""
