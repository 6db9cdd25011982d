"""What `Ipc` asks of a nucleus, by the real SDK, and what becomes of its refusals."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from edge_components.runtime.ipc import Ipc, IpcError, IpcUnsupportedError
from infra.local.greengrass import IpcEndpoint, Nucleus, OperationError
from infra.local.greengrass.operations import deliver

COMPONENT = "com.crowdlens.vision"
DEADLINE_SECONDS = 60.0


@pytest.fixture(params=[pytest.param(False, id="classic"), pytest.param(True, id="lite")])
def nucleus(request: pytest.FixtureRequest) -> Nucleus:
    nucleus = Nucleus("jetson-7", is_lite=request.param)
    nucleus.install(COMPONENT, {"threads": 2})
    return nucleus


@pytest.fixture
def endpoint(nucleus: Nucleus, tmp_path: Path) -> Iterator[IpcEndpoint]:
    with IpcEndpoint(nucleus, tmp_path / "ipc") as endpoint:
        yield endpoint


@pytest.fixture
def ipc(endpoint: IpcEndpoint, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ipc]:
    for name, value in endpoint.environment(COMPONENT).items():
        monkeypatch.setenv(name, value)
    ipc = Ipc.connect()
    yield ipc
    ipc.close()


def test_configuration_comes_as_the_nucleus_has_it(ipc: Ipc, nucleus: Nucleus) -> None:
    assert ipc.configuration() == {"threads": "2" if nucleus.is_lite else 2}
    nucleus.fail("GetConfiguration", OperationError("ResourceNotFoundError", "no configuration"))
    assert ipc.configuration() == {}


def test_secrets_and_component_updates_where_the_nucleus_has_them(ipc: Ipc, nucleus: Nucleus) -> None:
    nucleus.secrets["rtsp"] = "s3cret"
    heard: list[bool] = []

    def defer(restarts: bool) -> int | None:
        heard.append(restarts)
        return 5_000

    if nucleus.is_lite:
        with pytest.raises(IpcUnsupportedError, match="reading secret rtsp is not supported or failed"):
            ipc.secret("rtsp")
        assert ipc.on_component_update(defer) is False
        return
    assert ipc.secret("rtsp") == "s3cret"
    assert ipc.on_component_update(defer) is True
    nucleus.announce_update(restarts=True)
    assert nucleus.wait_for(lambda: bool(nucleus.deferred))
    assert (heard, nucleus.deferred[0]["recheckAfterMs"]) == ([True], 5_000)


@pytest.mark.parametrize(
    ("operation", "shape", "sentence"),
    [
        pytest.param(
            "PublishToIoTCore",
            "UnauthorizedError",
            "publishing on a/b is not granted to this component: not in the recipe",
            id="publishing-not-granted",
        ),
        pytest.param(
            "PublishToIoTCore",
            "ServiceError",
            "publishing on a/b is not supported or failed: not in the recipe",
            id="no-way-to-the-cloud",
        ),
        pytest.param(
            "SubscribeToIoTCore",
            "UnauthorizedError",
            "subscribing to a/# is not granted to this component: not in the recipe",
            id="hearing-not-granted",
        ),
        pytest.param(
            "UpdateState",
            "InvalidArgumentsError",
            "reporting the state failed: not in the recipe",
            id="state",
        ),
    ],
)
def test_a_refusal_is_one_sentence(
    ipc: Ipc, nucleus: Nucleus, operation: str, shape: str, sentence: str
) -> None:
    calls = {
        "PublishToIoTCore": lambda: ipc.publish("a/b", "hello"),
        "SubscribeToIoTCore": lambda: ipc.subscribe("a/#", lambda *_: None),
        "UpdateState": lambda: ipc.report_state("RUNNING"),
    }
    nucleus.fail(operation, OperationError(shape, "not in the recipe."))
    with pytest.raises(IpcError) as raised:
        calls[operation]()
    assert str(raised.value) == sentence
    calls[operation]()


def test_a_listener_that_fails_or_dawdles_holds_up_no_other(ipc: Ipc, nucleus: Nucleus) -> None:
    let_go, heard = threading.Event(), list[bytes]()

    def dawdle(_topic: str, payload: bytes) -> None:
        if payload == b"1":
            raise ValueError("a mistake of ours")
        let_go.wait(DEADLINE_SECONDS)
        heard.append(b"slow " + payload)

    ipc.subscribe("slow", dawdle)
    ipc.subscribe("quick", lambda _, payload: (heard.append(payload), nucleus.tell_change(), None)[-1])
    for topic, payload in (("slow", b"1"), ("slow", b"2"), ("slow", b"3"), ("quick", b"4")):
        deliver(nucleus, topic, payload)
    assert nucleus.wait_for(lambda: heard == [b"4"])
    assert ipc.configuration()
    let_go.set()


def test_a_check_that_fails_refuses(ipc: Ipc, nucleus: Nucleus) -> None:
    def check(_configuration: dict[str, object]) -> str | None:
        raise ValueError("a mistake of ours")

    assert ipc.validate_updates(check) is True
    refused = nucleus.deploy(COMPONENT, {"threads": 3}, seconds=DEADLINE_SECONDS)
    assert refused == "the configuration could not be checked: a mistake of ours"


def test_while_the_nucleus_is_away_calls_say_so(nucleus: Nucleus, tmp_path: Path) -> None:
    back = threading.Event()
    with IpcEndpoint(nucleus, tmp_path / "ipc"):
        ipc = Ipc(str(tmp_path / "ipc"), nucleus.token(COMPONENT), "jetson-7")
        ipc.on_return(back.set)
    with pytest.raises(IpcError, match="publishing on a/b failed: "):
        ipc.publish("a/b", b"")
    with IpcEndpoint(nucleus, tmp_path / "ipc"):
        assert back.wait(DEADLINE_SECONDS)
        ipc.publish("a/b", b"")
        ipc.close()
    assert [one.topic for one in nucleus.mqtt] == ["a/b"]
