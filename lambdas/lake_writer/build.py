"""Messages → tables, and whatever will not become one → refusals worded by the contract's own reader."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.errors import CrowdLensError
from lambdas.lake_writer.columns import TableRows, build_tables
from lambdas.lake_writer.inbox import (
    READ_ERRORS,
    EncodedMessage,
    Readable,
    Refusal,
    read_slowly,
    refusal,
)
from lambdas.lake_writer.number_text import NumberReader, check_json

MAXIMUM_DAYS_PER_MESSAGE = 100
"""Every UTC day of a message becomes an object: one message must not be able to ask for thousands."""
MAXIMUM_ROWS_AT_ONCE = 250_000
"""Rows cost memory, and a few bytes of constants can claim many: a batch is built in portions of so many."""

_DAY_MILLISECONDS = 86_400_000


class TooManyDaysError(CrowdLensError):
    """Raised when the rows of one message lie on more UTC days than an honest outage could explain."""


def portions(readable: Sequence[Readable]) -> Iterator[list[Readable]]:
    """Yield `readable` in order, in portions of at most `MAXIMUM_ROWS_AT_ONCE` rows or of one message."""
    portion: list[Readable] = []
    rows = 0
    for item in readable:
        if portion and rows + item.rows > MAXIMUM_ROWS_AT_ONCE:
            yield portion
            portion, rows = [], 0
        portion.append(item)
        rows += item.rows
    if portion:
        yield portion


def build_or_refuse(
    readable: Sequence[Readable],
) -> tuple[list[TableRows], list[Readable], list[Refusal]]:
    """Return the tables of all messages that can be built, those messages, and the refusal of the others.

    Built in one go; only when that fails is each message tried alone, to find the ones to blame.
    """
    try:
        return _build(readable), list(readable), []
    except READ_ERRORS:
        judged = [_judge(item) for item in readable]
    good = [one for one in judged if isinstance(one, Readable)]
    refused = [one for one in judged if isinstance(one, Refusal)]
    try:
        return _build(good), good, refused
    except READ_ERRORS:
        # Each fits alone but not beside the others: values read one by one have no such limits.
        slow = [_slow(item) for item in good]
        return _build(slow), slow, refused


def _slow(item: Readable) -> Readable:
    message = read_slowly(item.delivery)
    return item if isinstance(message, Refusal) else Readable(item.delivery, message)


def _judge(item: Readable) -> Readable | Refusal:
    try:
        _build([item])
    except READ_ERRORS:
        message = read_slowly(item.delivery)
    else:
        return item
    if isinstance(message, Refusal):
        return message
    slow = Readable(item.delivery, message)
    try:
        _build([slow])
    except READ_ERRORS as error:
        return refusal(item.delivery, error)
    return slow


def _build(readable: Sequence[Readable]) -> list[TableRows]:
    reader = NumberReader()
    tables = build_tables([item.message for item in readable], reader)
    texts = [
        one for item in readable if isinstance(item.message, EncodedMessage) for one in item.message.texts
    ]
    if reader.texts_read != len(texts):
        # Some belong to no column of ours; a message is JSON as a whole or not at all.
        for text in texts:
            check_json(text)
    _check_days(tables)
    return tables


def _check_days(tables: Sequence[TableRows]) -> None:
    """Raise `TooManyDaysError` when a message has rows on too many UTC days, over all its tables."""
    days = [_days(rows) for rows in tables]
    if not days or max(map(np.max, days)) - min(map(np.min, days)) < MAXIMUM_DAYS_PER_MESSAGE:
        return
    places = [np.stack((rows.sources, of_rows)) for rows, of_rows in zip(tables, days, strict=True)]
    distinct = np.unique(np.concatenate(places, axis=1), axis=1)
    most = int(np.bincount(distinct[0]).max())
    if most > MAXIMUM_DAYS_PER_MESSAGE:
        raise TooManyDaysError(
            f"the rows lie on {most} UTC days: expected at most {MAXIMUM_DAYS_PER_MESSAGE}"
        )


def _days(rows: TableRows) -> npt.NDArray[np.int64]:
    times: npt.NDArray[np.int64] = rows.data.column("event_time").cast(pa.int64()).to_numpy()
    return times // _DAY_MILLISECONDS
