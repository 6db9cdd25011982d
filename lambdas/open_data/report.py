"""The data-quality report: one page a person can read, Korean beside English, without scripts or network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

STYLE = """
:root{color-scheme:light}
body{font:16px/1.5 system-ui,"Noto Sans KR","Apple SD Gothic Neo","Malgun Gothic",sans-serif;color:#1b2733;
background:#fff;margin:0 auto;max-width:72rem;padding:1.5rem}
h1{font-size:1.6rem;margin:0}h2{font-size:1.2rem;margin:2.2rem 0 .5rem}p{margin:.3rem 0}
.quiet{color:#50606f}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(9.5rem,1fr));gap:.8rem;margin:1.2rem 0}
.figures div{border:1px solid #c6d0d9;border-radius:.5rem;padding:.7rem 1.1rem}
.figures b{display:block;font-size:1.7rem;font-variant-numeric:tabular-nums}
.figures .bad{border-color:#b3541e;border-width:2px}
.scroll{overflow-x:auto}table{border-collapse:collapse;width:100%;font-size:.92rem}
th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #dde4ea;vertical-align:top}
th{background:#f1f4f7}td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
code{font-size:.85rem;overflow-wrap:anywhere}
"""
FILE_TITLES = {
    "kind": "형식 · format",
    "encoding": "인코딩 · encoding",
    "delimiter": "구분 문자 · delimiter",
    "quote": "따옴표 · quote",
    "line_ends": "줄 끝 · line ends",
    "record": "레코드 · record",
}


def html_report(found: dict[str, Any]) -> str:
    """Return the page of a `summary`; everything from the file is escaped."""
    title = f"{found['title']['ko']} · {found['title']['en']}"
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="quiet">{escape(found["source_file"])} · {found["source_bytes"]:,} bytes · '
        f"{escape(_minute(found['loaded_at']))} · sha256 <code>{escape(found['sha256'][:16])}</code></p>",
        _figures(found),
        _file(found),
        _reasons(found),
        _changes(found),
        _columns(found),
        *(_count(one) for one in found["counts"]),
        _bad_rows(found),
    ]
    return (
        f'<!doctype html><html lang="ko"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _minute(instant: str) -> str:
    """Return an instant of UTC to the minute; the JSON beside the page has all of it."""
    return f"{instant[:10]} {instant[11:16]} UTC"


def _figures(found: dict[str, Any]) -> str:
    boxes = [
        ("", found["rows"], "행 · rows in the file"),
        ("", found["accepted"], "적재됨 · in the table"),
        ("bad" if found["quarantined"] else "", found["quarantined"], "격리됨 · in quarantine"),
        ("", found["copies"], "앞선 행과 같은 행 · equal to an earlier row"),
    ]
    shown = "".join(f'<div class="{kind}"><b>{number:,}</b>{label}</div>' for kind, number, label in boxes)
    return f'<div class="figures">{shown}</div>'


def _file(found: dict[str, Any]) -> str:
    not_data = found["not_data"]
    line = "없음 · none" if found["header_line"] is None else str(found["header_line"])
    rows = [
        *((FILE_TITLES.get(name, name), str(value)) for name, value in found["file"].items()),
        ("머리글 줄 · header line", line),
        ("머리글 · headers", str(not_data["headers"])),
        ("머리글 위의 줄 · lines above the header", str(not_data["above_header"])),
        ("빈 줄 · blank lines", str(not_data["blank"])),
    ]
    return _table("파일 · The file", ("", ""), rows)


def _reasons(found: dict[str, Any]) -> str:
    heading = "격리된 까닭 · Why rows are in quarantine"
    if not found["reasons"]:
        return f"<h2>{heading}</h2><p>격리된 행이 없습니다. No row is in quarantine.</p>"
    rows = [(one["ko"], one["en"], one["count"]) for one in found["reasons"]]
    return _table(heading, ("", "", "행 · rows"), rows)


def _changes(found: dict[str, Any]) -> str:
    heading = "바로잡은 것 · What was repaired"
    if not found["changes"]:
        return f"<h2>{heading}</h2><p>없습니다. Nothing.</p>"
    rows = [(one["ko"], one["en"], _example(one["examples"]), one["count"]) for one in found["changes"]]
    return _table(heading, ("", "", "예 · for example", "칸 · cells"), rows)


def _example(examples: Sequence[dict[str, Any]]) -> str:
    return "; ".join(
        f"{one['line']}행 line {one['line']}: {one['before']} → {one['after'] or '∅'}" for one in examples[:2]
    )


def _columns(found: dict[str, Any]) -> str:
    accepted = found["accepted"] or 1
    rows = [
        (
            one["name"],
            one["ko"],
            one["in_file"] or "— 파일에 없음 · not in the file",
            one["type"],
            f"{100 * one['filled'] / accepted:.1f} %",
            "" if one["lowest"] is None else f"{one['lowest']} … {one['highest']}",
        )
        for one in found["columns"]
    ]
    others = ", ".join(found["other_columns"])
    note = f"<p>other_columns: {escape(others)}</p>" if others else ""
    header = (
        "열 · column",
        "",
        "파일의 이름 · name in the file",
        "형 · type",
        "채워짐 · filled",
        "범위 · range",
    )
    return _table("열 · Columns", header, rows) + note


def _count(one: dict[str, Any]) -> str:
    header = (*one["by"], "행 · rows")
    rest = one["all"] - len(one["top"])
    note = f'<p class="quiet">+ {rest:,}</p>' if rest else ""
    return _table(f"{one['ko']} · {one['en']}", header, one["top"]) + note


def _bad_rows(found: dict[str, Any]) -> str:
    if not found["bad_rows"]:
        return ""
    shown = [
        (row["line"], ", ".join(row["reasons"]), " | ".join(row["cells"])[:400]) for row in found["bad_rows"]
    ]
    heading = f"격리된 행 {len(shown)} / {found['quarantined']:,} · Rows in quarantine"
    return _table(heading, ("줄 · line", "까닭 · reason", "내용 · cells"), shown)


def _table(heading: str, header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    shown = list(rows)
    kinds = ["number" if isinstance(value, int) else "text" for value in (shown[0] if shown else ())]
    head = "".join(
        f'<th scope="col" class="{kind}">{escape(name)}</th>'
        for name, kind in zip(header, kinds, strict=False)
    )
    body = "".join("<tr>" + "".join(_cell(value) for value in row) + "</tr>" for row in shown)
    first = f"<thead><tr>{head}</tr></thead>" if any(header) else ""
    return f'<h2>{escape(heading)}</h2><div class="scroll"><table>{first}<tbody>{body}</tbody></table></div>'


def _cell(value: object) -> str:
    if isinstance(value, int):
        return f'<td class="number">{value:,}</td>'
    return f"<td>{escape(str(value))}</td>"
