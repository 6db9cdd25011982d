"""What CDK uploads: whole, pure Python, and enough for its function to start."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest

from infra.bundles import COMPILED_SUFFIXES, ROOT, BundleError, stage_function
from infra.certificates import RDS_ROOTS_IN_BUNDLE
from infra.constructs.python_function import POWERTOOLS

LAYER_AND_RUNTIME = (
    "boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six", "pyarrow", "numpy", "numpy.libs",
)  # fmt: skip
"""What AWS's runtime and its AWSSDKPandas layer bring."""
START = """
import sys
sys.path[:0] = sys.argv[1:3]
import lambdas.lake_writer.handler as handler
import aws_lambda_powertools, contract.envelope
print(handler.__file__, aws_lambda_powertools.__file__, contract.envelope.__file__, sep="\\n")
"""


@pytest.fixture
def provided(tmp_path: Path) -> Path:
    """A folder with what a function finds beside its bundle, and nothing else."""
    folder = tmp_path / "provided"
    folder.mkdir()
    spec = importlib.util.find_spec("boto3")
    assert spec is not None
    installed = Path(str(spec.origin)).parents[1]
    for name in LAYER_AND_RUNTIME:
        for path in (installed / name, installed / f"{name}.py"):
            if path.exists():
                (folder / path.name).symlink_to(path)
    return folder


def start(bundle: Path, provided: Path) -> subprocess.CompletedProcess[str]:
    """Import the function without the environment's packages; -S keeps site-packages out, -I this folder."""
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", START, str(bundle), str(provided)],
        capture_output=True,
        text=True,
        check=False,
        env={
            "POWERTOOLS_SERVICE_NAME": "lake_writer",
            "LAKE_BUCKET": "lake",
            "AWS_DEFAULT_REGION": "eu-west-1",
        },
    )


def test_a_bundle_starts_with_what_aws_provides_and_nothing_else(tmp_path: Path, provided: Path) -> None:
    bundle = stage_function("lake_writer", libraries=POWERTOOLS, build_folder=tmp_path / "build")
    finished = start(bundle, provided)
    assert (finished.returncode, finished.stderr) == (0, "")
    places = finished.stdout.split()
    assert len(places) == 3
    assert all(Path(place).is_relative_to(bundle) for place in places)


@pytest.mark.parametrize("missing", POWERTOOLS)
def test_a_bundle_without_one_of_its_libraries_does_not_start(
    tmp_path: Path, provided: Path, missing: str
) -> None:
    libraries = [library for library in POWERTOOLS if library != missing]
    bundle = stage_function("lake_writer", libraries=libraries, build_folder=tmp_path / "build")
    finished = start(bundle, provided)
    assert f"No module named '{missing}'" in finished.stderr


def test_a_bundle_is_small_and_holds_nothing_compiled(tmp_path: Path) -> None:
    files = [path for path in stage_lake_writer(tmp_path).rglob("*") if path.is_file()]
    assert not [path for path in files if path.suffix in COMPILED_SUFFIXES]
    assert sum(path.stat().st_size for path in files) < 5_000_000


def test_compiled_code_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "installed" / "quick_counting"
    library.mkdir(parents=True)
    (library / "__init__.py").touch()
    (library / "_speedups.so").touch()
    monkeypatch.syspath_prepend(str(library.parent))
    build = tmp_path / "build"
    with pytest.raises(BundleError, match=r"holds quick_counting/_speedups.so: expected no compiled file"):
        stage_function("lake_writer", libraries=["quick_counting"], build_folder=build)
    assert list(build.iterdir()) == []


def stage_lake_writer(folder: Path) -> Path:
    return stage_function("lake_writer", libraries=POWERTOOLS, build_folder=folder)


def contents(folder: Path) -> dict[str, bytes]:
    files: Iterable[Path] = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_two_processes_may_stage_at_once(tmp_path: Path) -> None:
    """Each reads its bundle again and again while the other stages: it is whole at every moment."""
    stage_and_read = (
        "import sys; from pathlib import Path\n"
        "from infra.bundles import stage_function\n"
        "seen = set()\n"
        "for _ in range(8):\n"
        "    bundle = stage_function('lake_writer', libraries=sys.argv[2:], build_folder=Path(sys.argv[1]))\n"
        "    files = [path for path in bundle.rglob('*') if path.is_file()]\n"
        "    seen.add((bundle.name, len(files), sum(len(path.read_bytes()) for path in files)))\n"
        "(line,) = seen\n"
        "print(*line)\n"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", stage_and_read, str(tmp_path), *POWERTOOLS],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    ended = [(*process.communicate(timeout=120), process.returncode) for process in running]
    assert [(error, status) for _, error, status in ended] == [("", 0), ("", 0)]
    assert len({output for output, _, _ in ended}) == 1
    assert [path.name for path in tmp_path.iterdir()] == [ended[0][0].split()[0]]


def test_another_content_gets_another_folder(tmp_path: Path) -> None:
    first = stage_lake_writer(tmp_path)
    before = contents(first)
    second = stage_function("lake_writer", libraries=POWERTOOLS[:2], build_folder=tmp_path)
    assert second != first
    assert contents(first) == before
    assert stage_lake_writer(tmp_path) == first


def test_what_is_no_code_comes_along(tmp_path: Path) -> None:
    bundle = stage_function("migrations", libraries=(*POWERTOOLS, "pymysql"), build_folder=tmp_path)
    committed = sorted(path.name for path in (ROOT / "lambdas" / "migrations" / "sql").glob("*.sql"))
    assert sorted(path.name for path in (bundle / "lambdas" / "migrations" / "sql").iterdir()) == committed
    assert (bundle / RDS_ROOTS_IN_BUNDLE).is_file()
