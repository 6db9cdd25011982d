"""The numbers that the pictures of docs/questions.md show, each beside what it must be."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import question_dashboards as asked
from question_dashboards import shown
from question_map import PLACE, MapAnswer
from question_truth import Truth, days_before

from infra.local.athena import LocalAthena
from quicksight.preview import Drawing

Number = float | int | None


@dataclass(frozen=True)
class Answer:
    """One number of a picture: what it is of, what is shown, and what is true where that is known."""

    question: int
    what: str
    shown: Number
    true: Number

    def sentence(self) -> str:
        """Say both numbers."""
        return f"question {self.question}: {self.what}: shown {self.shown}, true {self.true}"


def wrong(answers: Iterable[Answer]) -> list[str]:
    """Return a sentence for each answer that is not the truth."""
    return [one.sentence() for one in answers if one.true is not None and one.shown != one.true]


def answers_of_map(told: MapAnswer, athena: LocalAthena) -> list[Answer]:
    """Return the count and the percentage of the card, and the busiest place, beside what Athena counts.

    The last window of the history is that from 08:59 on a Friday: hour 104 of the week.
    """
    live = athena.query(
        "SELECT camera, max(occupancy_last) FROM occupancy_live WHERE site = 'seoul-1' "
        "AND object_class = 'person' AND zone IN ('광장', '계단', '출구 앞', '횡단보도') GROUP BY camera"
    )
    counted = {str(camera): int(number) for camera, number in live.rows}
    ((usual,),) = athena.query(
        "SELECT usual_mean FROM usual_by_hour_of_week WHERE camera = 'seoul-1-plaza-2' AND zone = '광장' "
        "AND object_class = 'person' AND hour_of_week = 104"
    ).rows
    busiest, place = told.busiest, told.places[PLACE]
    name = place["name_en"]
    return [
        Answer(1, f"people at {name} now", place["count"], counted[PLACE]),
        Answer(1, f"percent of usual at {name}", place["percent"], round(counted[PLACE] / usual * 100)),
        Answer(
            2, f"people at {busiest['name_en']}, the busiest place", busiest["count"], max(counted.values())
        ),
    ]


def answers_of_dashboards(drawings: Mapping[str, Drawing], truth: Truth, yesterday: date) -> list[Answer]:
    """Return the answers to the questions 3 to 7."""
    return [
        *_gate(drawings["3-gate-yesterday"], truth, yesterday),
        *_busiest_hour(drawings["4-busiest-hour"], truth, yesterday),
        *_by_site(drawings["5-thirty-days"], truth, yesterday),
        *_events(6, drawings["6-too-dense"], truth, days_before(yesterday, 28), ["crowding"]),
        *_events(
            7,
            drawings["7-running-and-wrong-way"],
            truth,
            days_before(yesterday, 7),
            ["running", "wrong_direction", "wrong_side"],
        ),
    ]


def _gate(drawing: Drawing, truth: Truth, yesterday: date) -> list[Answer]:
    ((value, before),) = shown(drawing, "kpi-came-in")
    week_before = days_before(yesterday, 8)[0]
    true = [truth.came_in("camera", [day], camera=asked.GATE)[asked.GATE] for day in (yesterday, week_before)]
    return [
        Answer(3, f"came in at {asked.GATE} on {yesterday}", value, true[0]),
        Answer(3, f"came in at {asked.GATE} on {week_before}", before, true[1]),
    ]


def _busiest_hour(drawing: Drawing, truth: Truth, yesterday: date) -> list[Answer]:
    days = days_before(yesterday, 28)
    cells = {
        (int(str(weekday)[0]), int(hour)): number
        for weekday, hour, number in shown(drawing, "in-by-weekday-and-hour")
        if number
    }
    counted = truth.came_in_by_hour(asked.GATE, days)
    weekday, hour = max(cells, key=lambda cell: cells[cell])
    total = truth.came_in("camera", days, camera=asked.GATE)[asked.GATE]
    return [
        Answer(
            4,
            f"weekday (1 is Monday) with the busiest hour at {asked.GATE}",
            weekday,
            max(counted, key=counted.__getitem__)[0],
        ),
        Answer(4, "its hour of the day", hour, max(counted, key=counted.__getitem__)[1]),
        Answer(4, "came in in that hour in four weeks", cells[weekday, hour], max(counted.values())),
        Answer(4, "all cells together", sum(cells.values()), total),
        Answer(
            4, "cells that differ", sum(cells.get(key, 0) != counted[key] for key in {*cells, *counted}), 0
        ),
    ]


def _by_site(drawing: Drawing, truth: Truth, yesterday: date) -> list[Answer]:
    days = days_before(yesterday, 29)
    found = {(str(day), str(site)): number for day, site, number in shown(drawing, "in-by-day-and-site")}
    true = {(str(day), site): number for day in days for site, number in truth.came_in("site", [day]).items()}
    answers = [
        Answer(
            5,
            f"came in at {site} in {len(days)} days",
            sum(number for (_, name), number in found.items() if name == site),
            sum(number for (_, name), number in true.items() if name == site),
        )
        for site in asked.SITES
    ]
    different = sum(found.get(key) != number for key, number in true.items() if key[1] in asked.SITES)
    return [*answers, Answer(5, "days of a site that differ", different, 0)]


def _events(
    question: int, drawing: Drawing, truth: Truth, days: Sequence[date], kinds: Sequence[str]
) -> list[Answer]:
    shown_by_place = shown(drawing, "events-by-place")
    cameras: dict[str, int] = {}
    for place, _, number in shown_by_place:
        camera = str(place).split(" / ")[-2]
        cameras[camera] = cameras.get(camera, 0) + int(number)
    true = truth.events("camera", days, kinds)
    answers = [
        Answer(question, f"events at {camera} in {len(days)} days", cameras.get(camera, 0), number)
        for camera, number in true.most_common()
    ]
    return [*answers, Answer(question, "cameras shown", len(cameras), len(true))]


def nearby(athena: LocalAthena) -> list[Answer]:
    """Return how many free Wi-Fi there are, and how many of the places in Korea have one within 300 m."""
    ((entries,),) = athena.query("SELECT sum(entries) FROM wifi_by_city").rows
    rows = athena.query(
        "SELECT p.name_en, count(w.distance_metres) FROM places p LEFT JOIN wifi_near_places w "
        "ON w.place_id = p.place_id AND w.distance_metres <= 300 WHERE p.site <> 'newyork-1' "
        "GROUP BY p.place_id, p.name_en ORDER BY 2 DESC, 1"
    ).rows
    ((top, most),) = athena.query("SELECT city, entries FROM wifi_by_city ORDER BY entries DESC LIMIT 1").rows
    return [
        Answer(10, "free Wi-Fi access points in the file", int(entries), None),
        Answer(10, f"of them in {top}, which has most", int(most), None),
        Answer(10, "places in Korea", len(rows), None),
        Answer(
            10, "places in Korea with free Wi-Fi within 300 m", sum(number > 0 for _, number in rows), None
        ),
        *(Answer(10, f"within 300 m of {name}", int(number), None) for name, number in rows if number),
    ]
