"""The checks of `crowdlens doctor`: each looks at one thing the demo stands on."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from contract.errors import CrowdLensError

FREE_DISK_BYTES = 2 * 1024**3
"""The environments take about 1.2 GB, a demo's lake and database a few hundred MB."""
MEMORY_BYTES = 2 * 1024**3
LIBRARIES = (
    "numpy",
    "scipy",
    "cv2",
    "onnxruntime",
    "boto3",
    "pyarrow",
    "pymysql",
    "duckdb",
    "sqlglot",
    "plotly",
)


@dataclass(frozen=True)
class Finding:
    """What one check found; `remedy` is the command that mends it, empty when all is well."""

    check: str
    found: str
    remedy: str = ""
    optional: bool = False

    @property
    def blocks(self) -> bool:
        """Whether the demo cannot run before this is mended."""
        return bool(self.remedy) and not self.optional

    def row(self) -> tuple[str, str, str, str]:
        """Return the finding as a line of a table."""
        mark = "ok" if not self.remedy else ("-" if self.optional else "MISSING")
        return mark, self.check, self.found, self.remedy

    def as_dict(self) -> dict[str, Any]:
        """Return the finding for a program."""
        return {**asdict(self), "ok": not self.remedy}


def run_checks() -> list[Finding]:
    """Return what every check found."""
    checks: tuple[Callable[[], Finding], ...] = (
        python_version,
        libraries,
        detector,
        execution_provider,
        sample_clip,
        ministack,
        mysql,
        loopback,
        temporary_disk,
        memory,
        browser,
    )
    return [check() for check in checks]


def python_version() -> Finding:
    """Python 3.11 or newer."""
    fits = sys.version_info >= (3, 11)
    remedy = "" if fits else "apt-get install python3.11 python3.11-venv, then make demo PYTHON=python3.11"
    return Finding("Python", platform.python_version(), remedy)


def libraries() -> Finding:
    """The locked libraries are installed."""
    missing = [name for name in LIBRARIES if importlib.util.find_spec(name) is None]
    if missing:
        return Finding("libraries", f"{', '.join(missing)} missing", "sh infra/local/setup.sh demo")
    return Finding("libraries", f"{len(LIBRARIES)} of {len(LIBRARIES)}")


def detector() -> Finding:
    """The shipped detector opens and runs."""
    from cli.model_location import find_model
    from edge_components.runtime.inference.detector import open_detector

    try:
        opened = open_detector(find_model(None))
    except CrowdLensError as error:
        return Finding("detector", str(error), "git checkout -- edge_components/vision/models")
    return Finding("detector", f"{opened.name} on {opened.provider}")


def execution_provider() -> Finding:
    """Whether a GPU would be used."""
    import onnxruntime

    providers = onnxruntime.get_available_providers()
    if any(name.startswith(("CUDA", "Tensorrt")) for name in providers):
        return Finding("GPU", ", ".join(providers))
    return Finding(
        "GPU", "none: the detector runs on the CPU", "install onnxruntime-gpu where a GPU is", optional=True
    )


def sample_clip() -> Finding:
    """The sample clip and its scene are there."""
    from cli.demo.defaults import SAMPLE_SCENE, SAMPLE_SOURCE

    missing = [path.name for path in (SAMPLE_SOURCE, SAMPLE_SCENE) if not path.exists()]
    if missing:
        return Finding("sample clip", f"{', '.join(missing)} missing", "git checkout -- examples")
    return Finding("sample clip", str(SAMPLE_SOURCE.name))


def ministack() -> Finding:
    """MiniStack is installed in its own environment."""
    from infra.local.ministack import MiniStackError, ministack_python

    try:
        return Finding("SQS and S3", f"MiniStack in {ministack_python().parents[1]}")
    except MiniStackError as error:
        return Finding("SQS and S3", str(error), "sh infra/local/setup.sh demo")


def mysql() -> Finding:
    """A MariaDB server is installed, or can be had when the demo starts."""
    from infra.local.mariadb_software import MariaDbUnavailableError, find_software

    try:
        software = find_software(may_get=False)
    except MariaDbUnavailableError:
        if shutil.which("apt-get"):
            return Finding("MySQL", "none yet: `make demo` fetches MariaDB with apt", optional=True)
        return Finding(
            "MySQL",
            "none: the lake half still runs",
            "install MariaDB, or set CROWDLENS_MYSQL_URL",
            optional=True,
        )
    return Finding("MySQL", f"MariaDB {software.origin}: {software.server}")


def loopback() -> Finding:
    """A server can listen on 127.0.0.1."""
    from infra.local.ports import PortError, free_port

    try:
        return Finding("loopback", f"port {free_port()} is free")
    except PortError as error:
        return Finding("loopback", str(error), "allow programs to listen on 127.0.0.1")


def temporary_disk() -> Finding:
    """Room for a run's database and messages."""
    folder = Path(tempfile.gettempdir())
    free = shutil.disk_usage(folder).free
    found = f"{free / 1024**3:.1f} GiB free in {folder}"
    if free < FREE_DISK_BYTES:
        return Finding("disk", found, "free 2 GiB there, or name another place with TMPDIR=…")
    return Finding("disk", found)


def memory() -> Finding:
    """Enough memory for the demo's processes together."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = f"{total / 1024**3:.1f} GiB"
    return Finding("memory", found, "" if total >= MEMORY_BYTES else "use a machine with 2 GiB or more")


def browser() -> Finding:
    """A Chromium for the browser tests."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return Finding("browser", path)
    return Finding(
        "browser", "none: browser tests skip", "apt-get install chromium fonts-noto-cjk", optional=True
    )
