"""What `crowdlens reconcile` says of the account of days: a table, a line for each difference, a verdict."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from cli.output import printable, say, table

if TYPE_CHECKING:
    from lambdas.reconciler.account import Counts, DeviceDay
    from lambdas.reconciler.reconciler import DayFound, DayLoads

_HEADER: Final = (
    "day", "device", "made", "in lake", "dropped", "on the way", "missing", "no ledger yet", "not in MySQL",
    "loading",
)  # fmt: skip
_OF_MYSQL: Final = frozenset({"not_in_mysql", "loading"})


@dataclass(frozen=True)
class Account:
    """The account of days of one lake; `untold` counts records of which no ledger tells, by now."""

    days: list[DayFound]
    unreadable: Mapping[str, str]
    with_mysql: bool
    untold: int = 0

    @property
    def complete(self) -> bool:
        """Whether everything is known and where it should be."""
        return bool(self.days) and not (self.differs or self.unreadable or self.untold)

    @property
    def differs(self) -> bool:
        """Whether something is not where it should be."""
        return any(day.total.differs for day in self.days)

    def compares(self, day: str, table_name: str | None = None) -> bool:
        """Return whether MySQL was looked at and keeps this day, of a table or of any."""
        from contract.mysql import first_kept_day
        from contract.tables import TABLES

        today: date = datetime.now(tz=UTC).date()
        names = TABLES if table_name is None else (table_name,)
        return self.with_mysql and any(day >= first_kept_day(name, today) for name in names)


def records_without_any_ledger(
    devices: Iterable[DeviceDay], loads: DayLoads, settled_before: datetime
) -> int:
    """Return how many records a day has of devices and tables of which no ledger tells at all.

    A table whose objects all came after `settled_before` does not count yet: its ledger may be on the way.
    """
    settled = {
        name
        for name, objects in loads.tables.items()
        if any(item.last_modified <= settled_before for item in (*objects.raw, *objects.compacted))
    }
    return sum(
        counts.in_lake
        for device in devices
        for name, counts in device.tables.items()
        if name in settled and counts.in_lake == counts.without_ledger
    )


def as_json(account: Account) -> dict[str, Any]:
    """Return the account as a document; what MySQL was not asked about is null."""
    return {
        "complete": account.complete,
        "mysql_looked_at": account.with_mysql,
        "records_without_any_ledger": account.untold,
        "days": [_day_as_json(account, day) for day in account.days],
        "unreadable": account.unreadable,
    }


def _day_as_json(account: Account, day: DayFound) -> dict[str, Any]:
    devices = [
        {
            "device": device.device,
            **_values(device.total, account.compares(day.day)),
            "tables": {
                name: _values(counts, account.compares(day.day, name))
                for name, counts in sorted(device.tables.items())
            },
        }
        for _, device in sorted(day.devices.items())
    ]
    short = day.short_in_mysql if account.compares(day.day) else None
    return {"day": day.day, "devices": devices, "short_in_mysql": short}


def _values(counts: Counts, compared: bool) -> dict[str, int | None]:
    return {
        name: value if compared or name not in _OF_MYSQL else None for name, value in asdict(counts).items()
    }


def show(account: Account) -> None:
    """Print the account for a person: counts to standard output, differences and verdict to the other."""
    rows = [
        (day.day, printable(name), *_cells(_values(device.total, account.compares(day.day))))
        for day in account.days
        for name, device in sorted(day.devices.items())
    ]
    if rows:
        print(table(_HEADER, rows))
    for key, reason in account.unreadable.items():
        say(f"unreadable: {printable(key)}: {printable(reason)}")
    for day in account.days:
        for line in _differences(day):
            say(f"{day.day} {printable(line)}")
    say(f"{_verdict(account)}; {_of_mysql(account)}")


def _cells(values: Mapping[str, int | None]) -> list[object]:
    return ["-" if value is None else value for value in values.values()]


def _differences(day: DayFound) -> Iterator[str]:
    for name, device in sorted(day.devices.items()):
        for table_name, counts in sorted(device.tables.items()):
            if counts.missing:
                yield f"{name}: {counts.missing} records of {table_name} are missing"
    for table_name, short in sorted(day.short_in_mysql.items()):
        yield f"MySQL lacks {short} rows of {table_name}: `crowdlens rebuild --missing` loads them"


def _verdict(account: Account) -> str:
    totals = [day.total for day in account.days]
    made, missing, lacking, coming, dropped, without = (
        sum(getattr(one, name) for one in totals)
        for name in ("made", "missing", "not_in_mysql", "on_the_way", "dropped", "without_ledger")
    )
    if account.differs:
        short = f", {lacking:,} are not in MySQL" if account.with_mysql else ""
        return f"NOT complete: of {made:,} records made {missing:,} are missing{short}"
    if account.unreadable:
        unread = f"{len(account.unreadable)} objects cannot be read"
        return f"NOT known: {unread}, and what is in them counts as not there"
    if not account.days:
        return "NOT known: the lake holds nothing, and nothing says whether records were made"
    if account.untold:
        return (
            f"NOT known: {account.untold:,} records have no ledger yet: whether more were made is not known"
        )
    where = "are in the lake" + (f", {dropped:,} of them declared dropped" if dropped else "")
    more = (f", {coming:,} on the way" if coming else "") + (
        f", {without:,} have no ledger yet" if without else ""
    )
    return f"nothing is missing: {made:,} records made {where}{more}"


def _of_mysql(account: Account) -> str:
    if not account.with_mysql:
        return "MySQL was not looked at"
    if not any(account.compares(day.day) for day in account.days):
        return "MySQL keeps none of these days"
    having = "has what it keeps of them," if account.complete else "was looked at"
    by = "by its ledger and the number of its rows (`crowdlens rebuild --check` compares the rows)"
    return f"MySQL {having} {by}"
