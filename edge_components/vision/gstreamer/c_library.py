"""The few functions of GStreamer's C library that we call, by ctypes.

The library comes with JetPack and with every distribution; its Python bindings, its command line tools and a
build of OpenCV with GStreamer do not. Types and functions: https://gstreamer.freedesktop.org/documentation/
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_int, c_int64, c_size_t, c_uint, c_uint32, c_uint64, c_void_p
from typing import Any

PLAYING, NULL_STATE = 4, 1
CHANGE_FAILED = 0
MESSAGE_EOS, MESSAGE_ERROR = 1, 2
FORMAT_TIME = 3
MAP_READ = 1
NO_TIME = 2**64 - 1
NANOSECONDS = 1_000_000_000


class GError(ctypes.Structure):
    """GLib's error."""

    _fields_ = [("domain", c_uint32), ("code", c_int), ("message", c_char_p)]


class GstMapInfo(ctypes.Structure):
    """Where the bytes of a buffer are."""

    _fields_ = [
        ("memory", c_void_p),
        ("flags", c_int),
        ("data", c_void_p),
        ("size", c_size_t),
        ("maxsize", c_size_t),
        ("user_data", c_void_p * 4),
        ("reserved", c_void_p * 4),
    ]


class GstMiniObject(ctypes.Structure):
    """The head of a buffer."""

    _fields_ = [
        ("type", c_size_t),
        ("refcount", c_int),
        ("lockstate", c_int),
        ("flags", c_uint),
        ("copy", c_void_p),
        ("dispose", c_void_p),
        ("free", c_void_p),
        ("private_number", c_uint),
        ("private_pointer", c_void_p),
    ]


class GstBuffer(ctypes.Structure):
    """A buffer, as far as its presentation time."""

    _fields_ = [("mini_object", GstMiniObject), ("pool", c_void_p), ("pts", c_uint64)]


ElementAdded = ctypes.CFUNCTYPE(None, c_void_p, c_void_p, c_void_p, c_void_p)
"""Called as (bin, sub-bin, element, user data)."""

_POINTER_TO_ERROR = POINTER(POINTER(GError))
_CORE: dict[str, tuple[Any, list[Any]]] = {
    "gst_init_check": (c_int, [c_void_p, c_void_p, _POINTER_TO_ERROR]),
    "gst_parse_launch": (c_void_p, [c_char_p, _POINTER_TO_ERROR]),
    "gst_bin_get_by_name": (c_void_p, [c_void_p, c_char_p]),
    "gst_util_set_object_arg": (None, [c_void_p, c_char_p, c_char_p]),
    "gst_element_factory_find": (c_void_p, [c_char_p]),
    "gst_element_get_factory": (c_void_p, [c_void_p]),
    "gst_element_factory_get_metadata": (c_char_p, [c_void_p, c_char_p]),
    "gst_object_unref": (None, [c_void_p]),
    "gst_object_get_name": (c_void_p, [c_void_p]),
    "gst_element_set_state": (c_int, [c_void_p, c_int]),
    "gst_element_query_duration": (c_int, [c_void_p, c_int, POINTER(c_int64)]),
    "gst_element_get_bus": (c_void_p, [c_void_p]),
    "gst_bus_timed_pop_filtered": (c_void_p, [c_void_p, c_uint64, c_int]),
    "gst_message_parse_error": (None, [c_void_p, _POINTER_TO_ERROR, POINTER(c_void_p)]),
    "gst_mini_object_unref": (None, [c_void_p]),
    "gst_sample_get_buffer": (c_void_p, [c_void_p]),
    "gst_sample_get_caps": (c_void_p, [c_void_p]),
    "gst_caps_get_structure": (c_void_p, [c_void_p, c_uint]),
    "gst_structure_get_int": (c_int, [c_void_p, c_char_p, POINTER(c_int)]),
    "gst_structure_get_fraction": (c_int, [c_void_p, c_char_p, POINTER(c_int), POINTER(c_int)]),
    "gst_buffer_map": (c_int, [c_void_p, POINTER(GstMapInfo), c_int]),
    "gst_buffer_unmap": (None, [c_void_p, POINTER(GstMapInfo)]),
}
_APP: dict[str, tuple[Any, list[Any]]] = {
    "gst_app_sink_try_pull_sample": (c_void_p, [c_void_p, c_uint64]),
    "gst_app_sink_is_eos": (c_int, [c_void_p]),
}
_OBJECT: dict[str, tuple[Any, list[Any]]] = {
    "g_signal_connect_data": (c_size_t, [c_void_p, c_char_p, ElementAdded, c_void_p, c_void_p, c_int]),
}


class Library:
    """GStreamer, loaded and initialised; raises `OSError` where it is not installed."""

    def __init__(self) -> None:
        self._functions: dict[str, Any] = {}
        self._load("libgstreamer-1.0.so.0", _CORE)
        self._load("libgstapp-1.0.so.0", _APP)
        self._load("libgobject-2.0.so.0", _OBJECT)
        self._load("libglib-2.0.so.0", {"g_free": (None, [c_void_p])})
        if not self.call("gst_init_check", None, None, None):
            raise OSError("GStreamer cannot be initialised")

    def call(self, function: str, *arguments: Any) -> Any:
        """Call a function by its C name."""
        return self._functions[function](*arguments)

    def name_of(self, thing: int) -> str:
        """Return the name of an element or factory."""
        text = self.call("gst_object_get_name", thing)
        try:
            return (ctypes.cast(text, c_char_p).value or b"").decode("utf-8", "replace")
        finally:
            self.call("g_free", text)

    def has_element(self, name: str) -> bool:
        """Return whether a plug-in offers the element `name`."""
        factory = self.call("gst_element_factory_find", name.encode())
        if not factory:
            return False
        self.call("gst_object_unref", factory)
        return True

    def _load(self, name: str, functions: dict[str, tuple[Any, list[Any]]]) -> None:
        library = ctypes.CDLL(name)
        for function, (result, arguments) in functions.items():
            try:
                loaded = getattr(library, function)
            except AttributeError as error:
                raise OSError(f"{name} has no {function}: expected GStreamer 1.16 or later") from error
            loaded.restype, loaded.argtypes = result, arguments
            self._functions[function] = loaded
