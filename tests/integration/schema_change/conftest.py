"""Two versions of the code side by side: this one, and a copy of it with one more column."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from contract.tables import SCHEMA_VERSION
from infra.local.mariadb import MySqlServer
from lambdas.migrations.runner import read_migrations

ROOT = Path(__file__).resolve().parents[3]
STEPS = Path(__file__).with_name("steps.py")
PACKAGES = ("contract", "edge_components", "lambdas", "athena", "quicksight", "infra", "cli")


@dataclass(frozen=True)
class Version:
    """A version of the code, and the environment its processes run in."""

    root: Path
    environment: dict[str, str]

    def run(self, *steps: tuple[str, dict[str, Any]]) -> list[Any]:
        """Run steps of steps.py in a process of this version and return their answers."""
        answers: list[Any] = json.loads(self.python(str(STEPS), json.dumps(steps)))
        return answers

    def python(self, *words: str) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            cwd=self.root,
            env={**os.environ, **self.environment, "PYTHONPATH": str(self.root)},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-3000:]
        return done.stdout


@pytest.fixture
def old(empty_mysql: MySqlServer) -> Version:
    """The code as it is."""
    return Version(ROOT, empty_mysql.environment())


@pytest.fixture(scope="module")
def upgraded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code after everything that docs/schema.md asks of whoever adds a column."""
    root = tmp_path_factory.mktemp("upgraded")
    for package in PACKAGES:
        shutil.copytree(
            ROOT / package, root / package, ignore=shutil.ignore_patterns("__pycache__", "*.onnx", "*.mp4")
        )
    add_the_column(root)
    Version(root, {}).python("-m", "athena.ddl")
    add_the_migration(root)
    missed = Version(root, {}).run(("undecided", {}))[0]
    views = {sentence.split()[1] for sentence in missed}
    assert {"occupancy_live", "zone_counts_by_hour", "zone_counts_by_minute", "density_by_hour"} <= views
    assert all("lacks column temperature_celsius of zone_counts" in sentence for sentence in missed)
    add_to_the_views(root)
    assert Version(root, {}).run(("undecided", {})) == [[]]
    add_to_the_dashboards(root)
    return root


@pytest.fixture
def new(upgraded: Path, empty_mysql: MySqlServer) -> Version:
    """The code after the column was added."""
    return Version(upgraded, empty_mysql.environment())


def edit(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before, f"{path} is no longer as this test expects it"
    path.write_text(after, encoding="utf-8")


def add_the_column(root: Path) -> None:
    """One column at the end of a table, nullable, of the next schema version."""
    column = (
        "        Column('temperature_celsius', ColumnType.REAL, 'Air at the camera', '카메라 주변 기온',\n"
        f"               unit='°C', nullable=True, added_in={SCHEMA_VERSION + 1}),\n"
    )

    def change(text: str) -> str:
        head, tail = text.split("LINE_CROSSINGS = Table(", 1)
        start, end = head.rsplit("        _SUSPECT,\n", 1)
        head = f"{start}        _SUSPECT,\n{column}{end}"
        text = f"{head}LINE_CROSSINGS = Table({tail}"
        text = text.replace(
            f"SCHEMA_VERSION = {SCHEMA_VERSION}\n", f"SCHEMA_VERSION = {SCHEMA_VERSION + 1}\n"
        )
        return text.replace(
            "from contract.columns import Column,", "from contract.columns import Column, ColumnType,"
        )

    edit(root / "contract" / "tables.py", change)


def add_the_migration(root: Path) -> None:
    """A numbered file; 0001 stays as it was applied."""
    number = max(migration.number for migration in read_migrations()) + 1
    path = root / "lambdas" / "migrations" / "sql" / f"{number:04}_temperature.sql"
    path.write_text("ALTER TABLE `zone_counts` ADD COLUMN `temperature_celsius` DOUBLE NULL;\n")


def add_to_the_views(root: Path) -> None:
    """The mean of a minute is shown; the other views of zones do without."""
    edit(
        root / "athena" / "views" / "zone_counts_by_minute.sql",
        lambda text: text.replace(
            "    sum(dwell_count) AS dwell_count,\n",
            "    sum(dwell_count) AS dwell_count,\n    avg(temperature_celsius) AS temperature_celsius,\n",
        ),
    )
    edit(
        root / "athena" / "left_out.py",
        lambda text: (
            text.replace(
                '    "occupancy_live": (\n', '    "occupancy_live": (\n        "temperature_celsius",\n'
            )
            .replace(
                '(*_NOT_IN_SUMS, "frames", "occupancy_last"),\n',
                '(*_NOT_IN_SUMS, "frames", "occupancy_last", "temperature_celsius"),\n',
            )
            .replace(
                '    "zone_counts_by_minute": _BY_TIME["zone_counts"],\n',
                '    "zone_counts_by_minute": _BY_TIME["zone_counts"][:-1],\n',
            )
        ),
    )


def add_to_the_dashboards(root: Path) -> None:
    """A data set shows what somebody chose to show: the column is named in it."""
    edit(
        root / "quicksight" / "data_sets" / "live.py",
        lambda text: text.replace(
            '        integer("entries", ',
            '        decimal("temperature_celsius", "Air at the camera, °C", "카메라 주변 기온, °C"),\n'
            '        integer("entries", ', 1,
        ),
    )  # fmt: skip
