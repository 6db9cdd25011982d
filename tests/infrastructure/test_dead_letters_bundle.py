"""What stands behind the dead-letter queues needs no layer: the less it needs, the less can be missing."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

from infra.bundles import stage_function
from infra.constructs.python_function import POWERTOOLS

RUNTIME = ("boto3", "botocore", "s3transfer", "urllib3", "dateutil", "six", "jmespath")


def test_it_starts_without_a_layer(tmp_path: Path) -> None:
    bundle = stage_function("dead_letters", libraries=POWERTOOLS, build_folder=tmp_path / "build")
    provided = tmp_path / "provided"
    provided.mkdir()
    spec = importlib.util.find_spec("boto3")
    assert spec is not None
    for name in RUNTIME:
        for path in (
            Path(str(spec.origin)).parents[1] / name,
            Path(str(spec.origin)).parents[1] / f"{name}.py",
        ):
            if path.exists() and not (bundle / path.name).exists():
                (provided / path.name).symlink_to(path)
    code = (
        "import sys; sys.path[:0] = sys.argv[1:3]\n"
        "import lambdas.dead_letters.handler as handler\n"
        "print(handler.__file__)"
    )
    finished = subprocess.run(
        [sys.executable, "-I", "-S", "-B", "-c", code, str(bundle), str(provided)],
        capture_output=True,
        text=True,
        check=False,
        env={"LAKE_BUCKET": "lake", "AWS_DEFAULT_REGION": "eu-west-1"},
    )
    assert (finished.returncode, finished.stderr) == (0, "")
    assert Path(finished.stdout.strip()).is_relative_to(bundle)
