"""A private MariaDB that is killed and started again has what was committed, at the same address."""

from __future__ import annotations

import pytest

from infra.local.mariadb import MariaDb, find_mysql, restart_mariadb
from infra.local.run_directory import RunDirectory
from tests.chaos.real.stack import kill_outright


def test_a_killed_database_comes_back_with_what_was_committed():
    with RunDirectory() as run:
        found = find_mysql(run)
        if isinstance(found, str):
            pytest.skip(found)
        assert isinstance(found, MariaDb)
        with found.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("CREATE TABLE kept (number INT PRIMARY KEY) ENGINE=InnoDB")
            cursor.execute("INSERT INTO kept VALUES (1)")
            connection.commit()
            cursor.execute("INSERT INTO kept VALUES (2)")
            assert kill_outright(found.process)
        found.process.stop()
        again = restart_mariadb(run, found.server)
        try:
            with found.server.connect() as connection, connection.cursor() as cursor:
                cursor.execute("SELECT number FROM kept")
                assert cursor.fetchall() == ((1,),)
        finally:
            again.stop()
