"""Every function's bundle, as the stacks stage it, starts with what AWS brings and nothing else."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from infra.bundles import COMPILED_SUFFIXES, stage_function
from infra.constructs.python_function import POWERTOOLS

RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six")
LAYER = ("pyarrow", "numpy", "numpy.libs")
FUNCTIONS: dict[str, tuple[tuple[str, ...], bool]] = {
    # function: libraries beside Powertools, whether it has the layer. As in infra/stacks.
    "lake_writer": ((), True),
    "compactor": ((), True),
    "reconciler": (("pymysql",), True),
    "rds_loader": (("pymysql",), True),
    "dead_letters": ((), False),
    "migrations": (("pymysql",), False),
    "database_setup": ((), False),
}
START = "import sys; sys.path[:0] = sys.argv[2:4]; import importlib; importlib.import_module(sys.argv[1])"


@pytest.fixture
def provided(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with what a function finds beside its bundle."""
    folder = tmp_path / "provided"
    folder.mkdir()
    spec = importlib.util.find_spec("boto3")
    assert spec is not None
    installed = Path(str(spec.origin)).parents[1]
    names = RUNTIME + LAYER if FUNCTIONS[request.getfixturevalue("name")][1] else RUNTIME
    for name in names:
        for path in (installed / name, installed / f"{name}.py"):
            if path.exists():
                (folder / path.name).symlink_to(path)
    return folder


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_bundle_starts_with_what_aws_provides(name: str, provided: Path, tmp_path: Path) -> None:
    libraries = (*POWERTOOLS, *FUNCTIONS[name][0])
    bundle = stage_function(name, libraries=libraries, build_folder=tmp_path / "build")
    finished = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-B",
            "-c",
            START,
            f"lambdas.{name}.handler",
            str(bundle),
            str(provided),
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"POWERTOOLS_SERVICE_NAME": name, "AWS_DEFAULT_REGION": "eu-west-1"},
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    files = [path for path in bundle.rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix in COMPILED_SUFFIXES]
    assert sum(path.stat().st_size for path in files) < 5_000_000
    assert (bundle / "lambdas" / "shared" / "rds_ca.pem").is_file()


def test_migrations_bring_their_sql(tmp_path: Path) -> None:
    bundle = stage_function("migrations", libraries=POWERTOOLS, build_folder=tmp_path)
    assert sorted((bundle / "lambdas" / "migrations" / "sql").glob("0*.sql"))
