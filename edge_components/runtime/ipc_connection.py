"""The connection behind `edge_components.runtime.ipc`: asked, subscribed by, lost and made again."""

from __future__ import annotations

import concurrent.futures
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from contract.errors import CrowdLensError

if TYPE_CHECKING:
    from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2 as Client

logger = logging.getLogger(__name__)

ANSWER_SECONDS = 10.0
"""The nucleus answers in milliseconds; one that hangs must not hang us."""
_CLOSE_SECONDS = 1.0
_FIRST_BACK_OFF_SECONDS, _LONGEST_BACK_OFF_SECONDS = 0.5, 15.0
_RENEWALS = 5
"""So many new connections on which a subscription fails are given up for the next one.

After these the rest goes on with what works, and the subscription is tried again every now and then.
"""
_AGAIN_SECONDS = 15.0
_REFUSALS = 4
"""So many connections in a row that are closed at once are no nucleus about to end."""
_CLOSED = "AWS_IO_SOCKET_CLOSED"
_REFUSAL = "Greengrass lets nobody in with the token in SVCUID: expected that of this run of the component"

Started = Callable[["Client"], "concurrent.futures.Future[Any]"]
Opening = Callable[["Client", dict[str, Any]], "tuple[concurrent.futures.Future[Any], Any]"]


class IpcError(CrowdLensError):
    """Raised when the nucleus did not do what it was asked for; the text says what and why."""


class IpcUnsupportedError(IpcError):
    """Raised for the nucleus's ServiceError: nucleus lite does not know the operation, or it failed there."""


class IpcNotFoundError(IpcError):
    """Raised for something that the nucleus does not have."""


class IpcRefusedError(IpcError):
    """Raised when the nucleus lets nobody in with our token.

    `is_certain` is False where it only closed the connection: the SDK may hear that before the nucleus's no,
    and a nucleus that ends does it, too.
    """

    def __init__(self, sentence: str, *, is_certain: bool) -> None:
        super().__init__(sentence)
        self.is_certain = is_certain


class _Subscription:
    """One stream of events; it is opened again on every new connection."""

    def __init__(
        self, what: str, opening: Opening, heard: Callable[[Any], None], renewed: Callable[[], None] | None
    ) -> None:
        self.what = what
        self.renewed = renewed
        self._opening, self._heard = opening, heard
        self._operation: Any = None

    def open(self, client: Client, ended: Callable[[str], None]) -> None:
        """Open it; `ended` hears when it closes and nobody of ours closed it. Raises `IpcError`."""
        operation: list[Any] = []

        def closed() -> None:
            if operation and self._operation is operation[0]:
                ended(self.what)

        on = {"on_stream_event": self._heard, "on_stream_error": self._fault, "on_stream_closed": closed}
        with told_as(self.what):
            future, opened = self._opening(client, on)
            operation.append(opened)
            future.result(ANSWER_SECONDS)
        self._operation = opened

    @property
    def is_open(self) -> bool:
        """Whether events come."""
        return self._operation is not None

    def close(self) -> None:
        operation, self._operation = self._operation, None
        if operation is not None:
            _wait_quietly(operation.close())

    def forget(self) -> None:
        """Take no notice of its end: the connection is gone."""
        self._operation = None

    def _fault(self, error: Exception) -> bool:
        logger.warning("message of the nucleus not understood", extra={"of": self.what, "error": str(error)})
        return False


class NucleusConnection:
    """Connected once made (raises `IpcError`), and again whenever it breaks; for use from any thread.

    `refused` hears, with a sentence, that the nucleus no longer knows the token; `renewed`, that it is back.
    """

    def __init__(
        self, socket: str, token: str, *, refused: Callable[[str], None], renewed: Callable[[], None]
    ) -> None:
        self._socket, self._token = socket, token
        self._refused, self._renewed = refused, renewed
        self._lock = threading.RLock()
        self._subscriptions: list[_Subscription] = []
        self._lost, self._closed = threading.Event(), threading.Event()
        self._handler: Any = None
        self._client: Client | None = self._open()
        threading.Thread(target=self._stay_connected, name="ipc", daemon=True).start()

    @property
    def is_connected(self) -> bool:
        """Whether the nucleus is there now."""
        return self._client is not None

    def ask(self, what: str, start: Started) -> Any:
        """Return the answer of one operation; raises `IpcError`."""
        with told_as(what):
            return start(self._present(what)).result(ANSWER_SECONDS)

    def subscribe(
        self,
        what: str,
        opening: Opening,
        heard: Callable[[Any], None],
        renewed: Callable[[], None] | None = None,
    ) -> None:
        """Let `heard` (quick, on the network's thread) have all events, now and after each reconnection.

        `renewed` is called after each of these. Raises `IpcError`.
        """
        subscription = _Subscription(what, opening, heard, renewed)
        with self._lock:
            subscription.open(self._present(what), self._ended)
            self._subscriptions.append(subscription)

    def close(self) -> None:
        """Close subscriptions, then the connection; waits for a few seconds at most."""
        self._closed.set()
        self._lost.set()
        with self._lock:
            client, self._client = self._client, None
            for subscription in self._subscriptions:
                subscription.close()
        if client is not None:
            _wait_quietly(client.close())

    def _present(self, what: str) -> Client:
        client = self._client
        if client is None:
            raise IpcError(f"{what} failed: Greengrass is not connected")
        return client

    def _ended(self, what: str) -> None:
        """Treat a subscription that ends alone as a lost connection: both are made anew."""
        if not self._closed.is_set() and not self._lost.is_set():
            logger.info("subscription ended", extra={"operation": what})
            self._lost.set()

    def _disconnected(self, handler: object, reason: BaseException | None) -> None:
        """Note the end of this connection; one that was replaced may end later."""
        if self._handler is handler and not self._closed.is_set():
            logger.warning("Greengrass went away; working on", extra={"reason": str(reason)})
            self._lost.set()

    def _open(self) -> Client:
        from awscrt.exceptions import AwsCrtError
        from awsiot.eventstreamrpc import AccessDeniedError, LifecycleHandler
        from awsiot.greengrasscoreipc import connect
        from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

        handler = self._handler = LifecycleHandler()
        handler.on_disconnect = lambda reason: self._disconnected(handler, reason)
        try:
            client = connect(ipc_socket=self._socket, authtoken=self._token, lifecycle_handler=handler)
        except AccessDeniedError as error:
            raise IpcRefusedError(_REFUSAL, is_certain=True) from error
        except AwsCrtError as error:
            if error.name == _CLOSED:
                raise IpcRefusedError(_REFUSAL, is_certain=False) from error
            raise self._unreachable(error) from error
        except (OSError, RuntimeError, concurrent.futures.TimeoutError) as error:
            raise self._unreachable(error) from error
        return GreengrassCoreIPCClientV2(client=client, executor=None)

    def _unreachable(self, error: BaseException) -> IpcError:
        reason = _reason(error)
        return IpcError(f"Greengrass cannot be reached at {self._socket} ({reason}): expected its socket")

    def _stay_connected(self) -> None:
        while True:
            is_lost = self._lost.wait(None if self._all_open() else _AGAIN_SECONDS)
            if self._closed.is_set():
                return
            if not is_lost:
                self._open_the_rest()
                continue
            self._drop()
            try:
                self._reconnect()
            except IpcRefusedError as error:
                self._refused(str(error))
                return

    def _all_open(self) -> bool:
        with self._lock:
            return all(subscription.is_open for subscription in self._subscriptions)

    def _open_the_rest(self) -> None:
        """Try the subscriptions again that failed on a connection which works."""
        with self._lock:
            client = self._client
            if client is None or self._closed.is_set():
                return
            missing = [subscription for subscription in self._subscriptions if not subscription.is_open]
            opened = [self._opened_again(subscription, client) for subscription in missing]
        if any(opened):
            self._after_renewal()

    def _drop(self) -> None:
        with self._lock:
            client, self._client = self._client, None
            for subscription in self._subscriptions:
                subscription.forget()
        if client is not None:
            _wait_quietly(client.close())

    def _reconnect(self) -> None:
        """Try until it works or we close; raises `IpcRefusedError`."""
        back_off_seconds, attempts, refusals, connections = _FIRST_BACK_OFF_SECONDS, 0, 0, 0
        while not self._closed.wait(back_off_seconds):
            back_off_seconds = min(2 * back_off_seconds, _LONGEST_BACK_OFF_SECONDS)
            attempts += 1
            self._lost.clear()
            try:
                client = self._open()
            except IpcRefusedError as error:
                refusals += 1
                if error.is_certain or refusals >= _REFUSALS:
                    raise
                continue
            except IpcError:
                refusals = 0
                continue
            connections += 1
            if self._take_up(client) or connections >= _RENEWALS:
                break
            self._drop()
        if not self._closed.is_set():
            logger.info("Greengrass is back", extra={"attempts": attempts})
            self._after_renewal()

    def _take_up(self, client: Client) -> bool:
        """Use `client` and open the subscriptions on it; return whether all of them opened."""
        with self._lock:
            if self._closed.is_set():
                _wait_quietly(client.close())
                return True
            self._client = client
            opened = [self._opened_again(subscription, client) for subscription in self._subscriptions]
        return all(opened)

    def _opened_again(self, subscription: _Subscription, client: Client) -> bool:
        try:
            subscription.open(client, self._ended)
        except IpcError as error:
            logger.warning("subscription not renewed", extra={"error": str(error)})
            return False
        return True

    def _after_renewal(self) -> None:
        for call in [self._renewed, *(one.renewed for one in self._subscriptions if one.renewed)]:
            try:
                call()
            except IpcError as error:
                logger.warning("not told after a reconnection", extra={"error": str(error)})


@contextmanager
def told_as(what: str) -> Iterator[None]:
    """Turn whatever the SDK raises inside into an `IpcError` that says `what` failed."""
    from awscrt.exceptions import AwsCrtError
    from awsiot.greengrasscoreipc import model

    try:
        yield
    except model.ServiceError as error:
        raise IpcUnsupportedError(f"{what} is not supported or failed: {_reason(error)}") from error
    except model.ResourceNotFoundError as error:
        raise IpcNotFoundError(f"{what} failed: {_reason(error)}") from error
    except model.UnauthorizedError as error:
        raise IpcError(f"{what} is not granted to this component: {_reason(error)}") from error
    except concurrent.futures.TimeoutError as error:
        raise IpcError(f"{what} failed: Greengrass did not answer within {ANSWER_SECONDS:g} s") from error
    except (AwsCrtError, RuntimeError) as error:
        raise IpcError(f"{what} failed: {_reason(error)}") from error


def _reason(error: BaseException) -> str:
    message = getattr(error, "message", None)
    return str(message or error or type(error).__name__).rstrip(".")


def _wait_quietly(future: concurrent.futures.Future[Any]) -> None:
    with suppress(Exception):
        future.result(_CLOSE_SECONDS)
