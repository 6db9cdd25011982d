"""A real `cdk bootstrap`, `cdk deploy` and `cdk destroy` of stacks of app.py, in a MiniStack of their own."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from infra.local.aws_environment import AwsEndpoint
from infra.local.cdk.command_line import CdkCommandLine
from infra.local.cdk.layers import publish_layers
from infra.local.cdk.templates import Dropped, drop_unknown
from infra.local.ministack import MiniStack
from infra.local.processes import ending_on_signals
from infra.local.run_directory import RunDirectory

TOOLKIT_STACK = "CDKToolkit"


def _say_nothing(text: str) -> None:
    del text


class Deployment:
    """An account of its own on this machine, bootstrapped when entered and gone when left.

    Inside: `endpoint`, `dropped` (what MiniStack could not make of the last assembly), and `seconds` by step.
    `say` hears of every step.
    """

    def __init__(self, *, say: Callable[[str], None] = _say_nothing, run_base: Path | None = None) -> None:
        self._say = say
        self._run_base = run_base
        self._exit = contextlib.ExitStack()
        self._assemblies = 0
        self.seconds: dict[str, float] = {}
        self.dropped: list[Dropped] = []

    def __enter__(self) -> Deployment:
        """Start MiniStack and bootstrap it; raises errors derived from `CrowdLensError`, leaving nothing."""
        with contextlib.ExitStack() as starting:
            starting.enter_context(ending_on_signals())
            self.run = starting.enter_context(RunDirectory(self._run_base))
            ministack = MiniStack.start(self.run)
            starting.callback(ministack.process.stop)
            self.endpoint: AwsEndpoint = ministack.endpoint
            self._cdk = CdkCommandLine(self.run, self.endpoint)
            with self._step("bootstrap"):
                self._cdk.bootstrap()
            self._exit = starting.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._exit.close()

    def synthesise(self, context: Mapping[str, str], stacks: Sequence[str]) -> Path:
        """Run app.py with `context`, take out of `stacks` what MiniStack cannot make; return the assembly."""
        self._assemblies += 1
        assembly = self.run.path / f"assembly-{self._assemblies}"
        with self._step("synth"):
            self._cdk.synthesise(assembly, context)
        self.dropped = drop_unknown(assembly, stacks)
        for one in self.dropped:
            self._say(f"left out: {one}")
        return assembly

    def deploy(self, assembly: Path, stacks: Sequence[str]) -> None:
        """Create or update `stacks` of the cloud assembly `assembly`."""
        libraries = self.run.path / f"libraries-{self._assemblies}"
        for arn in [] if libraries.exists() else publish_layers(self.endpoint, assembly, libraries):
            self._say(f"published by us: {arn}")
        with self._step("deploy"):
            self._cdk.deploy(assembly, stacks)

    def destroy(self, assembly: Path, stacks: Sequence[str]) -> None:
        """Delete `stacks`, and those that depend on them."""
        with self._step("destroy"):
            self._cdk.destroy(assembly, stacks)

    @contextmanager
    def _step(self, name: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - began
        self._say(f"cdk {name}: {time.monotonic() - began:.1f} s")
