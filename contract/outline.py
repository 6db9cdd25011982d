"""A message's frame: header, blocks and what each column looks like, with no value read yet.

`contract.envelope` reads the values one by one, `lambdas.lake_writer` as whole arrays; both start here, so
that they cannot disagree about what a message is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from contract.errors import CrowdLensError
from contract.identity import InvalidNameError, check_identifier, is_epoch, stream_name
from contract.tables import SCHEMA_VERSION, TABLES, Table

MAXIMUM_ROWS_PER_MESSAGE = 100_000
"""Constant columns make rows almost free to claim: this bounds what a small body makes a reader allocate."""


class MessageError(CrowdLensError):
    """Raised when a message cannot be read; the text names the field and what was expected."""


@dataclass
class EncodedBlock:
    """Rows of one table from one stream; `columns` are the JSON values of the columns, as sent.

    `where` names the block in errors.
    """

    table: Table
    camera: str | None
    epoch: str
    stream: str
    rows: int
    columns: Mapping[str, Any]
    where: str


@dataclass
class MessageHeader:
    """What stands in front of the blocks; `encoded_blocks` are still JSON values."""

    schema_version: int
    site: str
    device: str
    encoded_blocks: list[Any]
    unknown_tables: dict[str, int] = field(default_factory=dict)


def parse_json(body: str | bytes) -> Any:
    """Return the JSON value in `body`; raises `MessageError`, also for NaN and infinities."""
    try:
        return json.loads(body, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise MessageError(f"the body is no JSON: {error}") from error


def refuse_constant(name: str) -> None:
    """Raise ValueError: Python reads NaN and infinities, which JSON does not have."""
    raise ValueError(f"{name} is no number")


def read_header(document: Any) -> MessageHeader:
    """Return the header of a message; raises `MessageError`."""
    if not isinstance(document, dict):
        raise MessageError(f"the body is a JSON {type(document).__name__}: expected an object")
    version = document.get("crowdlens")
    if type(version) is not int or version < 1:
        raise MessageError(f"crowdlens is {short(version)}: expected a schema version of 1 or more")
    try:
        site = check_identifier("site", document.get("site"))
        device = check_identifier("device", document.get("device"))
    except InvalidNameError as error:
        raise MessageError(f"{error}{_of_newer(version)}") from error
    blocks = document.get("blocks")
    if not isinstance(blocks, list):
        raise MessageError(f"blocks is {short(blocks)}: expected a list{_of_newer(version)}")
    return MessageHeader(version, site, device, blocks)


def _of_newer(version: int) -> str:
    """Return what to add to a reason when the message is of a version that is not known here."""
    return (
        ""
        if version <= SCHEMA_VERSION
        else f" (schema version {short(version)} is unknown here: the newest is {SCHEMA_VERSION})"
    )


def read_blocks(header: MessageHeader) -> Iterator[EncodedBlock]:
    """Yield the blocks of known tables one by one, so that errors come in the order of the message.

    A newer device's unknown tables are counted in `header.unknown_tables`. Raises `MessageError`.
    """
    room = MAXIMUM_ROWS_PER_MESSAGE
    for position, encoded in enumerate(header.encoded_blocks):
        where = f"blocks[{position}]"
        if not isinstance(encoded, dict):
            raise MessageError(f"{where} is {short(encoded)}: expected an object")
        rows = encoded.get("rows")
        if type(rows) is not int or not 1 <= rows <= room:
            raise MessageError(f"{where}.rows is {short(rows)}: expected 1 to {room} more in this message")
        table = _table(header, encoded.get("table"), rows, where)
        if table is not None:
            room -= rows
            yield _block(table, encoded, rows, where)


def short(value: object) -> str:
    """Return `value` as it stands in an error, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _table(header: MessageHeader, name: Any, rows: int, where: str) -> Table | None:
    if not isinstance(name, str):
        raise MessageError(f"{where}.table is {short(name)}: expected text")
    table = TABLES.get(name)
    if table is None:
        if header.schema_version <= SCHEMA_VERSION:
            raise MessageError(f"{where}.table is {short(name)}: expected one of {', '.join(TABLES)}")
        header.unknown_tables[name] = header.unknown_tables.get(name, 0) + rows
    return table


def _block(table: Table, encoded: dict[str, Any], rows: int, where: str) -> EncodedBlock:
    camera, epoch = encoded.get("camera"), encoded.get("epoch")
    try:
        camera = None if camera is None else check_identifier(f"{where}.camera", camera)
    except InvalidNameError as error:
        raise MessageError(str(error)) from error
    if not isinstance(epoch, str) or not is_epoch(epoch):
        raise MessageError(f"{where}.epoch is {short(epoch)}: expected 12 hexadecimal digits")
    stream = stream_name(camera, table.name)
    if encoded.get("stream") != stream:
        raise MessageError(f"{where}.stream is {short(encoded.get('stream'))}: expected {stream!r}")
    columns = encoded.get("columns")
    if not isinstance(columns, dict):
        raise MessageError(f"{where}.columns is {short(columns)}: expected an object")
    return EncodedBlock(table, camera, epoch, stream, rows, columns, where)
