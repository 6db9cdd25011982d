"""Finds the header row of a file and which of its columns is which of the data set's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from contract.errors import CrowdLensError
from lambdas.open_data.cells import CellError, read_degrees
from lambdas.open_data.profile import Profile, plain
from lambdas.open_data.rows import Batch, Reader

LOOKED_AT_RECORDS = 50
"""Titles, units and empty lines stand above a header, but no more of them."""


class HeaderError(CrowdLensError):
    """Raised when a file has no header of the data set asked for."""


@dataclass(frozen=True)
class Header:
    """Where the header is and what it says.

    `places` has the place of each column of the profile that the file has, `others` the names and places of
    those that the profile does not know. `by_position`: there is no header, the columns stand in order.
    """

    line: int
    names: tuple[str, ...]
    places: Mapping[str, int]
    by_position: bool = False

    @property
    def width(self) -> int:
        """How many cells a row has; empty ones at its end do not count."""
        return len(self.names)

    @property
    def others(self) -> tuple[tuple[str, int], ...]:
        """Named columns that the profile does not know."""
        taken = set(self.places.values())
        return tuple((name, place) for place, name in enumerate(self.names) if name and place not in taken)


def first_records(reader: Reader) -> Batch:
    """Return the records at the start of a file, in which a header can be; of XML its field names first."""
    found = Batch()
    if reader.names is not None:
        found.lines.append(0)
        found.cells.append(reader.names)
    for batch in reader.batches():
        found.lines += batch.lines
        found.cells += batch.cells
        if len(found.lines) >= LOOKED_AT_RECORDS:
            break
    return Batch(found.lines[:LOOKED_AT_RECORDS], found.cells[:LOOKED_AT_RECORDS])


def choose_profile(records: Batch, profiles: Sequence[Profile]) -> Profile | None:
    """Return the profile whose data set the file is of: recognised, and most columns found; or None."""
    fitting = [
        (len(places), profile)
        for profile in profiles
        for cells in records.cells
        if (places := match_columns(cells, profile))
        and 3 * len(places) >= len(profile.columns)
        and {plain(name) for name in cells} & {plain(name) for name in profile.recognised_by}
    ]
    return max(fitting, key=lambda pair: pair[0])[1] if fitting else None


def find_header(records: Batch, profile: Profile) -> Header:
    """Return the header row of a file of `profile`; raises `HeaderError` naming what is missing."""
    found = [match_columns(cells, profile) for cells in records.cells]
    best = max(range(len(found)), key=lambda index: len(found[index]), default=0)
    places = found[best] if found else {}
    if len(places) < min(2, len(profile.columns)):
        positional = _by_position(records, profile)
        if positional is not None:
            return positional
        raise HeaderError(
            f"no header of {profile.name} is among the first {len(records.cells)} rows: expected names like "
            + ", ".join(column.korean for column in profile.columns[:4])
        )
    for column in profile.columns:
        if column.in_header and column.name not in places:
            raise HeaderError(
                f"the header in line {records.lines[best]} has no column {column.korean}: expected it, or "
                f"one of {', '.join(column.synonyms[:5]) or 'its synonyms'}"
            )
    return Header(records.lines[best], _trimmed(records.cells[best]), places)


def match_columns(names: Sequence[str], profile: Profile) -> dict[str, int]:
    """Return the place of each column of `profile` whose name, in any spelling, is among `names`."""
    place_of: dict[str, int] = {}
    for place, name in enumerate(names):
        place_of.setdefault(plain(name), place)
    found: dict[str, int] = {}
    for column in profile.columns:
        spellings = (column.korean, column.name, *column.synonyms)
        match = next((place_of[plain(one)] for one in spellings if plain(one) in place_of), None)
        if match is not None and match not in found.values():
            found[column.name] = match
    return found


def _by_position(records: Batch, profile: Profile) -> Header | None:
    """Return a header for a file that begins with data: as many columns as the profile, places of Korea."""
    if not records.cells:
        return None
    cells = _trimmed(records.cells[0])
    places = {column.name: place for place, column in enumerate(profile.columns)}
    kinds = [profile.of_type(kind) for kind in ("latitude", "longitude")]
    if len(cells) != len(profile.columns) or None in kinds:
        return None
    try:
        for name in kinds:
            read_degrees(cells[places[str(name)]].strip())
    except CellError:
        return None
    return Header(0, tuple(column.korean for column in profile.columns), places, by_position=True)


def _trimmed(cells: Sequence[str]) -> tuple[str, ...]:
    width = max((place + 1 for place, cell in enumerate(cells) if cell.strip()), default=0)
    return tuple(cell.strip() for cell in cells[:width])
