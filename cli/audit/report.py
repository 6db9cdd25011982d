"""What an audit says: sentences for a person, JSON for a program, and why its limits may be trusted."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from cli.audit.compare import Audit, Stretch
from cli.audit.intervals import (
    BOOTSTRAP,
    FEW_DIFFERENCES,
    FEW_STRETCHES,
    NOT_KNOWN,
    POISSON_RATIO,
    SEED,
    STUDENT_T,
    Interval,
)

METHOD_REASONS = {
    STUDENT_T: (
        "Student's t over the stretches' differences (linearised ratio)",
        "구간별 차이에 대한 스튜던트 t(선형화 비율)",
    ),
    BOOTSTRAP: (
        f"bootstrap over the stretches (BCa, seed {SEED}): many, and their differences are lopsided",
        f"구간 부트스트랩(BCa, 시드 {SEED}): 구간이 많고 차이가 한쪽으로 치우침",
    ),
    POISSON_RATIO: (
        f"both counts taken for independent Poisson counts: fewer than {FEW_STRETCHES} stretches do not "
        "show how errors vary. On the safe side, and wide; shorter stretches of the same time tell more",
        f"두 집계를 서로 독립인 푸아송 수로 봄: 구간이 {FEW_STRETCHES}개 미만이면 "
        "오차의 변동을 알 수 없음(보수적)",
    ),
    NOT_KNOWN: (
        "not known: nothing was counted by hand, or too few stretches of a weighted sample are left",
        "알 수 없음: 수기 집계가 0이거나 가중 표본의 구간이 너무 적음",
    ),
}
WIDENED = (
    f"widened to what so few differences allow (fewer than {FEW_DIFFERENCES} stretches differ; Poisson)",
    f"차이가 있는 구간이 {FEW_DIFFERENCES}개 미만이라 푸아송 한계까지 넓힘",
)


def percent(share: float) -> str:
    """Return a share as a signed percentage, "+3.4 %"; a true minus sign, as in print."""
    if not math.isfinite(share):
        return "unknown" if math.isnan(share) else ("+∞" if share > 0 else "−∞")
    rounded = round(share * 100, 1)
    sign = "" if rounded == 0 else "−" if rounded < 0 else "+"
    return f"{sign}{abs(rounded):.1f} %"


def limits(interval: Interval) -> str:
    """Return "95 % sure between −0.8 % and +7.7 %", or that it is not known."""
    if interval.method == NOT_KNOWN:
        return "how sure is not known"
    return f"95 % sure between {percent(interval.low)} and {percent(interval.high)}"


def extent(audit: Audit) -> str:
    """Return how much was compared: "12 of 480 minutes", "20 instants"."""
    if not audit.subject.is_line:
        amount, unit = f"{len(audit.used)}", "instants"
    elif audit.drawn:
        amount, unit = f"{len(audit.used)}", "minutes"
    else:
        return (
            f"{written_minutes(audit.minutes)} in {_counted_things(len(audit.used), 'stretch', 'stretches')}"
        )
    return f"{amount} of {audit.drawn_from:.0f} {unit}" if audit.drawn else f"{amount} {unit}"


def written_minutes(minutes: float) -> str:
    """Return "12 minutes", or seconds below two minutes."""
    return f"{minutes * 60:.0f} seconds" if minutes < 2 else f"{minutes:.4g} minutes"


def sentence(audit: Audit) -> str:
    """Return one line about a subject that a person understands."""
    if not audit.used:
        return f"{audit.subject}: nothing to compare"
    if math.isnan(audit.error):
        said = f"error {audit.counted - audit.by_hand:+.0f}, no percentage as nobody was there by hand"
    else:
        said = f"error {percent(audit.error)}, {limits(audit.error_interval)}"
    counted = f"{audit.counted:.1f}".removesuffix(".0")
    return f"{audit.subject}: counted {counted}, by hand {audit.by_hand:.0f}; {said} ({extent(audit)})"


def sentence_in_korean(audit: Audit) -> str:
    """Return what `sentence` says, in Korean."""
    if not audit.used:
        return f"{audit.subject}: 비교할 구간이 없음"
    interval = audit.error_interval
    counted = f"{audit.counted:.1f}".removesuffix(".0")
    sure = f"95 % 신뢰구간 {percent(interval.low)} ~ {percent(interval.high)}"
    if math.isnan(audit.error):
        said = f"오차 {audit.counted - audit.by_hand:+.0f} (수기 집계가 0이므로 비율 없음)"
    else:
        said = (
            f"오차 {percent(audit.error)}, {'신뢰구간 알 수 없음' if interval.method == NOT_KNOWN else sure}"
        )
    amount = f"{len(audit.used)}개 구간"
    if audit.drawn:
        amount = f"{audit.drawn_from:.0f}개 구간 중 {len(audit.used)}개"
    return f"{audit.subject}: 집계 {counted}, 수기 {audit.by_hand:.0f}; {said} ({amount})"


def remarks(audit: Audit) -> list[str]:
    """Return what else a reader must know of a subject, in the order of weight."""
    said = []
    if audit.suspect:
        counted, by_hand = _sums(audit.suspect)
        said.append(
            f"{len(audit.suspect)} left out as suspect (camera not healthy, or a declared gap): "
            f"there counted {counted:g}, by hand {by_hand:g}"
        )
    if audit.missing:
        said.append(f"{len(audit.missing)} left out as not analysed by the camera; missing is not zero")
    if audit.waiting:
        said.append(f"{audit.waiting} not counted by hand yet")
    if audit.empty_strata:
        said.append(
            f"no stretch left of {', '.join(audit.empty_strata)}: the error there is not in the figures"
        )
    if audit.used and audit.pairs.is_stratified:
        said.append("the sums are of the counted minutes; the error weighs each by what it stands for")
    return said


def method(interval: Interval, language: int = 0) -> str:
    """Return how the limits were found and why so; `language` 0 is English, 1 Korean."""
    text = METHOD_REASONS[interval.method][language]
    return f"{text}; {WIDENED[language]}" if interval.widened else text


def figures(audit: Audit) -> dict[str, Any]:
    """Return everything about a subject as JSON values; what is not known is null."""
    signed, absolute = audit.error_interval, audit.absolute_error_interval
    suspect_counted, suspect_by_hand = _sums(audit.suspect)
    return {
        "kind": "line" if audit.subject.is_line else "zone",
        "name": audit.subject.name,
        "direction": audit.subject.direction or None,
        "stretches": len(audit.used),
        "minutes": round(audit.minutes, 3) if audit.subject.is_line else None,
        "sampled_from": round(audit.drawn_from) if audit.drawn else None,
        "counted": audit.counted,
        "by_hand": audit.by_hand,
        "error": audit.counted - audit.by_hand,
        "error_percent": _known(audit.error),
        "error_percent_low": _known(signed.low),
        "error_percent_high": _known(signed.high),
        "absolute_error": float(sum(abs(one.difference) for one in audit.used)),
        "absolute_error_mean": _plain(audit.mean_absolute_error),
        "absolute_error_percent": _known(audit.absolute_error),
        "absolute_error_percent_low": None if absolute.method == NOT_KNOWN else _known(absolute.low),
        "absolute_error_percent_high": _known(absolute.high),
        "method": signed.method,
        "widened": signed.widened,
        "method_reason": method(signed),
        "weighted": audit.pairs.is_stratified,
        "suspect": {
            "stretches": len(audit.suspect),
            "counted": suspect_counted,
            "by_hand": suspect_by_hand,
        },
        "missing": len(audit.missing),
        "not_counted_yet": audit.waiting,
        "sentence": sentence(audit),
    }


def is_random(audits: Sequence[Audit]) -> bool:
    """Return whether all stretches were drawn, so that the limits hold for the whole period."""
    return all(audit.drawn for audit in audits)


NOT_RANDOM = (
    "the stretches were chosen, not drawn: the limits hold for times like them; "
    "`crowdlens audit --sample` draws minutes at random",
    "구간을 무작위로 뽑지 않고 골랐으므로 신뢰구간은 비슷한 시간대에만 유효합니다. "
    "`crowdlens audit --sample`로 무작위로 뽑을 수 있습니다",
)


def _sums(stretches: Sequence[Stretch]) -> tuple[float, float]:
    return sum(one.value for one in stretches), sum(one.by_hand for one in stretches)


def _known(share: float) -> float | None:
    return round(share * 100, 3) if math.isfinite(share) else None


def _plain(number: float) -> float | None:
    return round(number, 3) if math.isfinite(number) else None


def _counted_things(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"
