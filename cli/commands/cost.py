"""`crowdlens cost`: what a fleet asks of AWS, what it costs, and which limit it meets first."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING

from cli.output import print_json, say, table
from edge_components.publisher.settings import PROFILES
from infra.cost.prices import DEFAULT_REGION, price_list

if TYPE_CHECKING:
    from infra.cost.model import Estimate
    from infra.cost.standing import Standing

EXAMPLE = """examples:
  crowdlens cost --cameras 1,10,100,1000,10000 --region us-east-1
  crowdlens cost --cameras 1000 --profile economy --batch-window 20 --batch-size 1000
  crowdlens cost --cameras 10000 --profile live --outage-hours 168 --json
a model: this project's measured figures, AWS's published prices and limits, and a simulation of the two
queues; docs/cost.md says what it stands on"""
FLEETS = (10, 100, 1_000, 10_000)
MAXIMUM_BATCH_MESSAGES = 10_000
_ANY_ACCOUNT = "111122223333"
"""A stage's cost does not hang on whose it is."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `crowdlens cost`."""
    parser.epilog = EXAMPLE
    parser.add_argument(
        "--cameras", type=_fleets, default=FLEETS, help="fleets, with commas (default: 10,100,1000,10000)"
    )
    parser.add_argument("--profile", choices=sorted(PROFILES), help="one profile (without it: both)")
    parser.add_argument("--region", default=DEFAULT_REGION, help=f"whose prices (default: {DEFAULT_REGION})")
    parser.add_argument(
        "--window-seconds", type=_positive, default=10.0, help="window of the cameras' counts"
    )
    parser.add_argument(
        "--cameras-per-device", type=_whole, default=1, help="cameras that share a device's publisher"
    )
    parser.add_argument(
        "--batch-window", type=_window, help="lake_writer's, instead of the one in force, seconds"
    )
    parser.add_argument(
        "--batch-size", type=_batch, help="lake_writer's, instead of the one in force, messages"
    )
    parser.add_argument("--stored-days", type=_positive, default=90.0, help="days that the lake holds")
    parser.add_argument(
        "--outage-hours", type=_positive, default=24.0, help="time that half the cameras were away"
    )
    parser.add_argument("--json", action="store_true", help="print every figure as JSON")
    parser.set_defaults(execute=execute)


def execute(arguments: argparse.Namespace) -> int:
    """Estimate each fleet asked for, and print them."""
    found = [
        _estimate(arguments, cameras, profile)
        for profile in ([arguments.profile] if arguments.profile else sorted(PROFILES))
        for cameras in arguments.cameras
    ]
    idle = _idle(arguments.region)
    read_on = price_list().read_on.isoformat()
    if arguments.json:
        print_json(
            {
                "region": arguments.region,
                "prices_of": read_on,
                "fleets": [one.as_dict() for one in found],
                "idle": {title: _idle_figures(one) for title, one in idle.items()},
            }
        )
        return 0
    print(table(("load", *map(_title, found)), _load(found)))
    print()
    print(table((f"US dollars a month, {arguments.region}", *map(_title, found)), _dollars(found)))
    print()
    print(table((f"idle: US dollars a month, {arguments.region}", *idle), _idle_rows(list(idle.values()))))
    print()
    print(table(("nearest limits", "used", "what to turn"), _nearest(found)))
    say(f"prices of {read_on}; lake of {arguments.stored_days:g} days; no free tier, no discount")
    return 0


def _estimate(arguments: argparse.Namespace, cameras: int, profile: str) -> Estimate:
    from infra.cost.fleet import Fleet
    from infra.cost.ingest import Settings
    from infra.cost.model import Outage, estimate

    settings = Settings.of(profile)
    writer = replace(
        settings.writer,
        batch_window_seconds=settings.writer.batch_window_seconds
        if arguments.batch_window is None
        else arguments.batch_window,
        batch_size=arguments.batch_size or settings.writer.batch_size,
    )
    return estimate(
        Fleet(
            cameras,
            profile,
            window_seconds=arguments.window_seconds,
            cameras_a_device=arguments.cameras_per_device,
        ),
        arguments.region,
        settings=replace(settings, writer=writer),
        outage=Outage(hours=arguments.outage_hours),
        stored_days=arguments.stored_days,
    )


def _idle(region: str) -> dict[str, Standing]:
    """Return what each stage costs though nothing is counted, with and without MySQL."""
    from infra.config import read_config
    from infra.cost.standing import standing

    return {
        f"{stage}, MySQL {mysql}": standing(
            read_config({"stage": stage, "region": region, "account": _ANY_ACCOUNT, "mysql": mysql}.get),
            price_list(),
        )
        for stage in ("dev", "prod")
        for mysql in ("on", "off")
    }


def _idle_figures(found: Standing) -> dict[str, object]:
    return {
        "usd_a_month": {service: round(usd, 2) for service, usd in found.by_service.items()},
        "total": round(found.total, 2),
        "less_always_free": round(found.less_always_free, 2),
    }


def _idle_rows(found: list[Standing]) -> list[list[str]]:
    services = dict.fromkeys(service for one in found for service in one.by_service)
    rows = [[service, *(f"{one.by_service.get(service, 0.0):,.2f}" for one in found)] for service in services]
    rows.append(["in all, at list prices", *(f"{one.total:,.2f}" for one in found)])
    rows.append(["less what AWS always gives", *(f"{one.less_always_free:,.2f}" for one in found)])
    return rows


def _title(found: Estimate) -> str:
    return f"{found.fleet.cameras:,} {found.fleet.profile_name}"


def _load(found: list[Estimate]) -> list[list[str]]:
    every = [one.as_dict() for one in found]
    rows = {
        "messages/s": [f"{one['messages_a_second']:,.1f}" for one in every],
        "messages a call": [f"{one['messages_a_call']:,.1f}" for one in every],
        "lake_writer at once, mean / most": [
            f"{one['lake_writer_concurrency']['mean']:g} / {one['lake_writer_concurrency']['most']}"
            for one in every
        ],
        "arrival to lake p95, s": [f"{one['lake_writer_delay_seconds']['p95']}" for one in every],
        "rds_loader at once, mean / most": [
            f"{one['rds_loader_concurrency']['mean']:g} / {one['rds_loader_concurrency']['most']}"
            for one in every
        ],
        "objects a day": [f"{one['objects_a_day']:,}" for one in every],
        "MySQL rows/s": [f"{one['mysql_rows_a_second']:,.0f}" for one in every],
        "MySQL instance": [str(one["mysql"]["instance"]) for one in every],
        "MySQL GB": [f"{one['mysql']['gb']:,}" for one in every],
        "lake GB a month": [f"{one['lake_gb_a_month']:,.1f}" for one in every],
        "outage: messages back": [f"{one['outage']['messages']:,}" for one in every],
        "outage: lake_writer at once": [f"{one['outage']['lake_writer_concurrency']}" for one in every],
        "outage: oldest message, s": [f"{one['outage']['oldest_message_seconds']:,.0f}" for one in every],
        "outage: all in the lake, s": [_drained(one["outage"]) for one in every],
        "outage: all in MySQL, h": [_hours(one["outage"]["mysql_seconds"]) for one in every],
    }
    return [[name, *cells] for name, cells in rows.items()]


def _drained(outage: dict[str, float]) -> str:
    return f"{outage['lake_seconds']:,.0f}" if not outage["messages_left"] else "more than 3,600"


def _hours(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds / 3600:.2f}"


def _dollars(found: list[Estimate]) -> list[list[str]]:
    rows = [[name, *(f"{one.variable[name]:,.2f}" for one in found)] for name in found[0].variable]
    rows.append(["a camera, without fees", *(f"{one.variable_a_camera:.4f}" for one in found)])
    rows.append(["a million records, without fees", *(f"{one.usd_a_million_records:.4f}" for one in found)])
    rows += [[f"fee: {name}", *(f"{one.fixed[name]:,.2f}" for one in found)] for name in found[0].fixed]
    rows.append(["fees a camera", *(f"{one.fixed_a_camera:.2f}" for one in found)])
    a_camera = [one.variable_a_camera + one.fixed_a_camera for one in found]
    in_all = [usd * one.fleet.cameras for usd, one in zip(a_camera, found, strict=True)]
    rows.append(["in all", *(f"{usd:,.2f}" for usd in in_all)])
    rows.append(["in all, a camera", *(f"{usd:.2f}" for usd in a_camera)])
    return rows


def _nearest(found: list[Estimate]) -> list[list[str]]:
    return [
        [f"{_title(one)}: {limit.name}", f"{limit.used:.0%}", limit.turn]
        for one in found
        for limit in one.limits[:2]
    ]


def _fleets(text: str) -> tuple[int, ...]:
    return tuple(_whole(part.strip()) for part in text.split(","))


def _whole(text: str) -> int:
    if text.isascii() and text.isdigit() and 1 <= int(text) <= 1_000_000:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number from 1 to 1000000")


def _batch(text: str) -> int:
    # An event source mapping takes no more from a standard queue.
    if text.isascii() and text.isdigit() and 1 <= int(text) <= MAXIMUM_BATCH_MESSAGES:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r}: expected whole messages from 1 to {MAXIMUM_BATCH_MESSAGES}")


def _window(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) <= 300:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r}: expected whole seconds from 0 to 300")


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number <= 100_000:
        raise argparse.ArgumentTypeError(f"{text!r}: expected a number above 0")
    return number
