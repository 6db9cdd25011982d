"""Every function starts from the very bundle that CDK would upload, with what AWS provides."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.bundles import COMPILED_SUFFIXES, ROOT

pytestmark = pytest.mark.xdist_group("synth")
Templates = dict[str, dict[str, Any]]
FUNCTIONS = sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py"))
RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six")
"""What Lambda's Python runtime brings of boto3."""
LAYER = ("pyarrow", "numpy", "numpy.libs")
"""What the functions use of the AWSSDKPandas layer."""
LARGEST_BYTES = 5_000_000
START = """
import importlib, sys
sys.path[:0] = sys.argv[1:3]
module, _, name = sys.argv[3].rpartition(".")
found = importlib.import_module(module)
assert callable(getattr(found, name)), f"{name} is not callable"
print(found.__file__)
"""


def function_of(templates: Templates, name: str) -> dict[str, Any]:
    """Return the properties of the one Lambda function that runs `lambdas/<name>`."""
    (found,) = (
        resource["Properties"]
        for template in templates.values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::Lambda::Function"
        and str(resource["Properties"].get("Handler", "")).startswith(f"lambdas.{name}.")
    )
    return dict(found)


@pytest.fixture(scope="session")
def prod(synthesise: Callable[[str], Templates]) -> Templates:
    """The stage that has every stack."""
    return synthesise("prod")


@pytest.fixture
def bundle(prod: Templates, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return a function from a function's name to the folder that CDK would zip for it."""

    def of(name: str) -> Path:
        key = function_of(prod, name)["Code"]["S3Key"]
        return next(tmp_path_factory.getbasetemp().glob(f"*/asset.{Path(key).stem}"))

    return of


def provide(folder: Path, names: tuple[str, ...]) -> Path:
    folder.mkdir()
    spec = importlib.util.find_spec("boto3")
    assert spec is not None
    installed = Path(str(spec.origin)).parents[1]
    for name in names:
        for path in (installed / name, installed / f"{name}.py"):
            if path.exists():
                (folder / path.name).symlink_to(path)
    return folder


def start(bundle: Path, provided: Path, properties: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Import the handler without the environment's packages; -S keeps site-packages out, -I this folder."""
    variables = properties.get("Environment", {}).get("Variables", {})
    known = {name: value if isinstance(value, str) else "of-the-account" for name, value in variables.items()}
    return subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", START, str(bundle), str(provided), properties["Handler"]],
        capture_output=True,
        text=True,
        check=False,
        env={**known, "AWS_DEFAULT_REGION": "eu-west-1", "AWS_REGION": "eu-west-1"},
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_starts_with_what_aws_provides_and_nothing_else(
    name: str, prod: Templates, bundle: Callable[[str], Path], tmp_path: Path
) -> None:
    properties = function_of(prod, name)
    provided = provide(tmp_path / "provided", RUNTIME + (LAYER if properties.get("Layers") else ()))
    finished = start(bundle(name), provided, properties)
    assert (finished.returncode, finished.stderr) == (0, "")
    assert Path(finished.stdout.strip()) == bundle(name) / "lambdas" / name / "handler.py"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_holds_nothing_compiled_and_little(name: str, bundle: Callable[[str], Path]) -> None:
    files = [path for path in bundle(name).rglob("*") if path.is_file()]
    assert [path for path in files if path.suffix in COMPILED_SUFFIXES] == []
    assert 100_000 < sum(path.stat().st_size for path in files) < LARGEST_BYTES


@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_holds_no_function_but_its_own(name: str, bundle: Callable[[str], Path]) -> None:
    held = {path.name for path in (bundle(name) / "lambdas").iterdir() if path.is_dir()}
    assert held == {name, "shared"}


def test_without_the_layer_what_needs_it_does_not_start(
    prod: Templates, bundle: Callable[[str], Path], tmp_path: Path
) -> None:
    """The other tests would be worth nothing if the libraries came from somewhere else."""
    provided = provide(tmp_path / "provided", RUNTIME)
    finished = start(bundle("lake_writer"), provided, function_of(prod, "lake_writer"))
    assert "No module named 'pyarrow'" in finished.stderr or "No module named 'numpy'" in finished.stderr
