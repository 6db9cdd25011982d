"""What breaks between the loader and MySQL: answers lost, locks held, servers that refuse."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from typing import Any

import pyarrow as pa
import pymysql
import pytest

from cli.rebuild.digest import PROJECTED, digest_of
from contract.tables import ZONE_COUNTS
from lambdas.rds_loader import handler as module
from lambdas.rds_loader.loader import Loader
from lambdas.rds_loader.notifications import ObjectCreated
from lambdas.rds_loader.rows import without_repeats
from lambdas.shared.lake_parquet import decode_parquet, encode_parquet
from lambdas.shared.lake_store import LakeStore
from lambdas.shared.mysql import MAXIMUM_ATTEMPTS, Connector, Database
from lambdas.shared.settings import mysql_settings

BUCKET = "crowdlens-lake"


class CuttingProxy:
    """Stands between client and server and cuts the connection at one chosen packet of the client's."""

    def __init__(self, host: str, port: int) -> None:
        self.target = (host, port)
        self.cut_at: bytes | None = None
        self.forward_first = False
        self.cuts = 0
        self.connections = 0
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self.target)
                self.connections += 1
                self._open += [client, server]
                for work in (self._to_server, self._to_client):
                    threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                if self.cut_at is not None and self.cut_at in data:
                    self.cut_at, self.cuts = None, self.cuts + 1
                    if self.forward_first:
                        server.sendall(data)
                        # The server's answer proves that it did what was asked; nobody else hears it.
                        server.settimeout(5)
                        self._heard.wait(5)
                    break
                server.sendall(data)
        self._shut(client, server)

    def _to_client(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                if self.cuts and self.forward_first and not self._heard.is_set():
                    self._heard.set()
                    return
                client.sendall(data)
        self._shut(client, server)

    def cut(self, at: bytes, *, forward_first: bool) -> None:
        self._heard = threading.Event()
        self.forward_first = forward_first
        self.cut_at = at

    @staticmethod
    def _shut(*sockets: socket.socket) -> None:
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        for one in self._open:
            one.close()


@pytest.fixture
def proxy(lake: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[CuttingProxy]:
    """The loader's handler talks to MariaDB through this."""
    found = CuttingProxy(lake.server.host, lake.server.port)
    monkeypatch.setenv("MYSQL_PORT", str(found.port))
    module.loader.cache_clear()
    module.database.cache_clear()
    yield found
    module.loader().close()
    module.loader.cache_clear()
    module.database.cache_clear()
    found.close()


def counts(lake: Any) -> tuple[int, int]:
    ((rows,),) = lake.query("SELECT COUNT(*) FROM zone_counts")
    ((objects,),) = lake.query("SELECT COUNT(*) FROM load_ledger")
    return rows, objects


@pytest.mark.parametrize(
    ("at", "forward_first"),
    [
        pytest.param(b"INSERT INTO load_ledger", False, id="before the ledger row"),
        pytest.param(b"LOAD DATA", False, id="before the rows"),
        pytest.param(b"jetson-7:0123456789ab", False, id="while the rows stream"),
        pytest.param(b"INSERT INTO `zone_live`", True, id="after the live rows"),
        pytest.param(b"\x03COMMIT", False, id="at the commit, which never arrived"),
        pytest.param(b"\x03COMMIT", True, id="at the commit, which counted"),
    ],
)
def test_a_connection_lost_anywhere_loads_the_object_once(
    lake: Any, proxy: CuttingProxy, at: bytes, forward_first: bool, make_records: Any
) -> None:
    (key,) = lake.put(make_records(count=20))
    proxy.cut(at, forward_first=forward_first)
    assert lake.load(key) == 0
    assert proxy.cuts == 1
    assert counts(lake) == (20, 1)
    assert lake.query("SELECT rows_in_object FROM load_ledger") == [(20,)]
    assert lake.load(key) == 0
    assert counts(lake) == (20, 1)


def test_a_commit_whose_answer_was_lost_is_found_to_have_counted(
    lake: Any, proxy: CuttingProxy, make_records: Any
) -> None:
    (key,) = lake.put(make_records(count=5))
    proxy.cut(b"\x03COMMIT", forward_first=True)
    assert lake.loader.load(ObjectCreated(BUCKET, key, None)).skipped
    assert counts(lake) == (5, 1)


def test_one_environment_holds_one_connection_whatever_happens(
    lake: Any, proxy: CuttingProxy, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each execution environment has one connection: with N at once, MySQL sees at most N of ours."""
    held: list[int] = []
    open_at_once: list[int] = []
    connect, close = Connector.connect, pymysql.connections.Connection._force_close  # type: ignore[attr-defined]

    def counting_connect(self: Connector) -> Any:
        connection = connect(self)
        held.append(id(connection))
        open_at_once.append(len(held))
        return connection

    def counting_close(self: Any) -> None:
        if id(self) in held:
            held.remove(id(self))
        close(self)

    monkeypatch.setattr(Connector, "connect", counting_connect)
    monkeypatch.setattr(pymysql.connections.Connection, "_force_close", counting_close)
    hour_ago_ms = int(time.time() - 3600) * 1000
    keys = [
        lake.put(make_records(camera=f"camera-{number}", start_ms=hour_ago_ms))[0] for number in range(12)
    ]
    for number, at in enumerate([b"\x03COMMIT", b"LOAD DATA", b"SELECT", None]):
        if at is not None:
            proxy.cut(at, forward_first=False)
        assert lake.load(*keys[number * 3 : number * 3 + 3]) == 0
        module.handler({"task": "maintain"}, None)
    assert counts(lake) == (36, 12)
    assert (proxy.cuts, proxy.connections, len(open_at_once)) == (3, 4, 4)
    assert max(open_at_once) == 1


def overlapping_keys(lake: Any, make_records: Any) -> list[str]:
    """Objects that share most of their records, in every order of their rows."""
    keys = []
    for step in range(6):
        records = make_records(count=300, first_sequence=1 + 40 * step, start_ms=1_763_726_400_000 + step)
        tracks = make_records("tracks", count=200, first_sequence=1 + 30 * step)
        # What an object holds is in the order of its messages, not of its keys.
        keys += lake.put(list(reversed(records)) if step % 2 else records, tracks)
    return keys


def test_concurrent_loaders_of_the_same_records_all_get_through(lake: Any, make_records: Any) -> None:
    keys = overlapping_keys(lake, make_records)
    settings = mysql_settings(lake.server.environment())
    attempts: list[int] = []
    start = threading.Barrier(4)

    def load(number: int) -> list[Any]:
        with closing(CountingDatabase(settings, attempts)) as database:
            loader = Loader(LakeStore(BUCKET), database)
            order = keys if number % 2 else list(reversed(keys))
            start.wait(timeout=10)
            # Alone and in groups: transactions of every size meet.
            alone = [loader.load(ObjectCreated(BUCKET, key, None)) for key in order[: len(order) // 2]]
            return [*alone, *loader.load_many([ObjectCreated(BUCKET, key, None) for key in order]).values()]

    with ThreadPoolExecutor(4) as pool:
        results = [one for found in pool.map(load, range(4)) for one in found]
    assert [one.error for one in results if one.error] == []
    # Each object was loaded by exactly one of the four, however they met.
    loaded = [one.key for one in results if not one.skipped]
    assert sorted(loaded) == sorted(keys)
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(500,)]
    assert lake.query("SELECT COUNT(*) FROM tracks") == [(350,)]
    # Everybody locks in the order of the keys: they wait for each other, and hardly anybody is undone.
    assert len(attempts) <= 2 * len(results)


class CountingDatabase(Database):
    """Counts the attempts at transactions."""

    def __init__(self, settings: Any, attempts: list[int]) -> None:
        super().__init__(settings)
        self.attempts = attempts

    def run(self, work: Callable[[Any], Any]) -> Any:
        def counted(cursor: Any) -> Any:
            self.attempts.append(1)
            return work(cursor)

        return super().run(counted)


def test_a_row_locked_for_long_is_waited_for_and_tried_again(
    lake: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lambdas.shared.mysql._SESSION", ("SET SESSION innodb_lock_wait_timeout = 1",))
    (key,) = lake.put(make_records(count=3))
    holder = lake.server.connect()
    with closing(holder), holder.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM load_ledger WHERE object_key = %s FOR UPDATE", (key,))
        cursor.execute(
            "INSERT INTO load_ledger VALUES (%s, 'other', 'zone_counts', '2025-11-21', 0, 0, NOW(3), 0)",
            (key,),
        )
        release = threading.Timer(1.5, holder.rollback)
        release.start()
        assert lake.load(key) == 0
        release.join()
    assert counts(lake) == (3, 1)


MISFITS = {
    "column missing": (
        "ALTER TABLE zone_counts DROP COLUMN exits",
        "ALTER TABLE zone_counts ADD COLUMN exits BIGINT NOT NULL AFTER entries",
        "Unknown column 'exits'",
    ),
    "table missing": (
        "RENAME TABLE zone_counts TO zone_counts_away",
        "RENAME TABLE zone_counts_away TO zone_counts",
        "zone_counts' doesn't exist",
    ),
    "column too short": (
        "ALTER TABLE zone_counts MODIFY COLUMN zone VARCHAR(2) NOT NULL",
        "ALTER TABLE zone_counts MODIFY COLUMN zone VARCHAR(64) NOT NULL",
        "'zone'",
    ),
}


@pytest.fixture(params=["LOAD DATA", "INSERT"])
def either_way(request: pytest.FixtureRequest, lake: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows go by LOAD DATA LOCAL, or by INSERT as where it is off."""
    if request.param == "INSERT":
        refuse_local_rows(monkeypatch)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("misfit", MISFITS)
def test_a_schema_that_does_not_fit_says_so_and_keeps_the_message(
    lake: Any, make_records: Any, misfit: str, caplog: pytest.LogCaptureFixture
) -> None:
    change, undo, sentence = MISFITS[misfit]
    (key,) = lake.put(make_records(count=3))
    (other,) = lake.put(make_records("tracks", count=2))
    lake.query(change)
    try:
        assert lake.load_bodies(lake.notification(key), lake.notification(other)) == ["m0"]
    finally:
        lake.query(undo)
    told = [(vars(record).get("error"), vars(record).get("reason")) for record in caplog.records]
    reason = next(reason for error, reason in told if error == "SchemaMismatchError")
    assert sentence in str(reason)
    assert "expected every file of lambdas/migrations/sql to be applied" in str(reason)
    assert lake.query("SELECT COUNT(*) FROM load_ledger") == [(1,)]
    assert lake.load(key) == 0
    assert lake.query("SELECT COUNT(*) FROM zone_counts") == [(3,)]


def refuse_local_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Connector.__init__

    def without(self: Connector, settings: Any, **options: Any) -> None:
        plain(self, settings, **{**options, "local_rows": False})

    monkeypatch.setattr(Connector, "__init__", without)


def test_a_refused_load_data_is_remembered_and_the_rows_go_by_insert(
    lake: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that did not offer it is refused by the server as one with local_infile off refuses."""
    refuse_local_rows(monkeypatch)
    connection = module.loader()._database.connection()
    # The connection believes that it may: the server's refusal has to teach it.
    connection.takes_local_rows = True  # type: ignore[attr-defined]
    keys = [lake.put(make_records(count=4, camera=name))[0] for name in "ab"]
    assert lake.load(keys[0]) == 0
    assert connection.takes_local_rows is False  # type: ignore[attr-defined]
    assert lake.load(keys[1]) == 0
    assert counts(lake) == (8, 2)


AWKWARD: dict[str, list[Any]] = {
    "zone": [
        "it's",
        'a "quoted"\\',
        "tab\there",
        "line\nbreak\r",
        "\0nul\x1a",
        "\\N",
        "",
        "사람 🚶",
        " pad ",
    ],
    "occupancy_mean": [0.1 + 0.2, 1e300, 5e-324, -0.0, 1 / 3, 123456789.123456789, 1e22, -1e-7, 2.0**53 + 2],
    "entries": [2**63 - 1, -(2**63), 0, -1, 1, 10**18, 7, 8, 9],
}


@pytest.mark.usefixtures("either_way")
def test_awkward_values_arrive_to_the_last_bit(lake: Any, make_records: Any) -> None:
    (key,) = lake.put(make_records(count=9, density_per_m2=None))
    body = lake.s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    data = decode_parquet(body, ZONE_COUNTS, key)
    for name, values in AWKWARD.items():
        index = data.column_names.index(name)
        data = data.set_column(index, data.schema.field(name), pa.array(values, data.schema.field(name).type))
    lake.s3.put_object(Bucket=BUCKET, Key=key, Body=encode_parquet(data, ZONE_COUNTS))
    assert lake.load(key) == 0
    projected = next(table for table in PROJECTED if table.name == "zone_counts")
    wanted = digest_of(projected, [without_repeats(data)])
    assert lake.digests()["zone_counts"] == (wanted.rows, wanted.sha256)
    found = lake.query("SELECT zone, occupancy_mean, entries FROM zone_counts ORDER BY sequence")
    assert found == list(zip(*AWKWARD.values(), strict=True))


def test_a_group_locked_for_all_attempts_is_not_tried_one_by_one(
    lake: Any, make_records: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = [lake.put(make_records(camera=name))[0] for name in "abc"]
    attempts: list[int] = []

    def locked(*_: Any) -> Any:
        attempts.append(1)
        raise pymysql.err.OperationalError(1205, "Lock wait timeout exceeded")

    monkeypatch.setattr("lambdas.rds_loader.loader.write_group", locked)
    lake.loader._database._sleep = lambda _: None
    assert lake.load(*keys) == 3
    assert len(attempts) == MAXIMUM_ATTEMPTS


def test_a_server_that_asks_for_a_file_gets_none(lake: Any) -> None:
    """PyMySQL would send any file that the server names; the environment's credentials are in one."""
    connection = module.loader()._database.connection()
    with connection.cursor() as cursor, pytest.raises(pymysql.err.OperationalError, match="asked for a file"):
        cursor.execute("LOAD DATA LOCAL INFILE '/proc/self/environ' INTO TABLE zone_counts (record_id)")
