"""What codes mean to a person, in English and in Korean."""

from __future__ import annotations

REASONS: dict[str, tuple[str, str]] = {
    "too_few_cells": ("fewer cells than the header", "머리글보다 칸이 적음"),
    "too_many_cells": (
        "more cells than the header: a comma that is not quoted shifts columns",
        "머리글보다 칸이 많음: 따옴표 없는 쉼표로 열이 밀림",
    ),
    "unclosed_quote": ("a quote that is never closed", "닫히지 않은 따옴표"),
    "cell_too_long": ("a cell longer than 131,072 characters", "131,072자보다 긴 칸"),
    "text_too_long": ("a text longer than 4,000 characters", "4,000자보다 긴 글"),
    "undecodable": ("bytes that are no text in any known encoding", "어떤 인코딩으로도 읽을 수 없음"),
    "control_character": ("a control character", "제어 문자가 들어 있음"),
    "unknown_field": ("a field that the other records lack", "다른 레코드에 없는 항목"),
    "missing_value": ("empty, and must not be", "필수 값이 비어 있음"),
    "unreadable_date": ("no date in any known form", "알 수 없는 날짜 형식"),
    "implausible_date": ("a date too long ago to be true", "있을 수 없이 오래된 날짜"),
    "incomplete_date": ("a date without its day", "일(日)이 없는 날짜"),
    "unreadable_number": ("not a number", "숫자가 아님"),
    "unreadable_integer": ("not a whole number", "정수가 아님"),
    "unreadable_coordinate": ("not a coordinate", "좌표가 아님"),
    "unreadable_yes_no": ("neither yes nor no", "예/아니오가 아님"),
    "half_a_coordinate": ("latitude without longitude, or the other way round", "위도와 경도 중 하나만 있음"),
    "latitude_outside_korea": ("latitude outside Korea (33.0 to 38.7)", "위도가 한국 밖(33.0~38.7)"),
    "longitude_outside_korea": ("longitude outside Korea (124.5 to 132.0)", "경도가 한국 밖(124.5~132.0)"),
    "duplicate": ("equal to an earlier row", "앞선 행과 같음"),
}
CHANGES: dict[str, tuple[str, str]] = {
    "swapped_coordinates": (
        "latitude and longitude were swapped and put right",
        "뒤바뀐 위도·경도를 바로잡음",
    ),
    "zero_coordinates": ("0, 0 taken as no coordinates", "0, 0은 좌표 없음으로 처리"),
    "two_digit_year": (
        "a year of two digits taken as 20xx (Nov-15 is 2015-11)",
        "두 자리 연도는 20xx로 읽음",
    ),
    "alias": ("another spelling of a known value", "같은 값의 다른 표기를 통일"),
    "typo": ("one letter off a known value, and put right", "한 글자 오타를 바로잡음"),
    "unlisted_value": ("not among the known values, kept as it is", "알려진 값이 아니지만 그대로 둠"),
    "formula": (
        "began like a spreadsheet formula, an apostrophe put before it",
        "수식처럼 시작하여 앞에 '를 붙임",
    ),
    "nested_fields": ("elements nested in a record, left out", "레코드 안에 겹쳐진 항목은 제외"),
    "line_in_other_encoding": ("lines in another encoding than the rest", "나머지와 다른 인코딩의 줄"),
}


def reason_text(reason: str) -> tuple[str, str]:
    """Return a reason (``code`` or ``code:column``) in English and Korean."""
    code, _, column = reason.partition(":")
    english, korean = REASONS.get(code, (code, code))
    return (f"{column}: {english}", f"{column}: {korean}") if column else (english, korean)


def change_text(code: str) -> tuple[str, str]:
    """Return what a repair did, in English and Korean."""
    return CHANGES.get(code, (code, code))
