"""A process's life around changes of its configuration: taken, refused, failed, and a fresh process."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from contract.errors import CrowdLensError
from edge_components.runtime import component as runtime_component
from edge_components.runtime.component import ComponentContext, run_component
from edge_components.runtime.component_config import ComponentConfigError, Fields
from edge_components.runtime.device_folders import DeviceFolders
from edge_components.runtime.ipc import Ipc
from edge_components.runtime.last_good import STARTS_REFUSED
from edge_components.runtime.status import read_status

PATIENCE_SECONDS = 60.0


class EndedError(Exception):
    """The process would be gone here."""


class FakeNucleus:
    """A nucleus in memory, which hands a configuration out and announces changes of it."""

    thing_name = "jetson-7"

    def __init__(self, configuration: dict[str, Any]) -> None:
        self.configuration_now = configuration
        self.changed: Callable[[], None] = lambda: None
        self.listens = threading.Event()

    def configuration(self) -> dict[str, Any]:
        return dict(self.configuration_now)

    def on_configuration_change(self, call: Callable[[], None]) -> None:
        """As the real one does: called soon, too."""
        self.changed = call
        call()

    def change(self, **values: Any) -> None:
        self.configuration_now = {**self.configuration_now, **values}
        self.changed()

    def validate_updates(self, check: object) -> bool:
        return check is not None

    def on_refused(self, call: Callable[[str], None]) -> None:
        self.refused = call

    def report_state(self, state: str) -> None:
        self.state = state
        self.listens.set()

    def close(self) -> None:
        self.changed = lambda: None
        self.listens.clear()


class Worker:
    """Works at a level; 13 cannot be started with, 14 not be changed to, 15 neither; `size` not live."""

    name = "worker"

    def __init__(
        self, nucleus: FakeNucleus, during: Callable[[], None], *, hangs: threading.Event | None = None
    ) -> None:
        self.nucleus, self.during, self.hangs = nucleus, during, hangs
        self.levels: list[int] = []

    def settings(self, configuration: Mapping[str, Any]) -> tuple[int, int]:
        fields = Fields(configuration)
        return fields.integer("level", minimum=0, maximum=99), fields.integer("size", 1, minimum=1)

    def start(self, settings: tuple[int, int], context: ComponentContext) -> None:
        if settings[0] in (13, 15):
            raise ComponentConfigError(f"level {settings[0]} cannot be worked at")
        self.context, self.size = context, settings[1]
        self.levels.append(settings[0])
        threading.Thread(target=self._during, daemon=True).start()

    def apply(self, settings: tuple[int, int]) -> bool:
        if settings[0] in (14, 15):
            raise ComponentConfigError(f"level {settings[0]} cannot be worked at")
        if settings[1] != self.size:
            return False
        self.levels.append(settings[0])
        return True

    def stop(self) -> None:
        if self.hangs is not None:
            self.hangs.wait(PATIENCE_SECONDS)

    def _during(self) -> None:
        assert self.nucleus.listens.wait(PATIENCE_SECONDS)
        self.during()
        self.context.stop.set()


class Site:
    """A device's folders and its nucleus; each `run` is a process."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folders = DeviceFolders.below(folder)
        self.nucleus = FakeNucleus({"level": 5})
        self.ends: list[str] = []
        monkeypatch.setattr(Ipc, "connect", lambda: self.nucleus)

    def run(
        self, during: Callable[[], None] = lambda: None, hangs: threading.Event | None = None
    ) -> list[int]:
        """Return the levels that a process worked at until it ended; how it did is in `ends`."""
        worker = Worker(self.nucleus, during, hangs=hangs)
        try:
            status = run_component(worker, folders=self.folders, restart=self._restart, end_now=self._end_now)
            self.ends.append(f"status {status}")
        except EndedError as error:
            self.ends.append(str(error))
        return worker.levels

    @property
    def problem(self) -> str | None:
        status = read_status(self.folders.status / "worker.json")
        assert status is not None
        return status.details.get("configuration_problem")

    def kept(self) -> dict[str, Any]:
        document = json.loads((self.folders.configurations / "worker.json").read_bytes())
        return dict(document["configuration"])

    def _restart(self) -> None:
        raise EndedError("fresh process")

    def _end_now(self, status: int) -> None:
        raise EndedError(f"ended with {status}")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(tmp_path, monkeypatch)


@pytest.fixture
def hangs(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(runtime_component, "STOP_SECONDS", 0.1)
    event = threading.Event()
    yield event
    event.set()


def test_work_that_hangs_holds_up_no_fresh_process(site: Site, hangs: threading.Event) -> None:
    """A nucleus calls a component that ends with status 0 finished, and starts it never again."""
    assert site.run(lambda: site.nucleus.change(size=2), hangs) == [5]
    assert site.ends == ["fresh process"]


def test_where_no_fresh_process_can_be_made_the_nucleus_makes_one(
    site: Site, hangs: threading.Event, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> None:
        raise OSError("no program")

    monkeypatch.setattr(site, "_restart", fails)
    site.run(lambda: site.nucleus.change(size=2), hangs)
    hangs.set()
    site.run(lambda: site.nucleus.change(size=3))
    assert site.ends == ["ended with 1", "status 1"]


def test_work_that_hangs_is_left_at_the_end(site: Site, hangs: threading.Event) -> None:
    site.run(hangs=hangs)
    assert site.ends == ["ended with 0"]


def test_what_was_refused_while_running_does_not_come_into_force_by_a_restart(site: Site) -> None:
    assert site.run(lambda: site.nucleus.change(level=15)) == [5]
    assert site.run() == [5]
    assert site.problem == "refused, the one before stays: level 15 cannot be worked at"
    assert site.kept() == {"level": 5}
    site.nucleus.configuration_now = {"level": 6}
    assert site.run()[0] == 6
    assert site.problem is None


def test_what_was_refused_is_taken_once_it_can_be(site: Site) -> None:
    """A model that was not there when it was asked for may have come since."""
    site.run(lambda: site.nucleus.change(level=14))
    assert site.problem is not None
    assert site.run(lambda: site.nucleus.change(level=7)) == [5, 7]
    assert site.problem is None


def test_a_change_that_cannot_be_started_with_gives_way_at_once(site: Site) -> None:
    """Its deployment has ended: nobody rolls it back, and three failures would be the end."""
    site.run(lambda: site.nucleus.change(level=13, size=2))
    assert site.run() == []
    assert site.ends == ["fresh process", "fresh process"]
    assert site.run() == [5]
    assert site.ends[-1] == "status 0"
    assert site.problem == "refused, the one before stays: level 13 cannot be worked at"


def test_a_deployment_that_cannot_be_started_with_fails_before_it_gives_way(site: Site) -> None:
    site.run()
    site.nucleus.configuration_now = {"level": 13}
    for _ in range(STARTS_REFUSED):
        assert site.run() == []
    assert site.ends[1:] == ["status 2"] * STARTS_REFUSED
    site.run()
    assert site.ends[-1] == "fresh process"
    assert site.run()[0] == 5


def test_the_first_configuration_of_all_has_nothing_to_give_way_to(site: Site) -> None:
    site.nucleus.configuration_now = {"level": 13}
    for _ in range(STARTS_REFUSED + 2):
        site.run()
    assert set(site.ends) == {"status 2"}


def test_a_failure_is_told_to_the_nucleus_rather_than_restarted_from(site: Site) -> None:
    def both() -> None:
        site.nucleus.refused("nobody knows us")
        site.nucleus.change(size=2)

    site.run(both)
    assert site.ends == ["status 1"]
    assert site.nucleus.state == "ERRORED"


def test_errors_of_a_start_are_told_in_a_sentence(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.nucleus.configuration_now = {"level": 13}
    site.run()
    assert capsys.readouterr().err.splitlines()[-1] == "worker: level 13 cannot be worked at"
    assert issubclass(ComponentConfigError, CrowdLensError)


def test_what_a_person_typed_is_never_replaced_by_what_was_typed_before(tmp_path: Path) -> None:
    folders = DeviceFolders.below(tmp_path)

    class Typed(Worker):
        def start(self, settings: tuple[int, int], context: ComponentContext) -> None:
            context.stop.set()

        def stop(self) -> None:
            pass

    def start(level: int) -> int:
        return run_component(
            Typed(FakeNucleus({}), lambda: None), configuration={"level": level}, folders=folders
        )

    assert start(5) == 0
    assert [start(-1) for _ in range(STARTS_REFUSED + 2)] == [2] * (STARTS_REFUSED + 2)
