"""Import time and bundle size of every function: what a cold start pays for before the first message.

Run: ``python tests/bench/bench_functions.py [--rounds 7]``. Each import is a process of its own that finds
the staged bundle first and the environment's libraries behind it; the functions take turns. A bundle holds
sources and Lambda's disk cannot be written, so "as staged" compiles it at each start; "compiled" has done so
before. "Libraries" imports just what the function imports of others, all compiled. Bundles are staged as the
stacks do, each with PyMySQL; pyarrow and boto3 come from Lambda's layers and are not in them.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from infra.bundles import ROOT, stage_function

_LIBRARIES = ("aws_lambda_powertools", "jmespath", "typing_extensions", "pymysql")
_IMPORT = """
import json, sys, time
names = json.loads(sys.argv[1])
start = time.perf_counter()
for name in names:
    __import__(name)
seconds = time.perf_counter() - start
print(json.dumps([seconds, list(sys.modules)]))
"""
_OWN = ("lambdas", "contract")


def imported(names: Sequence[str], bundle: Path, *, may_compile: bool = False) -> tuple[float, list[str]]:
    """Return the seconds that importing `names` takes in a new process, and all modules it then has."""
    # In front of the working copy that the environment finds: a function sees its bundle alone.
    environment = {**os.environ, "PYTHONPATH": str(bundle), "PYTHONDONTWRITEBYTECODE": "1"}
    if may_compile:
        del environment["PYTHONDONTWRITEBYTECODE"]
    found = subprocess.run(
        [sys.executable, "-c", _IMPORT, json.dumps(names)],
        check=True,
        capture_output=True,
        text=True,
        cwd=bundle,
        env=environment,
    )
    seconds, modules = json.loads(found.stdout.splitlines()[-1])
    return float(seconds), list(modules)


def libraries_of(modules: Sequence[str]) -> list[str]:
    """Return those of `modules` that belong to others and can be imported by name."""
    builtin = sys.stdlib_module_names
    return [
        name
        for name in modules
        if name.partition(".")[0] not in {*builtin, *_OWN} and not name.startswith(("_", "six.moves"))
    ]


def megabytes(files: Sequence[Path]) -> float:
    return sum(path.stat().st_size for path in files) / 1e6


def own_code(bundle: Path) -> list[Path]:
    return [path for part in _OWN for path in (bundle / part).rglob("*") if path.is_file()]


def function_names() -> list[str]:
    """Return every function: a folder of `lambdas` with a handler."""
    return sorted(path.parent.name for path in (ROOT / "lambdas").glob("*/handler.py"))


def staged(names: Sequence[str], folder: Path) -> dict[str, Path]:
    """Return the bundle of each function."""
    return {name: stage_function(name, libraries=_LIBRARIES, build_folder=folder) for name in names}


def spread(values: Sequence[float]) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def main() -> None:
    """Measure and print a line for each function."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    names = function_names()
    found: dict[str, dict[str, list[float]]] = {name: defaultdict(list) for name in names}
    with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
        sources, compiled = staged(names, Path(first)), staged(names, Path(second))
        others = {}
        for name in names:
            _, modules = imported([f"lambdas.{name}.handler"], compiled[name], may_compile=True)
            others[name] = libraries_of(modules)
        for _ in range(arguments.rounds):
            for name, times in found.items():
                times["as staged"].append(imported([f"lambdas.{name}.handler"], sources[name])[0])
                times["compiled"].append(imported([f"lambdas.{name}.handler"], compiled[name])[0])
                times["libraries"].append(imported(others[name], compiled[name])[0])
        sys.stdout.write(
            "| function | import as staged, s: median (least to most) | compiled | of it libraries "
            "| own code MB | bundle MB |\n| --- | ---: | ---: | ---: | ---: | ---: |\n"
        )
        for name, times in found.items():
            bundle = sources[name]
            whole = [path for path in bundle.rglob("*") if path.is_file()]
            sys.stdout.write(
                f"| {name} | {spread(times['as staged'])} | {spread(times['compiled'])} "
                f"| {statistics.median(times['libraries']):.2f} | {megabytes(own_code(bundle)):.2f} "
                f"| {megabytes(whole):.2f} |\n"
            )


if __name__ == "__main__":
    main()
