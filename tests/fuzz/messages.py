"""Messages as devices send them, and damage that knows their structure."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from typing import Any

from contract.columns import Column, ColumnType
from contract.envelope import encode_message
from contract.identity import stream_name
from contract.records import Record, StoredRecord, Value
from contract.tables import CLOCK_QUALITIES, TABLES, Table

START_MS = 1_763_726_400_000
DAY_MILLISECONDS = 86_400_000
BAD_VALUES: list[Any] = [
    None, True, False, 0, -1, 1, 1.0, 1.5, -0.0, 2**53 + 1, 2**62, 2**63, -(2**63), -(2**63) - 1, 10**400,
    1e308,
    5e-324, "", "a", "x" * 65, "x" * 300, "사람", "\ud800", "\udfff", "\x00", "\u2028", "NaN", "[1,2,3]",
    [], {}, [[]], [None], [1, "a"], [True], [0], {"k": None}, {"k": []}, {"k": "\udfff"}, {"k": 1},
    {"k": True},
    {"d": ["a"], "i": [0, 1]}, {"d": [], "i": []}, {"i": [0], "d": [1]}, {"d": [None], "i": [0]},
    {"b": 1, "s": [1]},
    {"b": 0, "s": 10**30}, {"s": 1, "b": 1}, {"b": 2**62, "s": 2**40}, {"b": 1, "s": True}, {"b": 1, "s": -1},
    {"b": None, "s": 1}, {"k": 1, "d": 2}, {"b": 1, "s": 1, "k": 1}, [1] * 200, list(range(150)), [0.5] * 90,
]  # fmt: skip
BAD_NUMBERS = [
    "01", "-0", "-01", "00", "1.", ".5", "-.5", "+1", "--1", "-", "", " 1", "1 ", "\t2", "1e5", "1E-3",
    "1e", "1e400",
    "-1e400", "1e-400", "0e5", "0x1", "1_0", "1.5.2", "1.0", "-0.0", "0.0e0", "NaN", "Infinity",
    "-Infinity", "nan",
    "null", "nul", "nullnull", "1null", "true", "9" * 19, "9" * 25, "-9223372036854775808",
    "9223372036854775807",
    "9" * 400, "9" * 5000, "0." + "3" * 300, "1e22", "123456789012345678.5", "4102444800001", "-1",
    "\u0661", "[1]",
    '"1"', "{}", "1,2", "1,,2", "0.1e1e1", "e5", "5e-05", "1-2",
]  # fmt: skip
BAD_LETTERS = list('{}[]",:0-9.eEnNaul\\ \t\n\x00\u007f\u00e9\ud83d\udc4d\ud800')
_NUMBER = re.compile(r"(?<=[\[,:])-?[0-9][0-9.eE+-]*(?=[,\]}])")


def value_of(column: Column, chance: random.Random, row: int) -> Value:
    """Return a value as a device makes it: numbers that repeat, run on or wander, nulls where they may be."""
    if column.nullable and chance.random() < 0.2:
        return None
    if column.type is ColumnType.TEXT:
        return chance.choice([f"{column.name}-{chance.randrange(3)}", "사람", "é", f"{row}"])[
            : column.maximum_length
        ]
    if column.type is ColumnType.REAL:
        return round(chance.choice([0.0, row / 3, chance.uniform(-500, 500), 1e-7 * row]), column.decimals)
    if column.type is ColumnType.BOOLEAN:
        return chance.random() < 0.9
    if column.type is ColumnType.TIMESTAMP:
        return START_MS + chance.randrange(10**6)
    return chance.choice([row, chance.randrange(-5, 200), 2**40 + row, 0])


def block_of(table: Table, rows: int, chance: random.Random) -> list[StoredRecord]:
    """Return records of one stream."""
    camera = chance.choice([None, "plaza-1", "gate_2"])
    step = chance.choice([0, 1, 1000, 33, DAY_MILLISECONDS // 3 if rows < 200 else 500])
    constant = chance.random() < 0.3
    first = {column.name: value_of(column, chance, 1) for column in table.own_columns}
    made: list[StoredRecord] = []
    for row in range(rows):
        own = first if constant else {c.name: value_of(c, chance, row) for c in table.own_columns}
        record = Record(
            table.name, camera, chance.choice([None, "v1"]) if not constant else "v1", "Asia/Seoul",
            START_MS + row * step + (chance.randrange(50) if step == 33 else 0),
            CLOCK_QUALITIES[0] if constant else chance.choice(CLOCK_QUALITIES), own,
        )  # fmt: skip
        epoch = f"{chance.randrange(2):012x}" if row == 0 else made[0].epoch
        made.append(StoredRecord(record, epoch, stream_name(camera, table.name), row + 1))
    return made


def whole_messages(chance: random.Random, count: int) -> list[str]:
    """Return so many bodies nobody damaged: mostly small, some large enough to be read as number texts."""
    bodies = []
    for number in range(count):
        tables = chance.sample(sorted(TABLES), chance.choice([1, 1, 2, 3]))
        rows = chance.choice([1, 2, 3, 5, 9, 40]) if number % 8 else chance.choice([60, 110, 220])
        records = [one for name in tables for one in block_of(TABLES[name], rows, chance)]
        bodies.append(encode_message("seoul-1", f"jetson-{number}", records))
    return bodies


def damaged(body: str, chance: random.Random) -> str:
    """Return `body` with one to three faults."""
    for _ in range(chance.choice([1, 1, 1, 2, 3])):
        body = chance.choice(_FAULTS)(body, chance)
    return body


def _dumped(document: Any, chance: random.Random) -> str:
    compact = chance.random() < 0.8
    return json.dumps(
        document, ensure_ascii=chance.random() < 0.3, separators=(",", ":") if compact else None
    )


def _in_document(change: Callable[[Any, random.Random], Any]) -> Callable[[str, random.Random], str]:
    def fault(body: str, chance: random.Random) -> str:
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            return _other_letter(body, chance)
        if not isinstance(document, dict) or not document:
            return _other_letter(body, chance)
        try:
            change(document, chance)
            return _dumped(document, chance)
        except (KeyError, TypeError, IndexError, AttributeError, ValueError, OverflowError, RecursionError):
            # Damaged before, so that this damage finds no place.
            return body

    return fault


def _some_place(document: Any, chance: random.Random) -> tuple[Any, Any]:
    node = document
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = chance.choice(keys)
        inner = node[key]
        if not (isinstance(inner, (dict, list)) and inner and chance.random() < 0.8):
            return node, key
        node = inner


def _block(document: Any, chance: random.Random) -> Any:
    return chance.choice(document["blocks"])


def _replace(document: Any, chance: random.Random) -> None:
    node, key = _some_place(document, chance)
    node[key] = chance.choice(BAD_VALUES)


def _remove(document: Any, chance: random.Random) -> None:
    node, key = _some_place(document, chance)
    del node[key]


def _repeat(document: Any, chance: random.Random) -> None:
    node, key = _some_place(document, chance)
    if isinstance(node, list):
        node.insert(key, node[key])


def _replace_column(document: Any, chance: random.Random) -> None:
    block = _block(document, chance)
    rows = min(block["rows"], 500)
    values = [chance.choice(BAD_VALUES) for _ in range(rows)] if chance.random() < 0.2 else None
    column = chance.choice(sorted(block["columns"]))
    number = chance.choice([1, 0, -1, 2.5, 2**63, 10**18, True, None, "a"])
    forms: list[Any] = [
        {"k": number}, [number] * rows, {"b": number, "s": [1] * (rows - 1)},
        {"b": 5, "s": [number] * (rows - 1)},
        {"b": 1, "s": number}, {"s": 7, "b": 3}, {"d": [number, "b"], "i": [0] * rows},
        {"d": ["b"], "i": [number] * rows},
        {"d": [1, 2], "i": [1] * rows}, list(range(rows)), [0.25] * rows,
        {"b": 0, "s": [2**61] * (rows - 1)}, values,
        {"d": ["x", "y", "z" * 300], "i": [0] * rows}, {"d": ["b", None], "i": [0, *[1] * (rows - 1)]},
        {"b": 2**63 - rows, "s": 1}, {"b": 1, "s": -1}, {"b": 10**15, "s": [10**17] * (rows - 1)},
    ]  # fmt: skip
    block["columns"][column] = chance.choice(forms)


def _longer_or_shorter(document: Any, chance: random.Random) -> None:
    block = _block(document, chance)
    if chance.random() < 0.5:
        block["rows"] += chance.choice([-1, 1, 2, 100_000, 10**9])
        return
    cell = block["columns"][chance.choice(sorted(block["columns"]))]
    values = cell if isinstance(cell, list) else cell.get("s", cell.get("i"))
    values.append(values[-1]) if chance.random() < 0.5 else values.pop()


def _newer(document: Any, chance: random.Random) -> None:
    document["crowdlens"] = chance.choice([1, 2, 99, 10**30])
    place = chance.choice([document, _block(document, chance), _block(document, chance)["columns"]])
    place[chance.choice(["mood", "colour", "사람"])] = chance.choice([*BAD_VALUES, [0.5] * 300, [1e-9] * 80])
    if chance.random() < 0.5:
        document["blocks"].append({"table": chance.choice(["moods", "x" * 500]), "rows": 7, "columns": {}})


def _many_days(document: Any, chance: random.Random) -> None:
    for block in document["blocks"]:
        block["columns"]["event_time"] = {"b": 0, "s": DAY_MILLISECONDS * chance.choice([1, 2, 40])}


def _claim(document: Any, chance: random.Random) -> None:
    """Claim rows that cost nothing to send."""
    block = _block(document, chance)
    block["rows"] = chance.choice([300, 600, 100_001])
    for name, cell in block["columns"].items():
        value = cell[0] if isinstance(cell, list) else cell.get("k", cell.get("b", cell.get("d", [0])))
        block["columns"][name] = {"k": value[0] if isinstance(value, list) else value}
    block["columns"]["sequence"] = {"b": 1, "s": 1}


def _cut_off(body: str, chance: random.Random) -> str:
    return body[: chance.randrange(len(body) + 1)]


def _other_letter(body: str, chance: random.Random) -> str:
    place = chance.randrange(len(body) + 1)
    return body[:place] + chance.choice(BAD_LETTERS) + body[place + chance.choice([0, 1, 1, 7]) :]


def _flip_bit(body: str, chance: random.Random) -> str:
    if not body:
        return body
    place = chance.randrange(len(body))
    return body[:place] + chr(ord(body[place]) ^ (1 << chance.randrange(7))) + body[place + 1 :]


def _other_number(body: str, chance: random.Random) -> str:
    found = list(_NUMBER.finditer(body))
    if not found:
        return _other_letter(body, chance)
    where = chance.choice(found)
    return body[: where.start()] + chance.choice(BAD_NUMBERS) + body[where.end() :]


def _another_key(body: str, chance: random.Random) -> str:
    """Put a key in front of another: the same, whose value then counts no more, or one nobody knows."""
    keys = list(re.finditer(r'"([a-z_]+)":', body))
    if not keys:
        return _other_letter(body, chance)
    key = chance.choice(keys)
    numbers = ",".join(["1", "2.5"] * 60)
    value = chance.choice(
        ["1", "null", '"a"', "{}", f"[{numbers}]", f"[{numbers},{chance.choice(BAD_NUMBERS)}]"]
    )
    extra = f'"{chance.choice([key[1], key[1], "mood"])}":{value}'
    return f"{body[: key.start()]}{extra},{body[key.start() :]}"


def _numbers_in_text(body: str, chance: random.Random) -> str:
    """Put what looks like an array of numbers into some text, or beside it."""
    numbers = "[" + ",".join(str(chance.randrange(10)) for _ in range(100)) + "]"
    texts = list(re.finditer(r'"', body))
    if not texts:
        return _other_letter(body, chance)
    place = chance.choice(texts).end()
    return body[:place] + numbers + chance.choice(["", ",", "NaN"]) + body[place:]


def _deep(body: str, chance: random.Random) -> str:
    depth = chance.choice([50, 900, 5000])
    opening, closing = chance.choice([("[", "]"), ('{"a":', "}")])
    deep = opening * depth + "1" + closing * chance.choice([depth, depth, 0])
    return deep if chance.random() < 0.3 else body.replace('"rows":', f'"deep":{deep},"rows":', 1)


def _giant(body: str, chance: random.Random) -> str:
    size = chance.choice([1000, 20_000, 200_000])
    giant = chance.choice(["x", "é", "\\u0000", "사", "1,", "]", "[", "\\"]) * size
    return chance.choice(
        [giant, body.replace('"device":"', f'"device":"{giant}', 1), f'{body[:-1]},"note":"{giant}"}}']
    )


_DOCUMENT_FAULTS = (
    _replace, _replace, _replace_column, _replace_column, _remove, _repeat, _longer_or_shorter, _newer,
    _many_days, _claim,
)  # fmt: skip
_FAULTS: list[Callable[[str, random.Random], str]] = [
    *map(_in_document, _DOCUMENT_FAULTS),
    _cut_off, _other_letter, _other_letter, _flip_bit, _flip_bit, _other_number, _other_number, _other_number,
    _another_key, _another_key, _numbers_in_text, _deep,
]  # fmt: skip


def damaged_or_giant(body: str, chance: random.Random) -> str:
    """Return `body` damaged; now and then by text that is much too long."""
    return _giant(body, chance) if chance.random() < 0.005 else damaged(body, chance)
