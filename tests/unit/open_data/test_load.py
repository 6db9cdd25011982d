"""A file as municipalities publish it, from bytes to rows: every row is in the table or in quarantine."""

from __future__ import annotations

import codecs
import unicodedata
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from contract.errors import CrowdLensError
from lambdas.open_data.encoding import BLOCK_BYTES
from lambdas.open_data.profile import load_profile, parse_profile

HEADER = (
    "설치장소명,설치시도명,서비스제공사명,와이파이SSID,설치년월,소재지도로명주소,위도,경도,데이터기준일자"
)
ROW = (
    '시청 로비,서울특별시,KT,Public WiFi,2015-11,"서울특별시 중구 세종대로 110, 1층",'
    "37.5663,126.9779,2016-05-31"
)
OTHER = "구청,부산광역시,SKT,Public WiFi,2014-01,부산광역시 연제구 중앙대로 1001,35.1798,129.0750,2016-05-31"
FEW = """
name: few
english: Few
korean: 몇 개
columns:
  - {name: place, english: Place, korean: 장소, required: true}
  - {name: seats, type: integer, english: Seats, korean: 좌석, synonyms: [자리]}
  - {name: open, type: yes_no, english: Open, korean: 개방}
"""


def csv_of(*rows: str, header: str = HEADER, end: str = "\r\n") -> str:
    return end.join((header, *rows)) + end


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        pytest.param(csv_of(ROW, OTHER).encode("cp949"), "CP949 / EUC-KR", id="euc-kr"),
        pytest.param(csv_of(ROW, OTHER).encode(), "UTF-8", id="utf-8"),
        pytest.param(codecs.BOM_UTF8 + csv_of(ROW, OTHER).encode(), "UTF-8 with BOM", id="utf-8 with BOM"),
        pytest.param(
            codecs.BOM_UTF16_LE
            + csv_of(ROW, OTHER).replace(",", "\t").replace("110\t", "110,").encode("utf-16-le"),
            "UTF-16 with BOM",
            id="Excel's Unicode text",
        ),
        pytest.param(csv_of(ROW, OTHER, end="\n").encode("cp949"), "CP949 / EUC-KR", id="line feeds"),
        pytest.param(csv_of(ROW, OTHER, end="\r").encode("cp949"), "CP949 / EUC-KR", id="carriage returns"),
        pytest.param(
            csv_of(ROW, OTHER).encode("cp949")[:-2], "CP949 / EUC-KR", id="no end of line at the end"
        ),
        pytest.param(
            csv_of(ROW + ",", OTHER + ",", header=HEADER + ",").encode("cp949"),
            "CP949 / EUC-KR",
            id="empty column",
        ),
        pytest.param(("sep=,\r\n" + csv_of(ROW, OTHER)).encode("cp949"), "CP949 / EUC-KR", id="Excel's sep="),
        pytest.param(
            ("무료와이파이 현황,,\r\n,,\r\n" + csv_of(ROW, OTHER)).encode("cp949"),
            "CP949 / EUC-KR",
            id="title above",
        ),
        pytest.param(
            unicodedata.normalize("NFD", csv_of(ROW, OTHER)).encode(), "UTF-8", id="taken apart by a Mac"
        ),
        pytest.param((csv_of(ROW) + csv_of(OTHER)).encode("cp949"), "CP949 / EUC-KR", id="header again"),
        pytest.param(csv_of(ROW, "", ",,,,,,,,", OTHER).encode("cp949"), "CP949 / EUC-KR", id="blank rows"),
    ],
)
def test_the_same_rows_come_out_of_every_form(
    load_file: Callable[..., Any], content: bytes, encoding: str
) -> None:
    outcome = load_file(content)
    assert outcome.quarantine == []
    assert outcome.loaded.source.encoding == encoding
    assert [
        (row["name"], row["city"], row["road_name_address"], row["latitude"], row["created_at"])
        for row in outcome.rows
    ] == [
        ("시청 로비", "서울특별시", "서울특별시 중구 세종대로 110, 1층", 37.5663, date(2016, 5, 31)),
        ("구청", "부산광역시", "부산광역시 연제구 중앙대로 1001", 35.1798, date(2016, 5, 31)),
    ]


@pytest.mark.parametrize("delimiter", ["\t", ";", "|"])
def test_other_delimiters(load_file: Callable[..., Any], delimiter: str) -> None:
    text = csv_of(ROW, OTHER).replace("110, 1층", "110 1층").replace(",", delimiter)
    assert [row["city"] for row in load_file(text.encode("cp949")).rows] == ["서울특별시", "부산광역시"]


def test_columns_go_by_many_names_and_in_any_order(load_file: Callable[..., Any]) -> None:
    header = "연번,WGS84경도,WGS84위도,시·도,통신사,와이파이명,설치연월"
    outcome = load_file(
        csv_of("1,126.9779,37.5663,서울,엘지유플러스,시청 로비,201511", header=header).encode("cp949")
    )
    (row,) = outcome.rows
    assert (row["name"], row["city"], row["service_provider"]) == ("시청 로비", "서울특별시", "LG U+")
    assert (row["latitude"], row["longitude"], row["installed_at"]) == (37.5663, 126.9779, date(2015, 11, 1))
    assert (row["other_columns"], row["road_name_address"]) == ('{"연번": "1"}', None)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        pytest.param(ROW.replace('"', ""), "too_many_cells", id="a comma without quotes"),
        pytest.param("시청,서울특별시,KT", "too_few_cells", id="cut off"),
        pytest.param(
            ROW.replace("2015-11", "2015-13"), "unreadable_date:installed_at", id="thirteenth month"
        ),
        pytest.param(ROW.replace("2015-11", "1900-01"), "implausible_date:installed_at", id="Excel's zero"),
        pytest.param(
            ROW.replace("2016-05-31", "2016-05"), "incomplete_date:created_at", id="a day is asked for"
        ),
        pytest.param(ROW.replace("37.5663", "35.1_5"), "unreadable_coordinate:latitude", id="no number"),
        pytest.param(ROW.replace("37.5663", "38.8850183"), "latitude_outside_korea", id="north of Korea"),
        pytest.param(ROW.replace("126.9779", "1269779"), "longitude_outside_korea", id="no decimal point"),
        pytest.param(ROW.replace("126.9779", ""), "half_a_coordinate", id="latitude alone"),
        pytest.param(ROW.replace("KT", "K\x00T"), "control_character", id="a zero byte"),
        pytest.param(ROW.replace("KT", "K" * 4001), "text_too_long:service_provider", id="a novel"),
        pytest.param(OTHER.replace("SKT", '"SKT'), "unclosed_quote", id="a quote that is never closed"),
    ],
)
@pytest.mark.parametrize("encoding", ["cp949", "utf-8"])
def test_a_bad_row_is_kept_apart_with_line_and_reason(
    load_file: Callable[..., Any], row: str, reason: str, encoding: str
) -> None:
    outcome = load_file(csv_of(OTHER, row, OTHER).encode(encoding))
    assert outcome.reasons == [(3, [reason])]
    assert [row["source_line"] for row in outcome.rows] == [2, 4]
    assert outcome.loaded.account.reasons == {reason: 1}


def test_bytes_that_are_no_text_spoil_one_row(load_file: Callable[..., Any]) -> None:
    content = csv_of(OTHER).encode("cp949") + b"\xff\xfe\xfd,x\r\n" + (OTHER + "\r\n").encode("cp949")
    outcome = load_file(content)
    assert outcome.reasons == [(3, ["undecodable"])]
    assert outcome.quarantine[0]["cells"] == ["\\xff\\xfe\\xfd,x"]
    assert len(outcome.rows) == 2


@pytest.mark.parametrize(("most", "one"), [("cp949", "utf-8"), ("utf-8", "cp949")])
def test_a_line_in_the_other_encoding_is_read_and_told(
    load_file: Callable[..., Any], most: str, one: str
) -> None:
    rows = [OTHER] * 5
    content = csv_of(*rows).encode(most) + (ROW + "\r\n").encode(one) + (OTHER + "\r\n").encode(most)
    outcome = load_file(content)
    assert outcome.quarantine == []
    assert outcome.rows[5]["name"] == "시청 로비"
    assert outcome.loaded.source.notes == {"line_in_other_encoding": 1}


def test_broken_utf8_is_not_taken_for_rare_chinese(load_file: Callable[..., Any]) -> None:
    broken = (
        (OTHER + "\r\n").encode().replace("부산광역시 연제구".encode(), "부산광역시 연제구".encode()[:-1])
    )
    outcome = load_file(csv_of(OTHER, OTHER).encode() + broken)
    assert outcome.reasons == [(4, ["undecodable"])]


def test_a_cell_may_run_over_lines_also_where_blocks_meet(load_file: Callable[..., Any]) -> None:
    long_row = ROW.replace("110, 1층", "110\n" + "1층")
    count = 2 * BLOCK_BYTES // len(long_row.encode("cp949"))
    outcome = load_file(csv_of(*[long_row] * count).encode("cp949"))
    assert (len(outcome.rows), outcome.quarantine) == (count, [])
    assert [row["source_line"] for row in outcome.rows[:3]] == [2, 4, 6]
    assert outcome.rows[-1]["copy_number"] == count
    assert {row["road_name_address"] for row in outcome.rows} == {"서울특별시 중구 세종대로 110\n1층"}


def test_an_open_quote_takes_one_line_and_not_the_rest(load_file: Callable[..., Any]) -> None:
    outcome = load_file(csv_of(OTHER, ROW.replace(", 1층", "").replace('110"', "110"), *[ROW] * 500).encode())
    assert outcome.reasons == [(3, ["unclosed_quote"])]
    assert len(outcome.rows) == 501


def test_what_is_repaired_is_told_with_its_line(load_file: Callable[..., Any]) -> None:
    rows = (
        ROW.replace("37.5663,126.9779", "126.9779,37.5663"),
        ROW.replace("서울특별시,", "서울,", 1),
        ROW.replace("서울특별시,", "서울툭별시,", 1),
        ROW.replace("2015-11", "Nov-15"),
        ROW.replace("Public WiFi", "=cmd|' /C calc'!A0"),
        ROW.replace("37.5663,126.9779", "0,0"),
        ROW.replace("서울특별시,", "달나라,", 1),
    )
    outcome = load_file(csv_of(*rows).encode("cp949"))
    changes = outcome.loaded.changes
    assert {
        code: (examples[0].line, changes.counts[code]) for code, examples in changes.examples.items()
    } == {
        "swapped_coordinates": (2, 1),
        "alias": (3, 1),
        "typo": (4, 1),
        "two_digit_year": (5, 1),
        "formula": (6, 1),
        "zero_coordinates": (7, 1),
        "unlisted_value": (8, 1),
    }
    assert [row["city"] for row in outcome.rows] == ["서울특별시"] * 6 + ["달나라"]
    assert outcome.rows[0]["latitude"] == 37.5663
    assert outcome.rows[3]["installed_at"] == date(2015, 11, 1)
    assert outcome.rows[4]["wifi_ssid"] == "'=cmd|' /C calc'!A0"
    assert outcome.rows[5]["latitude"] is None


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        pytest.param("=1+1", "'=1+1", id="equals"),
        pytest.param("@SUM(A1)", "'@SUM(A1)", id="at"),
        pytest.param("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0", id="plus"),
        pytest.param('-2+HYPERLINK(""x"")', '\'-2+HYPERLINK("x")', id="minus"),
        pytest.param("＝1+1", "'＝1+1", id="wide"),
        pytest.param("+82-2-123-4567", "+82-2-123-4567", id="telephone"),
        pytest.param("-3.5", "-3.5", id="number"),
        pytest.param("-", None, id="nothing"),
        pytest.param("KT@Seoul", "KT@Seoul", id="at within"),
    ],
)
def test_formulas_are_made_harmless(load_file: Callable[..., Any], cell: str, expected: str | None) -> None:
    outcome = load_file(csv_of(ROW.replace("Public WiFi", f'"{cell}"')).encode("cp949"))
    assert [row["wifi_ssid"] for row in outcome.rows] == [expected]


def test_equal_rows_are_numbered_and_kept(load_file: Callable[..., Any]) -> None:
    outcome = load_file(csv_of(ROW, OTHER, ROW, ROW).encode("cp949"))
    assert [row["copy_number"] for row in outcome.rows] == [1, 1, 2, 3]
    assert outcome.loaded.account.copies == 2


def test_a_profile_may_quarantine_equal_rows(load_file: Callable[..., Any]) -> None:
    profile = parse_profile(FEW + "duplicates: quarantine\n", "few.yaml")
    outcome = load_file("장소,자리,개방\n가,3,Y\n나,,N\n가,3,Y\n".encode(), profile)
    assert [(row["place"], row["seats"], row["open"]) for row in outcome.rows] == [
        ("가", 3, True),
        ("나", None, False),
    ]
    assert outcome.reasons == [(4, ["duplicate"])]


def test_a_required_cell_and_every_other_fault_of_a_row_are_told(load_file: Callable[..., Any]) -> None:
    outcome = load_file("장소,자리,개방\n,1.5,맑음\n나,2,예\n".encode(), parse_profile(FEW, "few.yaml"))
    assert outcome.reasons == [
        (2, ["missing_value:place", "unreadable_integer:seats", "unreadable_yes_no:open"])
    ]


def test_a_file_without_a_header_goes_by_position(load_file: Callable[..., Any]) -> None:
    row = "가,나,서울특별시,중구,관공서,KT,WiFi,2015-11,도로,지번,구청,02-1,37.5663,126.9779,2016-05-31"
    outcome = load_file(f"{row}\n{row}\n".encode(), load_profile("free_wifi"))
    assert outcome.loaded.header.by_position
    assert [(row["gungu"], row["source_line"]) for row in outcome.rows] == [("중구", 1), ("중구", 2)]


XML = """<?xml version="1.0" encoding="{declared}"?>
<response><header><code>00</code><message>OK</message></header><body><items>
<item><설치장소명>시청 로비</설치장소명><와이파이SSID>a&amp;b</와이파이SSID>
<서비스제공사명>KT</서비스제공사명><설치시도명>서울특별시</설치시도명><설치년월>2015-11</설치년월><위도>37.5663</위도><경도>126.9779</경도>
<데이터기준일자>2016-05-31</데이터기준일자></item>
<item><설치장소명>구청</설치장소명><서비스제공사명>KT</서비스제공사명><위도>99</위도><경도>129.1</경도></item>
</items></body></response>
"""


@pytest.mark.parametrize(
    ("declared", "actual"),
    [
        pytest.param("utf-8", "utf-8", id="as declared"),
        pytest.param("euc-kr", "cp949", id="euc-kr, which expat cannot read by itself"),
        pytest.param("utf-8", "cp949", id="declared UTF-8 and is not"),
        pytest.param("euc-kr", "utf-8", id="declared EUC-KR and is not"),
    ],
)
def test_xml_of_a_portal(load_file: Callable[..., Any], declared: str, actual: str) -> None:
    outcome = load_file(XML.format(declared=declared).encode(actual))
    assert [(row["name"], row["wifi_ssid"], row["city"], row["source_line"]) for row in outcome.rows] == [
        ("시청 로비", "a&b", "서울특별시", 3)
    ]
    assert outcome.reasons == [(6, ["latitude_outside_korea"])]
    assert outcome.loaded.source.details == {"record": "response/body/items/item"}


def test_xml_whose_fields_are_attributes(load_file: Callable[..., Any]) -> None:
    rows = '<w 설치장소명="가" SSID="나" 위도="37.5" 경도="127"/>' * 3
    profile = load_profile("free_wifi")
    outcome = load_file(f"<all>{rows}</all>".encode(), profile)
    assert [(row["name"], row["wifi_ssid"]) for row in outcome.rows] == [("가", "나")] * 3


BOMB = (
    '<!DOCTYPE lolz [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;&lol;">]>'
    "<lolz><row><a>&lol2;</a><b>1</b></row></lolz>"
)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        pytest.param(b"", "the file is empty", id="nothing"),
        pytest.param(b" \r\n\r\n", "the file is empty", id="blank lines"),
        pytest.param(BOMB.encode(), "declares the entity 'lol'", id="entity bomb"),
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a><r><b>&x;</b><c>1</c></r></a>',
            "declares the entity 'x'",
            id="entity of a file",
        ),
        pytest.param(b"<a><b>1</b>", "not well formed", id="cut XML"),
        pytest.param(b"<a>" * 60 + b"</a>" * 60, "nests deeper than 50", id="deep XML"),
        pytest.param(b"<html><body></body></html>", "no element with two or more", id="a page"),
        pytest.param(
            b"<a><r><b>" + b"x" * 140_000 + b"</b><c/></r></a>", "longer than 131072", id="huge field"
        ),
        pytest.param(b"PK\x03\x04" + bytes(100), "a zip archive or an Excel workbook", id="xlsx named csv"),
        pytest.param(b"\xd0\xcf\x11\xe0" + bytes(100), "an old Excel or Hangul", id="xls named csv"),
        pytest.param(b"\x1f\x8b\x08" + bytes(100), "compressed with gzip", id="gzip"),
        pytest.param(b"PAR1" + bytes(100), "parquet already", id="parquet"),
        pytest.param(bytes(range(256)) * 300, "the file is binary", id="binary"),
        pytest.param(b'{"rows": []}', "the file is JSON", id="json"),
        pytest.param(b"a," * 3_000_000, "a line is longer than 4 MiB", id="one endless line"),
        pytest.param("é,ü\nñ,ç\nà,è\n".encode("latin-1"), "neither UTF-8 nor CP949", id="latin-1"),
    ],
)
def test_what_is_no_table_is_refused_in_one_sentence(
    load_file: Callable[..., Any], content: bytes, sentence: str
) -> None:
    with pytest.raises(CrowdLensError, match=sentence) as raised:
        load_file(content, load_profile("free_wifi"))
    assert "\n" not in str(raised.value)


def test_a_header_that_lacks_a_needed_column_is_named(load_file: Callable[..., Any]) -> None:
    text = csv_of(ROW, header=HEADER.replace("설치장소명", "번지"))
    with pytest.raises(CrowdLensError, match="the header in line 1 has no column 설치장소명"):
        load_file(text.encode("cp949"), load_profile("free_wifi"))
