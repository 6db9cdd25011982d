"""The words of the messages in Korean and English, a table each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Words:
    """What one language calls things; templates have their places in braces."""

    severities: Mapping[str, str]
    kinds: Mapping[str, str]
    overs: Mapping[str, str]
    units: Mapping[str, str]
    states: Mapping[str, str]
    over: str
    ended: str
    rose: str
    late: str
    late_note: str
    value: str
    peak: str
    threshold: str
    time: str
    began: str
    lasted: str
    where: str
    device: str
    what: str
    severity: str
    state: str
    map: str
    clock: str
    began_heading: str
    rose_heading: str
    over_heading: str
    more: str
    count: str
    silent_since: str
    footer: str


KOREAN: Final = Words(
    severities={"info": "알림", "warning": "주의", "critical": "긴급"},
    kinds={
        "crowding": "혼잡",
        "running": "뛰는 사람",
        "loitering": "오래 머무름",
        "restricted": "출입 금지 구역 진입",
        "stopped": "멈춰 선 물체",
        "wrong_direction": "역방향 이동",
        "wrong_side": "반대쪽 통행",
        "classification": "분류 결과",
        "camera_fault": "카메라 이상",
        "device_silent": "장치 연락 없음",
        "test": "시험 알림",
    },
    overs={"camera_fault": "카메라 정상", "device_silent": "장치 다시 연락됨", "test": "시험 알림 끝"},
    units={
        "crowding": "명",
        "restricted": "명",
        "running": "m/s",
        "loitering": "초",
        "stopped": "초",
        "wrong_side": "초",
        "wrong_direction": "도",
    },
    states={
        "ok": "정상",
        "frozen": "화면 멈춤",
        "dark": "너무 어두움",
        "over_exposed": "너무 밝음",
        "blurred": "흐림",
        "covered": "가려짐",
        "moved": "방향이 바뀜",
        "slow": "프레임이 느림",
        "lost": "영상 끊김",
        "ended": "종료됨",
    },
    over="해제",
    ended="끝남",
    rose="심해짐",
    late="늦은 소식",
    late_note="늦게 도착한 소식입니다. 지금은 상황이 다를 수 있습니다.",
    value="측정값",
    peak="최댓값",
    threshold="기준",
    time="시각",
    began="시작",
    lasted="지속",
    where="위치",
    device="장치",
    what="내용",
    severity="심각도",
    state="상태",
    map="지도",
    clock="장치 시계가 맞춰지지 않아 시각이 정확하지 않을 수 있습니다.",
    began_heading="발생 {count}건",
    rose_heading="심해짐 {count}건",
    over_heading="해제 {count}건",
    more="그 밖에 {count}건",
    count="{kind} {count}건",
    silent_since="마지막 연락 {time}",
    footer="CrowdLens 알림입니다. 받는 규칙과 조용한 시간은 관리자가 `crowdlens alerts`로 바꿉니다.",
)

ENGLISH: Final = Words(
    severities={"info": "Info", "warning": "Warning", "critical": "Critical"},
    kinds={
        "crowding": "crowding",
        "running": "running",
        "loitering": "loitering",
        "restricted": "restricted area entered",
        "stopped": "stopped object",
        "wrong_direction": "wrong direction",
        "wrong_side": "wrong side",
        "classification": "seen",
        "camera_fault": "camera fault",
        "device_silent": "device silent",
        "test": "test alert",
    },
    overs={"camera_fault": "camera ok again", "device_silent": "device heard again", "test": "test over"},
    units={
        "crowding": "",
        "restricted": "",
        "running": " m/s",
        "loitering": " s",
        "stopped": " s",
        "wrong_side": " s",
        "wrong_direction": " degrees",
    },
    states={
        "ok": "ok",
        "frozen": "frozen picture",
        "dark": "too dark",
        "over_exposed": "too bright",
        "blurred": "blurred",
        "covered": "covered",
        "moved": "moved",
        "slow": "slow frames",
        "lost": "no picture",
        "ended": "ended",
    },
    over="Over",
    ended="over",
    rose="got critical",
    late="Late",
    late_note="This news arrived late: things may be different now.",
    value="Measured",
    peak="Largest",
    threshold="limit",
    time="Time",
    began="Began",
    lasted="Lasted",
    where="Where",
    device="Device",
    what="What",
    severity="Severity",
    state="State",
    map="Map",
    clock="The device's clock was not synchronised: the time may be off.",
    began_heading="Began: {count}",
    rose_heading="Got critical: {count}",
    over_heading="Over: {count}",
    more="and {count} more",
    count="{kind} {count}",
    silent_since="last heard {time}",
    footer="An alert of CrowdLens. Your administrator changes rules and quiet hours with `crowdlens alerts`.",
)

WORDS: Final[Mapping[str, Words]] = {"ko": KOREAN, "en": ENGLISH}
