"""The part of the report about one run: key frame, figures, conservation, counted against true, what next."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Sequence

from quicksight.preview.facts import ConservationRow, Fact, ReportFacts
from quicksight.preview.html import Html, element, join, label, spoken
from quicksight.preview.values import number

_CHECK = Html(
    '<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="11" fill="currentColor"/>'
    '<path d="M7 12.5l3.4 3.4L17 9" fill="none" stroke="#fff" stroke-width="2.4" stroke-linecap="round"'
    ' stroke-linejoin="round"/></svg>'
)
_WARNING = Html(
    '<svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 2l10.5 19h-21z" fill="currentColor"'
    ' stroke="currentColor" stroke-linejoin="round"/><path d="M12 9v6M12 17.6v.6" stroke="#fff"'
    ' stroke-width="2.2" stroke-linecap="round"/></svg>'
)


def demo_section(facts: ReportFacts) -> Html:
    """Return the section above the dashboard."""
    head = element("div", {"class": "section-head"}, element("h2", {}, label("This run · 이번 실행")))
    notes = [element("p", {"class": "note", "role": "note"}, spoken(note)) for note in facts.notes]
    left = [part for part in (_key_frame(facts), _truth(facts)) if part]
    right = [
        part for part in (_headline(facts.headline), _run_facts(facts.run), _conservation(facts)) if part
    ]
    columns = [element("div", {"class": "column"}, *parts) for parts in (left, right) if parts]
    run = element("div", {"class": "run" if len(columns) > 1 else "column"}, *columns)
    after = [part for part in (_files(facts), _next_steps(facts)) if part]
    pair = element("div", {"class": "pair"}, *after) if after else ""
    return element("section", {"id": "this-run"}, head, *notes, run, pair)


def verdict(rows: Sequence[ConservationRow]) -> tuple[bool, str, str]:
    """Return whether every record is accounted for, and the sentence that says so in English and Korean."""
    made, lake = sum(row.made for row in rows), sum(row.in_lake for row in rows)
    dropped, quarantined = sum(row.dropped for row in rows), sum(row.quarantined for row in rows)
    wrong = [row for row in rows if row.missing_in_lake or row.missing_in_mysql]
    if wrong:
        names = ", ".join(row.table for row in wrong)
        return (
            False,
            f"Not every record is accounted for: see {names}.",
            f"일부 레코드의 행방이 맞지 않습니다: {names}.",
        )
    where = "MySQL accounts for every lake row" if _mysql_ran(rows) else "MySQL was not run"
    where_korean = (
        "MySQL이 레이크의 모든 행을 반영했습니다" if _mysql_ran(rows) else "MySQL은 실행하지 않았습니다"
    )
    if dropped or quarantined:
        english = (
            f"Nothing is lost unseen: {made:,} made, {lake:,} in the lake, {dropped:,} dropped and "
            f"{quarantined:,} quarantined, all declared; {where}."
        )
        korean = (
            f"모르게 사라진 레코드는 없습니다: 생성 {made:,}, 레이크 {lake:,}, 버림 {dropped:,}, "
            f"격리 {quarantined:,}. {where_korean}."
        )
        return True, english, korean
    english = f"Nothing is lost: {made:,} records made, {lake:,} in the lake, none dropped; {where}."
    korean = f"유실 없음: 레코드 {made:,}개를 만들었고 {lake:,}개가 레이크에 있습니다. {where_korean}."
    return True, english, korean


def _mysql_ran(rows: Sequence[ConservationRow]) -> bool:
    return bool(rows) and all(row.accounted_in_mysql is not None for row in rows)


def _key_frame(facts: ReportFacts) -> Html | None:
    if facts.key_frame_jpeg is None:
        return None
    encoded = base64.b64encode(facts.key_frame_jpeg).decode("ascii")
    text = facts.key_frame_caption or f"Annotated frame of camera {facts.camera}"
    local = (
        "Drawn and kept on this machine: no picture is ever sent. · "
        "이 화면은 이 컴퓨터에만 있으며 전송되지 않습니다."
    )
    return element(
        "figure",
        {"class": "card frame"},
        element("img", {"src": f"data:image/jpeg;base64,{encoded}", "alt": text}),
        element("figcaption", {}, spoken(f"{facts.key_frame_caption} {local}".strip())),
    )


def _headline(headline: Iterable[Fact]) -> Html | None:
    cards = [element("div", {"class": "card"}, *_term(fact)) for fact in headline]
    return element("dl", {"class": "headline"}, *cards) if cards else None


def _run_facts(run: Iterable[Fact]) -> Html | None:
    terms = [part for fact in run for part in _term(fact)]
    if not terms:
        return None
    heading = element("h3", {}, label("Figures of the run · 실행 정보"))
    return element("div", {"class": "card"}, heading, element("dl", {"class": "facts"}, *terms))


def _term(fact: Fact) -> tuple[Html, Html]:
    return (
        element("dt", {}, label(f"{fact.english} · {fact.korean}")),
        element("dd", {}, spoken(fact.value)),
    )


def _conservation(facts: ReportFacts) -> Html | None:
    if not facts.conservation:
        return None
    good, english, korean = verdict(facts.conservation)
    sentence = element("div", {}, element("p", {}, english), element("p", {"lang": "ko"}, korean))
    names = (
        "Records · 레코드",
        "Made · 생성",
        "In the lake · 레이크",
        "In MySQL · 반영",
        "Dropped · 버림",
        "Quarantined · 격리",
    )
    body = [_conservation_row(row) for row in facts.conservation]
    return element(
        "div",
        {"class": "card"},
        element("h3", {}, label("Is every record accounted for? · 모든 레코드가 확인됩니까?")),
        element(
            "div", {"class": f"verdict {'good' if good else 'bad'}"}, _CHECK if good else _WARNING, sentence
        ),
        _table(
            "Records made, stored and dropped by table", names, body, _conservation_total(facts.conservation)
        ),
    )


def _conservation_row(row: ConservationRow) -> Html:
    mysql = "not run" if row.accounted_in_mysql is None else number(row.accounted_in_mysql)
    return element(
        "tr",
        {},
        element("th", {"scope": "row"}, row.table),
        _number_cell(number(row.made)),
        _number_cell(number(row.in_lake), wrong=bool(row.missing_in_lake)),
        _number_cell(mysql, wrong=bool(row.missing_in_mysql)),
        _number_cell(number(row.dropped)),
        _number_cell(number(row.quarantined)),
    )


def _conservation_total(rows: Sequence[ConservationRow]) -> Html:
    mysql = number(sum(row.accounted_in_mysql or 0 for row in rows)) if _mysql_ran(rows) else "not run"
    totals = [
        number(sum(row.made for row in rows)),
        number(sum(row.in_lake for row in rows)),
        mysql,
        number(sum(row.dropped for row in rows)),
        number(sum(row.quarantined for row in rows)),
    ]
    head = element("th", {"scope": "row"}, label("All · 합계"))
    return element("tr", {}, head, *[_number_cell(total) for total in totals])


def _truth(facts: ReportFacts) -> Html | None:
    if not facts.truth:
        return None
    body = [
        element(
            "tr",
            {},
            element("th", {"scope": "row"}, label(f"{row.english} · {row.korean}")),
            _number_cell(number(row.counted, row.decimals)),
            _number_cell(number(row.true, row.decimals)),
            _number_cell(f"{row.error:+,.{row.decimals}f}" if row.error else "0", wrong=bool(row.error)),
        )
        for row in facts.truth
    ]
    names = ("Figure · 항목", "Counted · 집계", "True · 실제", "Error · 오차")
    note = element("p", {"class": "subtitle"}, spoken(facts.truth_note)) if facts.truth_note else ""
    heading = element("h3", {}, label("Counted against true · 집계와 실제 비교"))
    return element(
        "div", {"class": "card"}, heading, note, _table("Counted figures beside the true ones", names, body)
    )


def _files(facts: ReportFacts) -> Html | None:
    terms: list[Html] = []
    for place in facts.files:
        terms.append(element("dt", {}, label(f"{place.english} · {place.korean}")))
        terms.append(element("dd", {"class": "path"}, place.place))
    if not terms:
        return None
    heading = element("h3", {}, label("Where everything is · 파일 위치"))
    return element("div", {"class": "card"}, heading, element("dl", {"class": "facts"}, *terms))


def _next_steps(facts: ReportFacts) -> Html | None:
    items = [
        element(
            "li",
            {},
            label(f"{step.english} · {step.korean}"),
            element("code", {"tabindex": 0}, step.command) if step.command else "",
        )
        for step in facts.next_steps
    ]
    if not items:
        return None
    heading = element("h3", {}, label("What next · 다음 단계"))
    return element("div", {"class": "card"}, heading, element("ol", {"class": "steps"}, *items))


def _table(caption: str, names: Sequence[str], body: Sequence[Html], total: Html | None = None) -> Html:
    head = [
        element("th", {"scope": "col", "class": "number" if index else None}, label(name))
        for index, name in enumerate(names)
    ]
    foot = "" if total is None else element("tfoot", {}, total)
    table = element(
        "table",
        {},
        element("caption", {"class": "hidden"}, caption),
        element("thead", {}, element("tr", {}, *head)),
        element("tbody", {}, *body),
        foot,
    )
    return element("div", {"class": "scroll", "role": "region", "tabindex": 0, "aria-label": caption}, table)


def _number_cell(text: str, *, wrong: bool = False) -> Html:
    return element("td", {"class": "number off" if wrong else "number"}, text)


def joined(parts: Iterable[Html | None]) -> Html:
    """Return the parts that exist, one after the other."""
    return join(part for part in parts if part is not None)
