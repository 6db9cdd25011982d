"""`crowdlens audit --hand`: compares, tells and draws."""

from __future__ import annotations

import argparse
import math

from cli.audit import report
from cli.audit.compare import Audit, compare
from cli.audit.intervals import NOT_KNOWN
from cli.audit.opening import AuditCallError, open_counted
from cli.audit.page import write_page
from cli.audit.sampling import stretches_needed
from cli.output import print_json, say


def compare_call(arguments: argparse.Namespace) -> int:
    """Compare, write the page if one is wanted, print, and return the exit status."""
    if arguments.counted is None:
        raise AuditCallError(
            "--counted is missing: expected the lake folder of the run, for example out/demo/lake"
        )
    rows, run, remarks = open_counted(
        arguments.hand,
        arguments.counted,
        arguments.start,
        arguments.camera,
        arguments.object_class,
        scene=arguments.scene,
    )
    audits = compare(rows, run)
    failed = _failed(audits, arguments.maximum_error)
    if arguments.page:
        write_page(
            arguments.page,
            audits,
            hand=arguments.hand,
            counted=arguments.counted,
            time_zone=run.time_zone,
            remarks=remarks,
            maximum_percent=arguments.maximum_error,
        )
    if arguments.json:
        _print_document(arguments, audits, remarks, failed)
    else:
        _print_sentences(arguments, audits, remarks, failed)
        if not report.is_random(audits):
            say(f"note      {report.NOT_RANDOM[0]}")
        if arguments.page:
            say(f"page      {arguments.page}")
    return 1 if failed else 0


def _failed(audits: list[Audit], maximum_percent: float | None) -> list[str]:
    if maximum_percent is None:
        return []
    return [str(audit.subject) for audit in audits if not audit.within(maximum_percent)]


def _print_document(
    arguments: argparse.Namespace, audits: list[Audit], remarks: list[str], failed: list[str]
) -> None:

    subjects = [report.figures(audit) for audit in audits]
    if arguments.half_width:
        for subject, audit in zip(subjects, audits, strict=True):
            needed = stretches_needed(audit, arguments.half_width / 100)
            subject["stretches_needed"] = int(needed) if math.isfinite(needed) else None
    print_json(
        {
            "subjects": subjects,
            "confidence_percent": 95,
            "random_sample": report.is_random(audits),
            "maximum_error_percent": arguments.maximum_error,
            "outside_maximum_error": failed,
            "remarks": remarks,
        }
    )


def _print_sentences(
    arguments: argparse.Namespace, audits: list[Audit], remarks: list[str], failed: list[str]
) -> None:
    for audit in audits:
        print(report.sentence(audit))
        if audit.used:
            print(f"  without cancelling: {_absolute(audit)}")
            print(f"  how: {report.method(audit.error_interval)}")
        for remark in report.remarks(audit):
            print(f"  {remark}")
        if arguments.half_width:
            needed = stretches_needed(audit, arguments.half_width / 100)
            amount = (
                f"{needed:.0f} stretches in all" if math.isfinite(needed) else "cannot be told from these"
            )
            print(f"  for ±{arguments.half_width:g} %: {amount}")
    for remark in remarks:
        say(f"note      {remark}")
    if arguments.maximum_error is not None:
        verdict = f"not shown for {', '.join(failed)}" if failed else "shown for every line and zone"
        say(f"verdict   within ±{arguments.maximum_error:g} %: {verdict}")


def _absolute(audit: Audit) -> str:
    unit = "a stretch" if audit.subject.is_line else "an instant"
    said = f"mean {audit.mean_absolute_error:.2f} {unit}"
    if math.isnan(audit.absolute_error):
        return said
    said = f"{said} = {report.percent(audit.absolute_error).removeprefix('+')}"
    limits = audit.absolute_error_interval
    return said if limits.method == NOT_KNOWN else f"{said}, {report.limits(limits)}"
