"""Everything a process does to a folder's files, seen through ptrace, and the disks it could leave behind.

`record` runs a function in a child and notes each write, cut, rename, removal and fsync below a folder, with
the marks the child gives. `disks` replays the list: after any step a kill -9 leaves exactly what was done so
far, and a power loss what was synced so far plus any part of the rest, down to single sectors of 512 bytes.
Linux on x86-64 or arm64, where a process may trace its children.
"""

from __future__ import annotations

import ctypes
import os
import platform
import random
import signal
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_TRACEME, _SYSCALL, _SETOPTIONS, _GETREGSET = 0, 24, 0x4200, 0x4204
_TRACESYSGOOD, _EXITKILL = 1, 0x100000
SECTOR_BYTES = 512
# Where the registers hold the number, the arguments and the result.
_X86 = {"number": 15, "arguments": (14, 13, 12, 7, 9, 8), "result": 10, "count": 27}
_ARM = {"number": 8, "arguments": (0, 1, 2, 3, 4, 5), "result": 0, "count": 34}
_ON_X86 = {1: "write", 18: "pwrite", 74: "fsync", 75: "fsync", 77: "ftruncate", 82: "rename", 87: "unlink"}
_ON_ARM = {64: "write", 68: "pwrite", 82: "fsync", 83: "fsync", 46: "ftruncate"}
_NAMES = {"x86_64": _ON_X86, "aarch64": {**_ON_ARM, 38: "renameat", 35: "unlinkat"}}
MARK_DESCRIPTOR = 1000
"""What the child writes here is a mark in the list."""


@dataclass(frozen=True)
class Step:
    """One thing done: `kind` is write, cut, rename, remove, sync or mark."""

    kind: str
    path: str
    offset: int = 0
    data: bytes = b""
    target: str = ""


class TracingRefusedError(Exception):
    """Raised where processes may not be traced."""


def mark(text: str) -> None:
    """Note in the recording child that this point was reached."""
    os.write(MARK_DESCRIPTOR, text.encode())


def record(folder: Path, work: Callable[[], None]) -> list[Step]:
    """Run `work` in a child and return what it did below `folder`."""
    machine = platform.machine()
    if machine not in _NAMES:
        raise TracingRefusedError(machine)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    libc.ptrace.restype = ctypes.c_long
    child = os.fork()
    if child == 0:
        _be_traced(libc, work)
    _, status = os.waitpid(child, 0)
    if not os.WIFSTOPPED(status):
        raise TracingRefusedError("ptrace")
    libc.ptrace(_SETOPTIONS, child, None, _TRACESYSGOOD | _EXITKILL)
    return _Tracer(libc, child, folder, machine).run()


def _be_traced(libc: ctypes.CDLL, work: Callable[[], None]) -> None:
    status = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), MARK_DESCRIPTOR)
        if libc.ptrace(_TRACEME, 0, None, None) == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
            work()
            status = 0
    finally:
        os._exit(status)


class _Tracer:
    def __init__(self, libc: ctypes.CDLL, child: int, folder: Path, machine: str) -> None:
        self._libc, self._child, self._folder = libc, child, str(folder)
        self._names = _NAMES[machine]
        self._layout = _X86 if machine == "x86_64" else _ARM
        self._memory = os.open(f"/proc/{child}/mem", os.O_RDONLY)
        self.steps: list[Step] = []

    def run(self) -> list[Step]:
        entering, pending = True, None
        try:
            while self._next_stop():
                registers = self._registers()
                if entering:
                    pending = self._look(registers)
                elif pending is not None and registers[self._layout["result"]] < 2**63:
                    self.steps.append(pending)
                entering = not entering
        finally:
            os.close(self._memory)
        return self.steps

    def _next_stop(self) -> bool:
        deliver = 0
        while True:
            self._libc.ptrace(_SYSCALL, self._child, None, deliver)
            _, status = os.waitpid(self._child, 0)
            if os.WIFEXITED(status) or os.WIFSIGNALED(status):
                assert os.WIFEXITED(status), status
                assert os.WEXITSTATUS(status) == 0
                return False
            if os.WSTOPSIG(status) == signal.SIGTRAP | 0x80:
                return True
            deliver = os.WSTOPSIG(status)

    def _registers(self) -> tuple[int, ...]:
        buffer = ctypes.create_string_buffer(8 * self._layout["count"])
        vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), len(buffer))
        self._libc.ptrace(_GETREGSET, self._child, ctypes.c_void_p(1), ctypes.addressof(vector))
        return struct.unpack(f"{self._layout['count']}Q", buffer.raw)

    def _look(self, registers: tuple[int, ...]) -> Step | None:
        name = self._names.get(registers[self._layout["number"]])
        if name is None:
            return None
        given = [registers[index] for index in self._layout["arguments"]]
        if name in ("rename", "unlink", "renameat", "unlinkat"):
            return self._look_at_name(name, given)
        descriptor, rest = given[0], given[1:]
        if descriptor == MARK_DESCRIPTOR:
            return Step("mark", "", data=os.pread(self._memory, rest[1], rest[0]))
        path = self._path_of(descriptor)
        if path is None:
            return None
        if name == "fsync":
            return Step("sync", path)
        if name == "ftruncate":
            return Step("cut", path, offset=rest[0])
        offset = rest[2] if name == "pwrite" else self._position(descriptor)
        return Step("write", path, offset, os.pread(self._memory, rest[1], rest[0]))

    def _look_at_name(self, name: str, given: list[int]) -> Step | None:
        first, second = (given[0], given[1]) if name in ("rename", "unlink") else (given[1], given[3])
        path = self._text(first)
        if not path.startswith(self._folder + "/"):
            return None
        if name.startswith("unlink"):
            return Step("remove", path)
        return Step("rename", path, target=self._text(second))

    def _path_of(self, descriptor: int) -> str | None:
        try:
            path = str(Path(f"/proc/{self._child}/fd/{descriptor}").readlink())
        except OSError:
            return None
        return path if path.startswith(self._folder) else None

    def _position(self, descriptor: int) -> int:
        text = Path(f"/proc/{self._child}/fdinfo/{descriptor}").read_text(encoding="ascii")
        return int(text.split()[1])

    def _text(self, address: int) -> str:
        return os.pread(self._memory, 4096, address).split(b"\0", 1)[0].decode()


@dataclass
class Disk:
    """The files as a process sees them, and each change that no fsync has made safe yet."""

    files: dict[str, bytearray] = field(default_factory=dict)
    safe: dict[str, bytearray] = field(default_factory=dict)
    loose: dict[str, list[Step]] = field(default_factory=dict)

    def do(self, step: Step) -> None:
        if step.kind == "sync":
            self._sync(step.path)
        elif step.kind == "rename":
            self.files[step.target] = self.files.pop(step.path)
            self.safe[step.target] = self.safe.pop(step.path, bytearray())
            self.loose[step.target] = self.loose.pop(step.path, [])
        elif step.kind == "remove":
            for kept in (self.files, self.safe, self.loose):
                kept.pop(step.path, None)
        elif step.kind in ("write", "cut"):
            _apply(self.files.setdefault(step.path, bytearray()), step)
            self.loose.setdefault(step.path, []).append(step)

    def _sync(self, path: str) -> None:
        if path in self.files:
            self.safe[path] = bytearray(self.files[path])
            self.loose[path] = []

    def after_kill(self) -> dict[str, bytes]:
        """Return the files as a kill -9 now leaves them."""
        return {path: bytes(content) for path, content in self.files.items()}

    def after_power_loss(self, dice: random.Random) -> dict[str, bytes]:
        """Return files as a power loss now may leave them: of what is not synced, any sectors, in any mix."""
        found: dict[str, bytes] = {}
        for path in self.files:
            content = bytearray(self.safe.get(path, b""))
            keep = dice.choice((0.0, 0.5, 0.9, 1.0))
            for step in self.loose.get(path, []):
                for part in _sectors(step):
                    if dice.random() < keep:
                        _apply(content, part)
            found[path] = bytes(content)
        return found


def _sectors(step: Step) -> Iterator[Step]:
    if step.kind != "write":
        yield step
        return
    for start in range(0, len(step.data), SECTOR_BYTES):
        yield Step("write", step.path, step.offset + start, step.data[start : start + SECTOR_BYTES])


def _apply(content: bytearray, step: Step) -> None:
    if step.kind == "cut":
        del content[step.offset :]
        content.extend(b"\0" * (step.offset - len(content)))
        return
    if len(content) < step.offset:
        content.extend(b"\0" * (step.offset - len(content)))
    content[step.offset : step.offset + len(step.data)] = step.data
