"""`crowdlens audit --sample`: draws the minutes to count by hand."""

from __future__ import annotations

import argparse
import math
import secrets

from cli.audit.counted import CountedRun
from cli.audit.hand_file import Subject
from cli.audit.intervals import FEW_STRETCHES
from cli.audit.opening import AuditCallError, open_sample_run, subjects_to_count
from cli.audit.sample_file import write_sample, written_time
from cli.audit.sampling import (
    ONE_STRATUM,
    analysed,
    draw,
    hourly_rates,
    minutes_needed,
    strata_of,
    whole_minutes,
)
from cli.output import print_json, say

DEFAULT_HALF_WIDTH_PERCENT = 5.0


def sample(arguments: argparse.Namespace) -> int:
    """Draw minutes, write the file to fill in, and say how many minutes a wanted half-width takes."""
    begin_ms, end_ms = _period(arguments)
    run = open_sample_run(arguments.lake, begin_ms, end_ms, arguments.camera, arguments.object_class)
    subjects = subjects_to_count(arguments.scene, run)
    whole = whole_minutes(begin_ms, end_ms)
    minutes = analysed(whole, run) if run else whole
    if not minutes:
        raise AuditCallError("--from and --to hold no whole minute that the camera analysed: expected others")
    needed = _needed(arguments, run, subjects, minutes)
    wanted = arguments.minutes or min(max(_largest(needed), FEW_STRETCHES), len(minutes))
    rates = hourly_rates(minutes, run, subjects) if run and arguments.stratify else [0.0] * len(minutes)
    seed = secrets.randbelow(2**31) if arguments.seed is None else arguments.seed
    drawn = draw(
        minutes, strata_of(rates) if arguments.stratify else [ONE_STRATUM] * len(minutes), rates, wanted, seed
    )
    zone = arguments.begin.tzinfo
    facts = [
        f"crowdlens audit --sample: {len(drawn)} of {len(minutes)} analysed minutes, seed {seed}",
        f"period {written_time(begin_ms, zone)} to {written_time(end_ms, zone)}",
        "lines: write the crossings from start to end into count",
        "zones: write the people inside at the moment of start into people",
        "0 where nobody came, nothing where it is not counted; leave stratum and weight as they are",
    ]
    write_sample(arguments.out, drawn, subjects, zone, facts)
    _print_plan(arguments, needed, {"minutes": len(drawn), "analysed_minutes": len(minutes), "seed": seed})
    if len(minutes) < len(whole):
        left_out = len(whole) - len(minutes)
        say(f"note      {left_out} minutes of the period are left out: the camera did not analyse them")
    return 0


def _period(arguments: argparse.Namespace) -> tuple[int, int]:
    if arguments.begin is None or arguments.end is None:
        raise AuditCallError("--sample needs the period: expected --from TIME and --to TIME")
    begin_ms, end_ms = (round(at.timestamp() * 1000) for at in (arguments.begin, arguments.end))
    if end_ms - begin_ms < 60_000:
        raise AuditCallError(f"--to is {arguments.end.isoformat()}: expected a minute or more after --from")
    if end_ms - begin_ms > 366 * 86_400_000:
        raise AuditCallError("--from and --to are more than a year apart: expected a year or less")
    if arguments.stratify and arguments.lake is None:
        raise AuditCallError("--stratify needs --lake: the counts there say which hours are busy")
    if arguments.minutes is None and (arguments.half_width is None or arguments.lake is None):
        raise AuditCallError("--minutes is missing: expected it, or --half-width PERCENT with --lake")
    return begin_ms, end_ms


def _needed(
    arguments: argparse.Namespace, run: CountedRun | None, subjects: list[Subject], minutes: list[int]
) -> dict[Subject, float]:
    if run is None:
        return {}
    half_width = (arguments.half_width or DEFAULT_HALF_WIDTH_PERCENT) / 100
    found = {}
    for subject in subjects:
        rates = hourly_rates(minutes, run, [subject])
        found[subject] = minutes_needed(
            sum(rates) / len(rates),
            half_width,
            expected_error=arguments.expected_error / 100,
            population=len(minutes),
        )
    return found


def _largest(needed: dict[Subject, float]) -> int:
    known = [minutes for minutes in needed.values() if math.isfinite(minutes)]
    if not known:
        raise AuditCallError(
            "--minutes is missing: nothing was counted in the period, so the lake cannot tell"
        )
    return round(max(known))


def _amount(minutes: int | None, analysed_minutes: int) -> str:
    if minutes is None:
        return "cannot be told: nothing counted"
    if analysed_minutes < FEW_STRETCHES:
        return f"not to be had: the period has {analysed_minutes} analysed minutes, take a longer one"
    return f"about {max(minutes, FEW_STRETCHES)} of {analysed_minutes} minutes"


def _print_plan(arguments: argparse.Namespace, needed: dict[Subject, float], facts: dict[str, int]) -> None:
    half_width = arguments.half_width or DEFAULT_HALF_WIDTH_PERCENT
    amounts = {str(subject): int(n) if math.isfinite(n) else None for subject, n in needed.items()}
    if arguments.json:
        plan = {"half_width_percent": half_width, "minutes_needed": amounts}
        print_json({"out": str(arguments.out), **facts, **plan})
        return
    print(f"{arguments.out}: {facts['minutes']} of {facts['analysed_minutes']} minutes, seed {facts['seed']}")
    for name, amount in amounts.items():
        print(f"for ±{half_width:g} % on {name}: {_amount(amount, facts['analysed_minutes'])}")
    if amounts:
        say(f"note      this takes {arguments.expected_error:g} % to be miscounted (--expected-error)")
