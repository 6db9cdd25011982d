"""``python -m tests.functional.runtime.echo_component``: the smallest component there can be."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from edge_components.runtime.component import ComponentContext, run_component
from edge_components.runtime.component_config import Fields


@dataclass(frozen=True)
class EchoSettings:
    threshold: float
    threads: int
    hangs: bool


class Echo:
    """Publishes its settings, echoes what it hears; `threads` cannot change live, 13 breaks it."""

    name = "echo"

    def settings(self, configuration: Mapping[str, Any]) -> EchoSettings:
        fields = Fields(configuration)
        fields.check_known(["threshold", "threads", "hangs"])
        return EchoSettings(
            fields.real("threshold", minimum=0, maximum=1),
            fields.integer("threads", 1, minimum=1, maximum=13),
            fields.boolean("hangs", False),
        )

    def start(self, settings: EchoSettings, context: ComponentContext) -> None:
        self.context, self.now = context, settings
        context.status.report("running")
        self._tell("start")
        if settings.threads == 13:
            context.fail("thirteen threads bring bad luck")
        if context.ipc is not None:
            context.ipc.subscribe("to/jetson-7/#", self._echo)

    def apply(self, settings: EchoSettings) -> bool:
        if settings.threads != self.now.threads:
            return False
        self.now = settings
        self._tell("apply")
        return True

    def stop(self) -> None:
        if self.now.hangs:
            time.sleep(600)
        self._tell("stop")

    def _tell(self, what: str) -> None:
        self.context.status.set_details(threshold=self.now.threshold, threads=self.now.threads)
        if self.context.ipc is not None and self.context.ipc.is_connected:
            self.context.ipc.publish("from/echo", f"{what} {self.now.threshold} {self.now.threads}")

    def _echo(self, topic: str, payload: bytes) -> None:
        assert self.context.ipc is not None
        self.context.ipc.publish("from/echo", topic.encode() + b" " + payload)


if __name__ == "__main__":
    sys.exit(run_component(Echo()))
