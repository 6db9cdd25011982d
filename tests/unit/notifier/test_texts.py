"""What messages say, and the limits of SNS on how they may say it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from contract.alerts import ALERT_KINDS, CAMERA_FAULT, DEVICE_SILENT, TEST
from lambdas.notifier.entries import Entry
from lambdas.notifier.texts import ascii_subject, compose
from lambdas.notifier.words import WORDS

NOON = 1_795_230_000_000
MAP = "https://map.example.org"
CROWD = Entry(
    "crowding", "start", "warning", "jetson-7", "e1", camera="plaza-1", place="정문", value=15.0,
    threshold=12.0, peak_value=15.0, started_ms=NOON, time_zone="Asia/Seoul",
)  # fmt: skip


@pytest.mark.parametrize("language", ["ko", "en"])
@pytest.mark.parametrize("kind", ALERT_KINDS)
def test_every_kind_has_words_in_both_languages(language: str, kind: str) -> None:
    bare = kind in (CAMERA_FAULT, DEVICE_SILENT, TEST)
    entry = replace(CROWD, kind=kind, value=None if bare else 3.0, threshold=None if bare else 2.0)
    for one in (entry, replace(entry, ended_ms=NOON + 60_000)):
        message = compose(language, "seoul-1", [one], MAP)
        assert message.subject.startswith("[")
        assert f"{MAP}/#site=seoul-1" in message.body


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_longest_names_keep_within_what_sns_takes(language: str) -> None:
    entry = replace(CROWD, place="가나다라" * 16, camera="c" * 64, detail="왜" * 200, state="covered")
    many = [replace(entry, event=f"e{number}", device=f"d{number}") for number in range(500)]
    for entries in ([entry], many):
        message = compose(language, "s" * 64, entries, MAP)
        assert len(message.subject) < 100
        assert message.subject.isprintable()
        assert len(message.body.encode()) < 100_000
        assert len(message.sms) <= (160 if message.sms.isascii() else 70)


def test_an_sms_of_plain_letters_may_be_longer_and_has_the_link() -> None:
    message = compose("en", "seoul-1", [replace(CROWD, place="gate")], MAP)
    assert 70 < len(message.sms) <= 160
    assert message.sms.endswith("/#site=seoul-1")
    assert message.sms.isascii()
    assert not set(message.sms) & set("[]{}~^|\\")


def test_line_breaks_in_a_name_do_not_reach_the_subject() -> None:
    message = compose("en", "seoul-1", [replace(CROWD, place="a\nb\x07c")], None)
    assert message.subject == "[Warning] a b c: crowding 15 (limit 12)"
    assert "Map:" not in message.body


@pytest.mark.parametrize(
    ("time_zone", "shown"),
    [
        pytest.param("Asia/Seoul", "2026-11-21 12:00:00 (Asia/Seoul)", id="Seoul"),
        pytest.param("America/New_York", "2026-11-20 22:00:00 (America/New_York)", id="the day before"),
        pytest.param("Moon/Crater", "2026-11-21 03:00:00 (UTC)", id="no such zone"),
    ],
)
def test_times_are_local_and_say_so(time_zone: str, shown: str) -> None:
    assert f"Time: {shown}" in compose("en", "s", [replace(CROWD, time_zone=time_zone)], None).body


@pytest.mark.parametrize(
    ("seconds", "korean", "english"),
    [
        pytest.param(0, "0초", "0 s", id="nothing"),
        pytest.param(59.6, "1분", "1 min", id="rounded up"),
        pytest.param(200, "3분 20초", "3 min 20 s", id="minutes"),
        pytest.param(93_784, "1일 2시간", "1 d 2 h", id="days"),
    ],
)
def test_durations(seconds: float, korean: str, english: str) -> None:
    over = replace(CROWD, ended_ms=NOON + round(seconds * 1000))
    assert f"지속: {korean}\n" in compose("ko", "s", [over], None).body
    assert f"Lasted: {english}\n" in compose("en", "s", [over], None).body


def test_a_clock_that_is_not_set_is_said() -> None:
    assert WORDS["en"].clock in compose("en", "s", [replace(CROWD, clock_quality="unsynced")], None).body
    assert WORDS["en"].clock not in compose("en", "s", [CROWD], None).body


def test_the_most_serious_decides() -> None:
    entries = [
        replace(CROWD, event=str(n), severity=s) for n, s in enumerate(("info", "critical", "warning"))
    ]
    assert compose("en", "s", entries, None).severity == "critical"


def test_a_subject_for_who_takes_ascii_only() -> None:
    assert ascii_subject("[주의] 정문: 혼잡 15명 (기준 12명)") == "CrowdLens [ ] : 15 ( 12 )"
