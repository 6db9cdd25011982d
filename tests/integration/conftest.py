"""One MiniStack, one MariaDB and one whole stack for all integration tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.local.aws_environment import AwsEndpoint
from infra.local.mariadb import MariaDb, MySqlServer, find_mysql
from infra.local.ministack import MiniStack
from infra.local.run_directory import RunDirectory
from infra.local.stack import LocalStack, StackOptions

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies here, and keep it on one worker, so that each server starts once."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.integration)
            item.add_marker(pytest.mark.xdist_group("integration"))


@pytest.fixture(scope="session")
def integration_run() -> Iterator[RunDirectory]:
    """The folder of the servers that tests share."""
    with RunDirectory() as run:
        yield run


@pytest.fixture(scope="session")
def ministack_endpoint(integration_run: RunDirectory) -> Iterator[AwsEndpoint]:
    """SQS and S3; tests make queues and buckets with names of their own."""
    ministack = MiniStack.start(integration_run)
    yield ministack.endpoint
    ministack.process.stop()


@pytest.fixture(scope="session")
def mariadb_instance(integration_run: RunDirectory) -> Iterator[MySqlServer]:
    """A private MariaDB; skips where none can be had."""
    found = find_mysql(integration_run)
    if isinstance(found, str):
        pytest.skip(found)
    assert isinstance(found, MariaDb)
    yield found.server
    found.process.stop()


@pytest.fixture
def empty_mysql(mariadb_instance: MySqlServer) -> MySqlServer:
    """The private MariaDB with no table in its database."""
    with mariadb_instance.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SHOW TABLES")
        for (name,) in cursor.fetchall():
            cursor.execute(f"DROP TABLE `{name}`")
    return mariadb_instance


@pytest.fixture(scope="session")
def local_stack() -> Iterator[LocalStack]:
    """The whole ingest half with the real functions; tests tell their records apart by device."""
    with LocalStack(StackOptions(visibility_timeout_seconds=5)) as stack:
        yield stack
