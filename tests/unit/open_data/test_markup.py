"""XML that would take all memory is refused in one sentence while it is still small."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator

import pytest

from lambdas.open_data.encoding import BLOCK_BYTES
from lambdas.open_data.markup import TOLD_NAMES, MarkupReader
from lambdas.open_data.markup_records import (
    LONGEST_RECORD,
    LONGEST_TAG,
    LONGEST_TEXT,
    MOST_FIELDS,
    MOST_NAMES,
    MarkupHandler,
)
from lambdas.open_data.rows import BadRow, RefusedFileError

GOOD = "<row><name>a</name><lat>37.5</lat></row>"
MANY = 100_000


def numbered(form: str, number: int) -> str:
    return "".join(form.replace("{}", str(place)) for place in range(number))


def inside(text: str, declared: str = "") -> bytes:
    return f"<!DOCTYPE root [{declared}]><root>{GOOD}{text}</root>".encode()


def bad_rows(content: bytes) -> Iterator[BadRow]:
    return itertools.chain.from_iterable(batch.bad for batch in MarkupReader(io.BytesIO(content)).batches())


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(
            inside(f"<row>{numbered('<f{}/>', MOST_FIELDS + 1)}</row>"),
            f"more than {MOST_FIELDS} fields",
            id="fields of a record",
        ),
        pytest.param(
            inside("<row " + numbered("f{}='' ", MOST_FIELDS + 1) + "/>"),
            f"more than {MOST_FIELDS} fields",
            id="attributes of a record",
        ),
        pytest.param(
            inside(numbered("<row><f{}>1</f{}><name/></row>", MOST_FIELDS)),
            f"more than {MOST_FIELDS} fields",
            id="fields of all records together",
        ),
        pytest.param(
            inside(numbered("<row><f{}/></row>", MOST_NAMES + 1)),
            f"more than {MOST_NAMES} different names",
            id="names of elements",
        ),
        pytest.param(
            inside("", numbered("<!ATTLIST row f{} CDATA #IMPLIED>", MOST_NAMES + 1)),
            f"more than {MOST_NAMES} different names",
            id="declared attributes",
        ),
        pytest.param(
            inside(f"<row name='{'x' * (LONGEST_TEXT + 1)}' lat='1'/>"),
            f"longer than {LONGEST_TEXT} characters",
            id="an attribute",
        ),
        pytest.param(
            inside("<row>" + numbered(f"<f{{}}>{'x' * MANY}</f{{}}>", 6) + "</row>"),
            f"record of the XML is longer than {LONGEST_RECORD}",
            id="a record of long texts",
        ),
        pytest.param(
            inside("<row " + numbered("f{}='" + "x" * MANY + "' ", 6) + "/>"),
            f"record of the XML is longer than {LONGEST_RECORD}",
            id="a record of long attributes",
        ),
        pytest.param(inside(f"<{'x' * 300}/>"), "name in the XML is longer than 200", id="a name"),
    ],
)
def test_what_would_fill_memory_is_refused_in_one_sentence(content: bytes, sentence: str) -> None:
    with pytest.raises(RefusedFileError, match=sentence) as raised:
        list(bad_rows(content))
    assert "\n" not in str(raised.value)


def feed_all(handler: MarkupHandler, stream: io.BytesIO) -> None:
    while block := stream.read(BLOCK_BYTES):
        handler.feed(block)


@pytest.mark.parametrize("begin", ["<row name='", "<!--", "<row", "<?", "<!DOCTYPE root [<!ELEMENT "])
def test_a_tag_without_an_end_is_not_waited_for(begin: str) -> None:
    start = begin if "DOCTYPE" in begin else f"<root>{GOOD}{begin}"
    stream = io.BytesIO(start.encode() + b"x" * (4 * LONGEST_TAG))
    handler = MarkupHandler("utf-8")
    with pytest.raises(RefusedFileError, match="a tag or comment of the XML is longer"):
        feed_all(handler, stream)
    assert stream.tell() <= LONGEST_TAG + 2 * BLOCK_BYTES


def test_a_default_of_an_attribute_is_not_given_to_each_element() -> None:
    declared = f"<!ATTLIST row bomb CDATA '{'x' * MANY}'>"
    assert MarkupReader(io.BytesIO(inside(GOOD, declared))).names == ("name", "lat")


def test_only_so_many_unknown_fields_are_told_by_name() -> None:
    # The survey reads the first 4 MiB: what comes later is unknown to it.
    later = numbered("<row><name>b</name><f{}>1</f{}></row>", TOLD_NAMES + 20)
    rows = list(bad_rows(inside(f"<!--{'x' * BLOCK_BYTES}-->" * 5 + later)))
    assert len(rows) == TOLD_NAMES + 20
    reasons = {reason for row in rows for reason in row.reasons}
    assert len(reasons) == TOLD_NAMES + 1
    assert "unknown_field" in reasons
    assert "unknown_field:f0" in reasons


def test_wide_tables_come_in_pieces_and_whole() -> None:
    names = numbered("<f{}>1</f{}>", 900)
    batches = list(
        MarkupReader(io.BytesIO(inside(f"<wide>{names}</wide>" + "<wide><f1/></wide>" * 3000))).batches()
    )
    assert sum(len(batch.cells) for batch in batches) == 3001
    assert max(len(batch.cells) for batch in batches) * 900 <= 1_000_000
