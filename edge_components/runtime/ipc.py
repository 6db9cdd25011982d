"""Greengrass IPC behind one thin wrapper, for nucleus classic and lite.

The nucleus may go and come back. While it is away every call raises `IpcError` and the component works on;
the connection is made again with the same token, the subscriptions are renewed, and a change of the
configuration is announced, for one may have been missed. A nucleus that does not know the token any more has
started, or will start, another process in our place: then whoever asked by `on_refused` is told to end.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from typing import Any, Literal

from edge_components.runtime.ipc_connection import (
    IpcError,
    IpcNotFoundError,
    IpcRefusedError,
    IpcUnsupportedError,
    NucleusConnection,
)
from edge_components.runtime.lanes import Coalescer, Lane

__all__ = ["Ipc", "IpcError", "IpcNotFoundError", "IpcRefusedError", "IpcUnsupportedError", "in_greengrass"]

logger = logging.getLogger(__name__)

SOCKET_VARIABLE = "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT"
TOKEN_VARIABLE = "SVCUID"  # noqa: S105 - the name of a variable
THING_VARIABLE = "AWS_IOT_THING_NAME"
ReportedState = Literal["RUNNING", "ERRORED"]


def in_greengrass() -> bool:
    """Return whether Greengrass started this process."""
    return SOCKET_VARIABLE in os.environ and TOKEN_VARIABLE in os.environ


class Ipc:
    """What a component asks of its nucleus; methods may be called from any thread."""

    def __init__(self, socket: str, token: str, thing_name: str) -> None:
        self.thing_name = thing_name
        self._state: ReportedState | None = None
        self._refused: Callable[[str], None] = lambda _: None
        self._returns: list[Callable[[], None]] = []
        self._lanes: list[Lane | Coalescer] = []
        self._connection = NucleusConnection(socket, token, refused=self._is_refused, renewed=self._is_back)

    @classmethod
    def connect(cls) -> Ipc:
        """Connect as the environment says; raises `IpcError` outside Greengrass or when it lets nobody in."""
        for name in (SOCKET_VARIABLE, TOKEN_VARIABLE, THING_VARIABLE):
            if not os.environ.get(name):
                raise IpcError(f"{name} is not set: expected to be started by Greengrass")
        return cls(os.environ[SOCKET_VARIABLE], os.environ[TOKEN_VARIABLE], os.environ[THING_VARIABLE])

    @property
    def is_connected(self) -> bool:
        """Whether the nucleus is there now."""
        return self._connection.is_connected

    def configuration(self) -> dict[str, Any]:
        """Return this component's whole configuration, empty where it has none; raises `IpcError`."""
        try:
            answer = self._connection.ask(
                "reading the configuration", lambda client: client.get_configuration_async(key_path=[])
            )
        except IpcNotFoundError:
            return {}
        return dict(answer.value or {})

    def on_configuration_change(self, call: Callable[[], None]) -> None:
        """Call `call`, on a thread of ours, after changes: once for those that come together.

        It is called soon after this, too: a change may lie between the first reading and the subscription.
        """
        coalescer = Coalescer("configuration changes", call)
        self._lanes.append(coalescer)
        self._connection.subscribe(
            "watching the configuration",
            lambda client, on: client.subscribe_to_configuration_update_async(key_path=[], **on),
            lambda _event: coalescer.announce(),
            coalescer.announce,
        )
        coalescer.announce()

    def validate_updates(self, check: Callable[[dict[str, Any]], str | None]) -> bool:
        """Ask `check` before a deployment changes the configuration: None accepts, a sentence refuses.

        Returns False where the nucleus does not ask.
        """
        lane = self._lane("configuration validity")

        def asked(event: Any) -> None:
            offered = event.validate_configuration_update_event
            lane.submit(lambda: self._answer(offered.deployment_id, offered.configuration or {}, check))

        return self._subscribe_where_offered(
            "validating the configuration",
            lambda client, on: client.subscribe_to_validate_configuration_updates_async(**on),
            asked,
        )

    def publish(self, topic: str, payload: str | bytes) -> None:
        """Publish on an MQTT topic of AWS IoT Core, at least once; raises `IpcError`."""
        content = payload.encode("utf-8") if isinstance(payload, str) else payload
        self._connection.ask(
            f"publishing on {topic}",
            lambda client: client.publish_to_iot_core_async(topic_name=topic, qos="1", payload=content),
        )

    def subscribe(self, topic_filter: str, call: Callable[[str, bytes], None]) -> None:
        """Call `call` with topic and payload of what IoT Core sends, in order, on a thread of this filter.

        What was sent while the nucleus was away is lost (`on_return`). Raises `IpcError`, as for a topic that
        the recipe does not grant.
        """
        lane = self._lane(f"messages of {topic_filter}")

        def heard(event: Any) -> None:
            topic, payload = event.message.topic_name, bytes(event.message.payload or b"")
            lane.submit(lambda: call(topic, payload))

        self._connection.subscribe(
            f"subscribing to {topic_filter}",
            lambda client, on: client.subscribe_to_iot_core_async(topic_name=topic_filter, qos="1", **on),
            heard,
        )

    def report_state(self, state: ReportedState) -> None:
        """Tell the nucleus how this component is, and again after a reconnection; raises `IpcError`."""
        self._state = state
        self._connection.ask("reporting the state", lambda client: client.update_state_async(state=state))

    def secret(self, secret_id: str) -> str:
        """Return a secret of the secret manager component; raises `IpcError`, always on nucleus lite."""
        answer = self._connection.ask(
            f"reading secret {secret_id}", lambda client: client.get_secret_value_async(secret_id=secret_id)
        )
        value = answer.secret_value
        return str(value.secret_string or bytes(value.secret_binary or b"").decode("utf-8"))

    def on_component_update(self, call: Callable[[bool], int | None]) -> bool:
        """Ask `call` before an update of components (True: of the nucleus): milliseconds to wait or None.

        Returns False where the nucleus does not ask.
        """
        lane = self._lane("component updates")

        def asked(event: Any) -> None:
            update = event.pre_update_event
            if update is not None:
                lane.submit(lambda: self._defer(update.deployment_id, call(bool(update.is_ggc_restarting))))

        return self._subscribe_where_offered(
            "watching component updates",
            lambda client, on: client.subscribe_to_component_updates_async(**on),
            asked,
        )

    def on_refused(self, call: Callable[[str], None]) -> None:
        """Call `call` with a sentence once the nucleus no longer knows us: the process ought to end."""
        self._refused = call

    def on_return(self, call: Callable[[], None]) -> None:
        """Call `call` after each reconnection, when what was missed can be asked for."""
        self._returns.append(call)

    def close(self) -> None:
        """Close subscriptions, then the connection; waits for a few seconds at most."""
        for lane in self._lanes:
            lane.close()
        self._connection.close()

    def _lane(self, name: str) -> Lane:
        lane = Lane(name)
        self._lanes.append(lane)
        return lane

    def _subscribe_where_offered(
        self, what: str, opening: Callable[[Any, dict[str, Any]], Any], heard: Callable[[Any], None]
    ) -> bool:
        try:
            self._connection.subscribe(what, opening, heard)
        except IpcUnsupportedError as error:
            logger.info("not offered by this nucleus", extra={"operation": what, "answer": str(error)})
            return False
        return True

    def _is_refused(self, sentence: str) -> None:
        self._refused(sentence)

    def _is_back(self) -> None:
        for call in self._returns:
            call()
        if self._state is not None:
            self.report_state(self._state)

    def _answer(
        self,
        deployment: str | None,
        configuration: Mapping[str, Any],
        check: Callable[[dict[str, Any]], str | None],
    ) -> None:
        from awsiot.greengrasscoreipc.model import ConfigurationValidityReport

        try:
            sentence = check(dict(configuration))
        except Exception as error:
            logger.exception("configuration could not be checked")
            sentence = f"the configuration could not be checked: {error}"
        report = ConfigurationValidityReport(
            status="ACCEPTED" if sentence is None else "REJECTED", deployment_id=deployment, message=sentence
        )
        self._connection.ask(
            "answering whether a configuration is valid",
            lambda client: client.send_configuration_validity_report_async(
                configuration_validity_report=report
            ),
        )
        if sentence is not None:
            logger.error("configuration refused", extra={"deployment": deployment, "reason": sentence})

    def _defer(self, deployment: str | None, milliseconds: int | None) -> None:
        """Answer an update that is about to begin; 0 lets it begin."""
        self._connection.ask(
            "answering a component update",
            lambda client: client.defer_component_update_async(
                deployment_id=deployment, recheck_after_ms=milliseconds or 0
            ),
        )
