"""Where open data lies in the lake bucket: the only place that spells its keys.

``open_data/<data set>/day=YYYY-MM-DD/<load>.parquet`` holds the rows of one file, by the UTC day it came;
``open_data_quarantine/…/<load>.jsonl`` its bad rows; ``open_data_reports/…/<load>.html`` and ``.json`` what
the report says; ``open_data_proposals/<load>.yaml`` a profile for a file of an unknown data set.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from pathlib import PurePosixPath

from lambdas.open_data.convert import Origin

DATA_PREFIX = "open_data/"
QUARANTINE_PREFIX = "open_data_quarantine/"
REPORTS_PREFIX = "open_data_reports/"
PROPOSALS_PREFIX = "open_data_proposals/"
INBOX_PREFIX = "inbox/"
"""Of the inbox bucket: ``inbox/<file>`` or ``inbox/<series>/<file>``."""
PROFILES_PREFIX = "profiles/"
"""Of the inbox bucket: ``profiles/<name>.yaml``, data sets that a user has confirmed."""
_YEAR, _MONTH, _DAY = r"(?:19|20)\d\d", r"(?:0[1-9]|1[0-2])", r"(?:0[1-9]|[12]\d|3[01])"
_CLOCK = r"(?:[01]\d|2[0-3])[0-5]\d(?:[0-5]\d)?"
_DATE = re.compile(
    rf"""[\s_.(\-]*(?<!\d)(?:
        {_YEAR}{_MONTH}{_DAY}(?:T?{_CLOCK})?                 # 20240501, 20240501T1200, 20240501120000
      | {_YEAR}([-._ ]){_MONTH}\1{_DAY}(?:T{_CLOCK})?        # 2024-05-01, 2024.05.01, 2024_05_01
      | {_YEAR}[-._ ]?{_MONTH}                              # 2024-05, 202405
      | {_YEAR}년(?:\s*\d{{1,2}}월(?:\s*\d{{1,2}}일)?)?
      | {_YEAR}                                             # 2024
    )(?!\d)[\s_.)\-]*""",
    re.VERBOSE,
)


def series_of(file_name: str) -> str:
    """Return the series of a file, its name without dates: ``wifi_20240501.csv`` is of ``wifi``.

    Other numbers stay: ``wifi_1.csv`` and ``wifi_2.csv`` are parts of one publication, and as versions of one
    series the last would hide the others.
    """
    stem = PurePosixPath(file_name).stem
    return _DATE.sub("_", stem).strip("_") or stem


def series_of_key(key: str) -> str:
    """Return the series of an inbox object: the folder it lies in, or what its name says."""
    folder, _, name = key.removeprefix(INBOX_PREFIX).rpartition("/")
    return folder or series_of(name)


def refusal_key(loaded_at: datetime, name: str) -> str:
    """Return the key of the sentence that says why a file was refused."""
    return f"{REPORTS_PREFIX}refused/{_day(loaded_at)}{name}.json"


def data_prefix(data_set: str) -> str:
    """Return the prefix of the parquet objects of a data set."""
    return f"{DATA_PREFIX}{data_set}/"


def load_name(origin: Origin) -> str:
    """Return the name of one load: the same file at the same instant has the same, and replaces itself."""
    identity = "\n".join((origin.series, origin.source_file, origin.loaded_at.isoformat()))
    return hashlib.sha256(identity.encode()).hexdigest()[:32]


def data_key(data_set: str, loaded_at: datetime, name: str) -> str:
    """Return the key of a load's rows."""
    return f"{data_prefix(data_set)}{_day(loaded_at)}{name}.parquet"


def quarantine_key(data_set: str, loaded_at: datetime, name: str) -> str:
    """Return the key of a load's bad rows."""
    return f"{QUARANTINE_PREFIX}{data_set}/{_day(loaded_at)}{name}.jsonl"


def report_key(data_set: str, loaded_at: datetime, name: str, suffix: str) -> str:
    """Return the key of a load's report; `suffix` is html or json."""
    return f"{REPORTS_PREFIX}{data_set}/{_day(loaded_at)}{name}.{suffix}"


def proposal_key(name: str) -> str:
    """Return the key of the profile proposed for an unknown file."""
    return f"{PROPOSALS_PREFIX}{name}.yaml"


def _day(loaded_at: datetime) -> str:
    return f"day={loaded_at:%Y-%m-%d}/"
