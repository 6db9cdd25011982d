"""A device's nucleus at work: components unpacked from their archives, run by the scripts of their recipes.

It does what nucleus classic does with a deployment of configuration: the component judges the change, a
component whose lifecycle names what changed is installed and started again, one that fails takes the
deployment with it, and the old configuration comes back. Source: "Component lifecycle" and "Deployments" of
the Greengrass v2 developer guide.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import threading
import time
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from infra.fleet.components import LIBRARIES, NAMESPACE, Component
from infra.local.greengrass import configuration as trees
from infra.local.greengrass.endpoint import IpcEndpoint
from infra.local.greengrass.nucleus import Nucleus

MAXIMUM_ERRORS = 3
"""A component that fails a third time is broken: the nucleus starts it no more."""
STOP_SECONDS = 5.0
RUNNING, ERRORED, BROKEN, FINISHED, STOPPED = "RUNNING", "ERRORED", "BROKEN", "FINISHED", "STOPPED"
_VARIABLE = re.compile(r"\{(artifacts:decompressedPath|configuration:/[^}]*)\}")


@dataclass(frozen=True)
class Deployment:
    """How a deployment ended: SUCCEEDED, REFUSED by the component, or FAILED and rolled back, and why."""

    status: str
    reason: str | None = None


@dataclass
class _Running:
    component: Component
    code: Path
    log: Path
    process: subprocess.Popen[bytes] | None = None
    state: str = STOPPED
    errors: int = 0
    wanted: bool = False
    watcher: threading.Thread | None = None
    seconds_to_stop: float | None = None
    return_code: int | None = None
    changed: threading.Event = field(default_factory=threading.Event)


class LocalDevice:
    """One device below `folder`: its state, run and settings folders, its nucleus and its components.

    `environment` is added to that of every process (endpoints, credentials). The components' libraries are
    those of this interpreter, and nothing else of this repository can be found by them.
    """

    def __init__(
        self,
        folder: Path,
        components: Sequence[Component],
        *,
        thing_name: str,
        is_lite: bool = False,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.state, self.run, self.settings = (folder / name for name in ("state", "run", "settings"))
        self.nucleus = Nucleus(thing_name, is_lite=is_lite)
        self.nucleus.enforces_grants = True
        self._endpoint = IpcEndpoint(self.nucleus, folder / "ipc.socket")
        self._environment = dict(environment or {})
        self._running: dict[str, _Running] = {}
        for path in (self.state / "libraries", self.run, self.settings, folder / "bin", folder / "logs"):
            path.mkdir(parents=True, exist_ok=True)
        (self.state / "libraries" / "current").symlink_to(sysconfig.get_path("purelib"))
        # Not that of the virtual environment, which would find this repository.
        (folder / "bin" / "python3").symlink_to(Path(sys.executable).resolve())
        for component in components:
            if component.name != LIBRARIES:
                self._unpack(component)

    def __enter__(self) -> LocalDevice:
        self._endpoint.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in self._running:
            self.stop(name)
        self._endpoint.__exit__(kind, error, trace)

    @property
    def names(self) -> tuple[str, ...]:
        """The short names of the installed components."""
        return tuple(self._running)

    @property
    def started(self) -> tuple[str, ...]:
        """The short names of those that were installed and started."""
        return tuple(name for name, running in self._running.items() if running.log.exists())

    def log(self, name: str) -> str:
        """Return what the component `name` wrote so far."""
        return self._running[name].log.read_text(encoding="utf-8", errors="replace")

    def status_of(self, name: str) -> str:
        """Return the state of the component `name`."""
        return self._running[name].state

    def install(self, name: str, change: Mapping[str, Any] | None = None) -> Deployment:
        """Install and start the component `name`, with `change` merged into its configuration."""
        self.nucleus.merge(self._full(name), (), dict(change or {}))
        reason = self._install_and_start(name)
        return Deployment("SUCCEEDED") if reason is None else Deployment("FAILED", reason)

    def deploy(self, name: str, change: Mapping[str, Any], *, seconds: float = 60.0) -> Deployment:
        """Deploy a change of configuration to the component `name`."""
        full, running = self._full(name), self._running[name]
        before = self.nucleus.configurations[full]
        old = self._lifecycle(running)
        reason = self.nucleus.deploy(full, change, seconds=seconds)
        if reason is not None:
            return Deployment("REFUSED", reason)
        if self._lifecycle(running) == old:
            return Deployment("SUCCEEDED")
        reason = self._install_and_start(name)
        if reason is None:
            return Deployment("SUCCEEDED")
        self.nucleus.configurations[full] = before
        self._install_and_start(name)
        return Deployment("FAILED", reason)

    def stop(self, name: str) -> tuple[int | None, float]:
        """Stop the component as the nucleus does; return its exit status and the seconds it took."""
        running = self._running[name]
        running.wanted = False
        process = running.process
        if process is None or process.poll() is not None:
            return running.return_code, 0.0
        began = time.monotonic()
        process.terminate()
        try:
            process.wait(STOP_SECONDS * 4)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        seconds = time.monotonic() - began
        if running.watcher is not None:
            running.watcher.join()
        running.state = STOPPED
        return process.returncode, seconds

    def kill(self, name: str) -> None:
        """Kill the component as a lack of memory does; the nucleus starts it again."""
        process = self._running[name].process
        if process is not None:
            process.kill()

    def _full(self, name: str) -> str:
        return f"{NAMESPACE}.{name}"

    def _unpack(self, component: Component) -> None:
        name = component.name.removeprefix(f"{NAMESPACE}.")
        code = self.folder / "artifacts" / name
        for archive in component.archives:
            with zipfile.ZipFile(archive.write(self.folder / "archives")) as opened:
                # Greengrass unpacks an archive to a folder named after it.
                opened.extractall(code / Path(archive.file_name).stem)
        defaults = dict(component.recipe.get("ComponentConfiguration", {}).get("DefaultConfiguration", {}))
        # What a recipe knows of the file system of a real device lies below our folder.
        places = {"folder": self.state, "run": self.run, "settings": self.settings}
        defaults |= {key: str(path) for key, path in places.items()}
        self.nucleus.install(component.name, defaults, version=component.version)
        self._running[name] = _Running(component, code, self.folder / "logs" / f"{name}.log")

    def _lifecycle(self, running: _Running) -> dict[str, Any]:
        """Return the lifecycle of the first manifest with its variables filled in."""
        configuration = self.nucleus.configurations[running.component.name]

        def value(match: re.Match[str]) -> str:
            if match[1] == "artifacts:decompressedPath":
                return str(running.code)
            found = trees.at_path(configuration, match[1].removeprefix("configuration:/").split("/"))
            return str(found)

        def filled(part: Any) -> Any:
            if isinstance(part, Mapping):
                return {key: filled(inner) for key, inner in part.items()}
            return _VARIABLE.sub(value, part) if isinstance(part, str) else part

        return dict(filled(running.component.recipe["Manifests"][0]["Lifecycle"]))

    def _install_and_start(self, name: str) -> str | None:
        """Return why the component could not be installed and started; None when it runs."""
        self.stop(name)
        running = self._running[name]
        steps = self._lifecycle(running)
        running.errors = 0
        if "install" in steps:
            finished = self._spawn(running, steps["install"]).wait(
                float(steps["install"].get("Timeout", 120))
            )
            if finished != 0:
                running.state = BROKEN
                return f"install of {name} ended with {finished}"
        if "run" not in steps:
            running.state = FINISHED
            return None
        running.wanted = True
        running.changed.clear()
        running.watcher = threading.Thread(target=self._watch, args=(running, steps["run"]), daemon=True)
        running.watcher.start()
        running.changed.wait(60)
        return f"{name} is broken" if running.state == BROKEN else None

    def _watch(self, running: _Running, step: Mapping[str, Any]) -> None:
        while running.wanted:
            running.process = self._spawn(running, step)
            running.state = RUNNING
            running.changed.set()
            running.return_code = running.process.wait()
            if not running.wanted or running.return_code == 0:
                running.state = FINISHED
                return
            running.errors += 1
            running.state = BROKEN if running.errors >= MAXIMUM_ERRORS else ERRORED
            self.nucleus.tell_change()
            if running.state == BROKEN:
                return
            time.sleep(0.5)

    def _spawn(self, running: _Running, step: Mapping[str, Any]) -> subprocess.Popen[bytes]:
        keep = {name: os.environ[name] for name in ("HOME", "LANG", "TZ") if name in os.environ}
        environment = {
            **keep,
            **self._environment,
            **self._endpoint.environment(running.component.name),
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin:/usr/sbin:/sbin",
            **{key: str(text) for key, text in step.get("Setenv", {}).items()},
        }
        log: IO[bytes]
        with running.log.open("ab") as log:
            return subprocess.Popen(
                ["sh", "-c", step["Script"]],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
