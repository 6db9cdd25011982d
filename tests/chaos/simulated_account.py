"""What the reconciler says at the end of a schedule, held against what is really there."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping

from contract.lake import RAW_PREFIX, day_of, parse_raw_key
from contract.tables import GAPS, STREAM_LEDGER
from lambdas.reconciler.account import Counts
from lambdas.reconciler.reconciler import DayFound
from tests.chaos.simulated_cloud import Cloud
from tests.chaos.truth import Lake, Stream, arrived_sequences, declared_gaps, read_lake

_Place = tuple[str, str, str]
"""Day, device, table."""


def find_account_problems(cloud: Cloud) -> list[str]:
    """Return where the account of a device, day or table is not exact, and what is reported that is well."""
    reconciliation = cloud.reconciliation
    lake = read_lake(cloud.s3.lake())
    found = reconciliation.account()
    total = sum((day.total for day in found.values()), Counts())
    cloud.world.seen["records in the reconciler's account"] += total.made
    problems = [
        f"the reconciler says of {table} of {device} on {day}: {counts}"
        for (day, device, table), counts in _counts(found).items()
        if _differs(counts)
    ]
    problems += [
        f"{day}: MySQL is short of {one.short_in_mysql}" for day, one in found.items() if one.total.differs
    ]
    problems += _in_lake(lake, found)
    problems += _made_and_dropped(lake, declared_gaps(lake, []), found)
    reconciliation.reconcile(found)
    problems += [f"a difference stays open: {one}" for one in reconciliation.open_differences()]
    remembered = reconciliation.memory().days()
    problems += [
        f"{day} is remembered as {remembered.get(day)}: the account is {one.total}"
        for day, one in found.items()
        if day not in remembered or remembered[day].counts != one.total
    ]
    return problems


def find_overlooked_loss(cloud: Cloud) -> list[str]:
    """Take an object out of the lake for a moment; return what the reconciler does not say about it."""
    whole = read_lake(cloud.s3.lake())
    raw = sorted(key for key in cloud.s3.objects if _is_data(key))
    cloud.world.dice("thief").shuffle(raw)
    for key in raw[:4]:
        stolen = cloud.s3.objects.pop(key)
        gone = whole.rows.keys() - read_lake(cloud.s3.lake()).rows.keys()
        missing = _missing(cloud.reconciliation.account()) if gone else Counter()
        cloud.s3.objects[key] = stolen
        if gone:
            expected = Counter(_place_of(*whole.rows[identity]) for identity in gone)
            cloud.world.seen["records taken away and missed"] += missing.total()
            return [] if missing == expected else [f"{expected} were taken away: {missing} are missed"]
    return []


def _is_data(key: str) -> bool:
    """Return whether a key is of raw records that the ledger tells of."""
    return key.startswith(RAW_PREFIX) and parse_raw_key(key)[0] not in (GAPS.name, STREAM_LEDGER.name)


def _place_of(table: str, row: Mapping[str, object]) -> _Place:
    return day_of(int(str(row["event_time"]))), str(row["device"]), table


def _differs(counts: Counts) -> bool:
    return counts != Counts(counts.made, counts.in_lake, counts.dropped)


def _counts(found: Mapping[str, DayFound]) -> dict[_Place, Counts]:
    return {
        (day, device, table): counts
        for day, one in found.items()
        for device, of_device in one.devices.items()
        for table, counts in of_device.tables.items()
    }


def _missing(found: Mapping[str, DayFound]) -> Counter[_Place]:
    return Counter({place: counts.missing for place, counts in _counts(found).items() if counts.missing})


def _in_lake(lake: Lake, found: Mapping[str, DayFound]) -> list[str]:
    true = Counter(_place_of(table, row) for table, row in lake.rows.values())
    said = Counter({place: counts.in_lake for place, counts in _counts(found).items() if counts.in_lake})
    return [
        f"{place}: {said[place]} are said to be in the lake, {true[place]} are"
        for place in true | said
        if said[place] != true[place]
    ]


def _made_and_dropped(
    lake: Lake, gaps: Mapping[Stream, set[int]], found: Mapping[str, DayFound]
) -> list[str]:
    """Compare by device and table: the days of what was dropped nobody but the ledger knows."""
    said: dict[tuple[str, str], Counts] = defaultdict(Counts)
    for (_, device, table), counts in _counts(found).items():
        said[device, table] += counts
    arrived = arrived_sequences(lake)
    made: Counter[tuple[str, str]] = Counter()
    dropped: Counter[tuple[str, str]] = Counter()
    for stream in {*arrived, *gaps}:
        place = (stream[0], stream[2].rpartition("/")[2])
        made[place] += len(arrived.get(stream, set()) | gaps.get(stream, set()))
        dropped[place] += len(gaps.get(stream, ()))
    return [
        f"{place}: {said[place]} is said, {made[place]} were made and {dropped[place]} declared dropped"
        for place in made
        # No ledger tells of the ledger: a declared drop before or behind all rows of a day is in no day.
        if place[1] != STREAM_LEDGER.name
        and (said[place].made, said[place].dropped) != (made[place], dropped[place])
    ]
