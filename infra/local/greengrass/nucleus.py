"""What a nucleus knows of its components, and what a test may make it do."""

from __future__ import annotations

import secrets
import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from infra.local.greengrass import configuration as trees
from infra.local.greengrass.shadows import Shadow
from infra.local.greengrass.topics import matches

NOT_IN_LITE = frozenset(("SubscribeToComponentUpdates", "DeferComponentUpdate", "GetSecretValue"))
"""What nucleus lite answers with a ServiceError."""


class OperationError(Exception):
    """An error of the service model, by the name of its shape (``ResourceNotFoundError``)."""

    def __init__(self, shape: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.shape = shape
        self.details = details


class EventStream(Protocol):
    """Where events of a subscription go."""

    def send(self, shape: str, document: dict[str, Any]) -> None:
        """Send one event of the model's `shape`."""

    def at_close(self, call: Callable[[], None]) -> None:
        """Call `call` once the stream ends."""


@dataclass(frozen=True)
class Publication:
    """One message on a topic, local or in IoT Core."""

    component: str
    topic: str
    payload: bytes
    qos: str | None = None


@dataclass
class _Subscription:
    component: str
    topic: str
    stream: EventStream


class Nucleus:
    """State behind the IPC socket, and the hands of those who deploy; methods may be called from any thread.

    `is_lite` answers as nucleus lite does: numbers as text, and no component updates or secrets. Only where
    `enforces_grants` is set are topics held to what the component's configuration grants.
    """

    def __init__(self, thing_name: str, *, is_lite: bool = False) -> None:
        self.thing_name = thing_name
        self.is_lite = is_lite
        self.enforces_grants = False
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.configurations: dict[str, Any] = {}
        self.versions: dict[str, str] = {}
        self.states: dict[str, list[str]] = defaultdict(list)
        self.published: list[Publication] = []
        self.mqtt: list[Publication] = []
        self.shadows: dict[tuple[str, str], Shadow] = defaultdict(Shadow)
        self.secrets: dict[str, str] = {}
        self.deferred: list[dict[str, Any]] = []
        self.calls: list[tuple[str, str]] = []
        self._tokens: dict[str, str] = {}
        self._failures: dict[str, list[OperationError]] = defaultdict(list)
        self._topics: dict[str, list[_Subscription]] = {"local": [], "mqtt": []}
        self._configuration_streams: list[tuple[str, tuple[str, ...], EventStream]] = []
        self._validators: dict[str, EventStream] = {}
        self._reports: dict[str, tuple[str, str]] = {}
        self._update_streams: list[EventStream] = []

    # Components

    def install(self, component: str, configuration: Mapping[str, Any], version: str = "1.0.0") -> None:
        """Make `component` known with its default configuration."""
        with self.changed:
            self.configurations[component] = dict(configuration)
            self.versions[component] = version
            self._tokens[component] = secrets.token_hex(8)

    def token(self, component: str) -> str:
        """Return the token that `component` signs in with."""
        return self._tokens[component]

    def component_of(self, token: str) -> str | None:
        """Return whose token this is, None for nobody's."""
        with self.lock:
            return next((name for name, own in self._tokens.items() if own == token), None)

    def called(self, component: str, operation: str) -> None:
        """Note a call; raises the `OperationError` that `fail` planned, or that of nucleus lite."""
        with self.changed:
            self.calls.append((component, operation))
            self.changed.notify_all()
            if self._failures[operation]:
                raise self._failures[operation].pop(0)
        if self.is_lite and operation in NOT_IN_LITE:
            raise OperationError("ServiceError", f"{operation} is not supported")

    def fail(self, operation: str, error: OperationError, *, times: int = 1) -> None:
        """Answer the next `times` calls of `operation` with `error`."""
        with self.lock:
            self._failures[operation] += [error] * times

    def wait_for(self, condition: Callable[[], bool], *, seconds: float = 60.0) -> bool:
        """Wait until `condition` holds, looked at after each change; False when `seconds` pass first."""
        with self.changed:
            return self.changed.wait_for(condition, timeout=seconds)

    def tell_change(self) -> None:
        """Let those who wait look again."""
        with self.changed:
            self.changed.notify_all()

    def report_state(self, component: str, state: str) -> None:
        """Keep a state that a component reports."""
        with self.changed:
            self.states[component].append(state)
            self.changed.notify_all()

    # Configuration

    def configuration(self, component: str, path: Sequence[str] = ()) -> Any:
        """Return what `component` reads at `path`; raises `OperationError` when there is nothing."""
        with self.lock:
            try:
                found = trees.at_path(self.configurations.get(component), path)
            except trees.NoSuchKeyError:
                raise OperationError("ResourceNotFoundError", f"no key {'/'.join(path)}") from None
        return trees.as_strings(found) if self.is_lite else found

    def merge(self, component: str, path: Sequence[str], value: Any) -> None:
        """Merge `value` in at `path` and tell who subscribed to what changed."""
        with self.changed:
            old = self.configurations[component]
            new = trees.merged(old, trees.wrapped(path, value))
            self.configurations[component] = new
            changes = trees.changed_paths(old, new)
            told = [
                (stream, list(change))
                for owner, watched, stream in self._configuration_streams
                if owner == component
                for change in changes[:1]
                if any(change_touches(watched, each) for each in changes)
            ]
            self.changed.notify_all()
        for stream, change in told:
            event = {"componentName": component, "keyPath": change}
            stream.send("ConfigurationUpdateEvents", {"configurationUpdateEvent": event})

    def deploy(self, component: str, change: Mapping[str, Any], *, seconds: float = 20.0) -> str | None:
        """Offer a change as a deployment does; returns the component's objection, None once it is merged."""
        deployment = str(uuid.uuid4())
        with self.lock:
            validator = self._validators.get(component)
            offered = trees.merged(self.configurations[component], change)
        if validator is not None:
            shown = trees.as_strings(offered) if self.is_lite else offered
            event = {"configuration": shown, "deploymentId": deployment}
            validator.send("ValidateConfigurationUpdateEvents", {"validateConfigurationUpdateEvent": event})
            if not self.wait_for(lambda: deployment in self._reports, seconds=seconds):
                return f"no answer within {seconds:g} s"
            status, message = self._reports[deployment]
            if status != "ACCEPTED":
                return message or status
        self.merge(component, (), change)
        return None

    def watch_configuration(self, component: str, path: Sequence[str], stream: EventStream) -> None:
        """Tell `stream` of changes at or below `path`."""
        entry = (component, tuple(path), stream)
        with self.lock:
            self._configuration_streams.append(entry)
        stream.at_close(lambda: self._configuration_streams.remove(entry))

    def validate_by(self, component: str, stream: EventStream) -> None:
        """Ask `stream` before a change is merged."""
        with self.changed:
            self._validators[component] = stream
            self.changed.notify_all()
        stream.at_close(lambda: self._stop_validating(component))

    def _stop_validating(self, component: str) -> None:
        self._validators.pop(component, None)

    def keep_report(self, deployment: str, status: str, message: str) -> None:
        """Keep what a component answered to a change."""
        with self.changed:
            self._reports[deployment] = (status, message)
            self.changed.notify_all()

    # Topics

    def subscribe(self, kind: str, component: str, topic: str, stream: EventStream) -> None:
        """Send what is published under the filter `topic` to `stream`; `kind` is local or mqtt."""
        entry = _Subscription(component, topic, stream)
        with self.changed:
            self._topics[kind].append(entry)
            self.changed.notify_all()
        stream.at_close(lambda: self._topics[kind].remove(entry))

    def is_subscribed(self, kind: str, topic: str) -> bool:
        """Return whether anyone listens to `topic`."""
        with self.lock:
            return any(matches(one.topic, topic) for one in self._topics[kind])

    def listeners(self, kind: str, topic: str) -> list[EventStream]:
        """Return where a message on `topic` goes."""
        with self.lock:
            return [one.stream for one in self._topics[kind] if matches(one.topic, topic)]

    def note(self, kind: str, publication: Publication) -> None:
        """Remember a message that a component published."""
        with self.changed:
            (self.mqtt if kind == "mqtt" else self.published).append(publication)
            self.changed.notify_all()

    # Component updates

    def update_by(self, stream: EventStream) -> None:
        """Tell `stream` before components are updated."""
        with self.changed:
            self._update_streams.append(stream)
            self.changed.notify_all()
        stream.at_close(lambda: self._update_streams.remove(stream))

    def announce_update(self, *, restarts: bool = False) -> str:
        """Tell components that an update is about to begin; returns its deployment id."""
        deployment = str(uuid.uuid4())
        event = {"preUpdateEvent": {"deploymentId": deployment, "isGgcRestarting": restarts}}
        with self.lock:
            streams = list(self._update_streams)
        for stream in streams:
            stream.send("ComponentUpdatePolicyEvents", event)
        return deployment

    def defer(self, answer: dict[str, Any]) -> None:
        """Keep what a component answered to `announce_update`."""
        with self.changed:
            self.deferred.append(answer)
            self.changed.notify_all()


def change_touches(watched: Sequence[str], change: Sequence[str]) -> bool:
    """Return whether a change at one path is at, below or above another."""
    length = min(len(watched), len(change))
    return tuple(watched[:length]) == tuple(change[:length])
