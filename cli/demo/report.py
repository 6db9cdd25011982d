"""What the demo's page says about its run, above the dashboard."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cli.demo.conservation import Conservation
from cli.demo.output_folder import KEY_FRAME, LAKE, REPORT, SUMMARY
from cli.demo.truth import Compared
from infra.local.athena import LocalAthena, LocalFolderLake
from quicksight.dashboards import operations
from quicksight.preview import (
    ConservationRow,
    Fact,
    FilePlace,
    NextStep,
    ReportFacts,
    TruthRow,
    write_report,
)

_KEY_FRAME_CAPTION = "The frame with most people."
_TRUTH_NAMES = {"in": "들어옴", "out": "나감", "mean": "평균", "max": "최대"}


def draw_report(
    staging: Path,
    out: Path,
    summary: Mapping[str, Any],
    conservation: Conservation,
    compared: Sequence[Compared],
) -> None:
    """Write report.html to `staging` from the lake and key frame there; paths on the page name `out`."""
    lake = staging / LAKE
    key_frame = staging / KEY_FRAME
    facts = ReportFacts(
        site=summary["site"],
        camera=summary["camera"],
        time_zone=summary["time_zone"],
        generated_at=datetime.now(UTC),
        period_start=_instant(summary["first_event_time_ms"]),
        period_end=_instant(summary["last_event_time_ms"]),
        key_frame_jpeg=key_frame.read_bytes() if key_frame.exists() else None,
        key_frame_caption=_KEY_FRAME_CAPTION,
        headline=_headline(summary),
        run=_run(summary),
        conservation=conservation_rows(conservation),
        truth=tuple(_truth_row(one) for one in compared),
        truth_note="The sample clip is rendered by this repository, so its counts are known exactly."
        if compared
        else "",
        files=_files(out),
        next_steps=_next_steps(out),
        notes=_notes(summary),
    )
    athena = LocalAthena(LocalFolderLake(lake))
    write_report(
        staging / REPORT,
        definition=operations.definition(time_zone=summary["time_zone"]),
        query=athena.query,
        facts=facts,
    )


def _instant(milliseconds: int | None) -> datetime | None:
    return None if milliseconds is None else datetime.fromtimestamp(milliseconds / 1000, tz=UTC)


def _headline(summary: Mapping[str, Any]) -> tuple[Fact, ...]:
    lines = summary["lines"].values()
    return (
        Fact("Crossed in", "들어온 수", str(sum(line["in"] for line in lines))),
        Fact("Crossed out", "나간 수", str(sum(line["out"] for line in lines))),
        Fact(
            "Most at once",
            "동시 최대",
            str(max((zone["max"] for zone in summary["zones"].values()), default=0)),
        ),
        Fact("Records made", "만든 레코드", str(summary["records"]["made"])),
    )


def _run(summary: Mapping[str, Any]) -> tuple[Fact, ...]:
    latency = summary["latency_ms"]
    return (
        Fact("Frames", "프레임", f"{summary['frames']:,}"),
        Fact("Speed", "속도", f"{summary['frames_per_second']:.1f} frames/s"),
        Fact(
            "Detector",
            "검출기",
            f"{summary['detector']} on {summary['provider'].removesuffix('ExecutionProvider')}",
        ),
        Fact("Detections", "검출", f"{summary['detections']:,}"),
        Fact("People tracked", "추적한 사람", f"{summary['tracks']:,}"),
        Fact(
            "Frame to result, p50 / p95 (stages overlap)",
            "프레임 처리 시간",
            f"{latency['p50']:.0f} / {latency['p95']:.0f} ms" if latency else "–",
        ),
        Fact("Whole run", "전체 시간", f"{summary['demo_seconds']:.1f} s"),
        Fact("Device", "장치", summary["device"]),
    )


def conservation_rows(conservation: Conservation) -> tuple[ConservationRow, ...]:
    """Return the account by table, with a row for messages in quarantine when there are any."""
    rows = [
        ConservationRow(
            table=table.table,
            made=table.made,
            in_lake=table.lake,
            accounted_in_mysql=table.mysql_accounted,
            dropped=table.dropped,
            quarantined=0,
        )
        for table in conservation.tables
    ]
    if conservation.quarantined:
        # A message that cannot be read belongs to no table.
        none_run = any(table.mysql_accounted is None for table in conservation.tables)
        accounted = None if none_run else 0
        rows.append(ConservationRow("messages in quarantine", 0, 0, accounted, 0, conservation.quarantined))
    return tuple(rows)


def _truth_row(one: Compared) -> TruthRow:
    name, _, figure = one.name.rpartition(" ")
    return TruthRow(
        one.name,
        f"{name} {_TRUTH_NAMES[figure]}",
        one.counted,
        one.true,
        decimals=2 if figure == "mean" else 0,
    )


def _files(out: Path) -> tuple[FilePlace, ...]:
    return (
        FilePlace("Summary", "요약", str(out / SUMMARY)),
        FilePlace("Key frame", "대표 화면", str(out / KEY_FRAME)),
        FilePlace("Lake (parquet)", "데이터 레이크", str(out / LAKE)),
    )


def _next_steps(out: Path) -> tuple[NextStep, ...]:
    return (
        NextStep(
            "Ask the lake a question",
            "레이크에 질문하기",
            f'.venv/bin/crowdlens athena --lake {shlex.quote(str(out / LAKE))} "SHOW TABLES"',
        ),
        NextStep(
            "Count in your own video", "내 영상으로 세어 보기", "make demo SOURCE=clip.mp4 SCENE=scene.yaml"
        ),
        NextStep("Use another detector", "다른 검출기 쓰기", "make demo MODEL=model.onnx"),
    )


def _notes(summary: Mapping[str, Any]) -> tuple[str, ...]:
    notes = []
    if summary["mysql_missing"]:
        notes.append(f"MySQL did not run: {summary['mysql_missing']}")
    if summary["problem"]:
        notes.append(f"The camera ended early: {summary['problem']}")
    if summary["stopped"]:
        notes.append("The run was stopped before its source ended; all that was counted until then is here.")
    return tuple(notes)
