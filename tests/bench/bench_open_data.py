"""Rows a second and memory of the open-data loader, against a plain pandas script on the same file.

Each runs in a process of its own, one after the other. The pandas script is what people write: read_csv with
the encoding given by hand, to_datetime, to_numeric, to_parquet. It is told what the loader has to find out.
The large file is the small one over and over; CROWDLENS_OPEN_DATA_MIB sets its size. Where others use the
machine too, rows a second of processor time are the fairer figure.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data" / "opendata" / "free_wifi_standard_data_euckr.csv"
EXAMPLE = ROOT / "examples" / "opendata" / "free_wifi.csv"
MEBIBYTES = int(os.environ.get("CROWDLENS_OPEN_DATA_MIB", "300"))
RUNS = 5
MEASURED = """
import json, resource, sys, time
from pathlib import Path
source, folder = Path(sys.argv[1]), Path(sys.argv[2])
{imports}
begin, begin_cpu = time.perf_counter(), time.process_time()
{work}
print(json.dumps({{"seconds": time.perf_counter() - begin, "rows": rows, "lost": lost,
    "cpu_seconds": time.process_time() - begin_cpu,
    "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}}))
"""
OURS = MEASURED.format(
    imports="""
import pandas  # Arrow imports it by itself at the first array; neither side's imports are timed.
from datetime import UTC, datetime
from lambdas.open_data.convert import Origin
from lambdas.open_data.load import load, look_at
from lambdas.open_data.profile import shipped_profiles
""",
    work="""
with source.open("rb") as stream:
    loaded = load(stream, look_at(stream, shipped_profiles()),
        Origin("bench", source.name, datetime.now(UTC)), folder)
rows, lost = loaded.account.rows, 0
""",
)
PANDAS = MEASURED.format(
    imports="import pandas as pd\nimport pyarrow.parquet",
    work="""
data = pd.read_csv(source, encoding="cp949", dtype=str)
data = data.loc[:, [name for name in data.columns if not name.startswith("Unnamed")]]
installed = pd.to_datetime(data["설치년월"], format="%Y-%m", errors="coerce")
created = pd.to_datetime(data["데이터기준일자"], errors="coerce")
north = pd.to_numeric(data["위도"], errors="coerce")
east = pd.to_numeric(data["경도"], errors="coerce")
lost = int((installed.isna() & data["설치년월"].notna()).sum())
data = data.assign(설치년월=installed, 데이터기준일자=created, 위도=north, 경도=east)
data = data[north.between(33, 38.7) & east.between(124.5, 132)]
data.to_parquet(folder / "pandas.parquet", compression="snappy")
rows = len(data)
""",
)


def measure(code: str, source: Path, folder: Path, runs: int) -> dict[str, float]:
    """Return the run with the median processor time, each in a process of its own."""
    found = [json.loads(_run(code, source, folder)) for _ in range(runs)]
    return dict(sorted(found, key=lambda one: one["cpu_seconds"])[runs // 2])


def _run(code: str, source: Path, folder: Path) -> str:
    finished = subprocess.run(
        [sys.executable, "-c", code, str(source), str(folder)],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "2"},
    )
    return finished.stdout.splitlines()[-1]


def enlarge(source: Path, target: Path, mebibytes: int) -> Path:
    """Write the rows of `source` again and again, its header once."""
    header, _, rows = source.read_bytes().partition(b"\n")
    with target.open("wb") as stream:
        stream.write(header + b"\n")
        while stream.tell() < mebibytes << 20:
            stream.write(rows)
    return target


def main() -> int:
    """Print the table."""
    source = SHARED if SHARED.is_file() else EXAMPLE
    lines = [
        "| file | by | rows/s | rows a processor second | MB/s | memory | dates lost |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        large = enlarge(source, folder / "large.csv", MEBIBYTES)
        for path, runs in ((source, RUNS), (large, 1)):
            size = path.stat().st_size / 1e6
            for title, code in (("this loader", OURS), ("plain pandas", PANDAS)):
                found = measure(code, path, folder, runs)
                speed, rate = found["rows"] / found["seconds"], size / found["seconds"]
                by_processor = found["rows"] / found["cpu_seconds"]
                lines.append(
                    f"| {size:,.1f} MB | {title} | {speed:,.0f} | {by_processor:,.0f} | {rate:.1f} | "
                    f"{found['megabytes']:,.0f} MB | {found['lost']:,.0f} |"
                )
    sys.stdout.write("\n".join(lines) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
