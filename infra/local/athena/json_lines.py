"""Reads JSON lines as Hive's JSON SerDe does: a key that is no column is passed over, what lacks is null."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.fs as pafs
from pyarrow import json as pajson

from infra.local.athena.errors import AthenaQueryError, Fault


def read_json_lines(filesystem: pafs.FileSystem, path: str, schema: pa.Schema) -> pa.Table:
    """Return the rows of one object; raises `AthenaQueryError` when a line is no object of these columns."""
    options = pajson.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore")
    try:
        with filesystem.open_input_stream(path) as stream:
            lines: Any = stream
            return pajson.read_json(lines, parse_options=options).select(schema.names)
    except (pa.ArrowInvalid, OSError) as error:
        raise AthenaQueryError(
            Fault.BAD_DATA, f"{path} is no readable JSON, one object a line: {error}"
        ) from error
