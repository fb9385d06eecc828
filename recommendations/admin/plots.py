"""The plots of the page Operations: geometry in whole units, 340 wide, and the same in a table."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils import timezone

from recommendations.operations.figures import wording
from recommendations.operations.figures.runs import Percentiles, Period, Runs

#: A plot's inside, and how many words have room under it.
LEFT, RIGHT, TALL = 34, 336, 110
MOST_WORDS = 6

#: The least time that is told apart, as a power of ten.
LEAST = -2

NAMES = ["p50", "p95", "p99"]


@dataclass(frozen=True)
class Mark:
    """A word beside a line, or under the plot."""

    at: int
    word: str


@dataclass(frozen=True)
class Bar:
    x: int
    width: int
    y: int
    height: int
    failed_y: int
    failed_height: int


@dataclass(frozen=True)
class Line:
    """One percentile: strokes where periods follow each other, and a dot for each."""

    name: str
    strokes: list[str]
    dots: list[tuple[int, int]]


@dataclass(frozen=True)
class Plot:
    """`words` say what is to be seen; without anything to see there is nothing else."""

    slug: str
    title: str
    words: str
    head: list[str]
    rows: list[list[str]]
    bars: list[Bar]
    lines: list[Line]
    levels: list[Mark]
    times: list[Mark]


def plots(slug: str, span: str, runs: Runs) -> list[Plot]:
    waits = [period.wait for period in runs.periods]
    times = [period.run for period in runs.periods]
    by_name = runs.by_queue["predictions"]
    return [
        throughput(f"{slug}-ended", f"Ended, {span}", runs),
        durations(f"{slug}-wait", f"Wait, {span}", runs.periods, waits, by_name.wait),
        durations(f"{slug}-run", f"Run, {span}", runs.periods, times, by_name.run),
    ]


def throughput(slug: str, title: str, runs: Runs) -> Plot:
    most = max(period.finished for period in runs.periods)
    minutes = runs.minutes / len(runs.periods)
    top = max(most, 1)
    return Plot(
        slug=slug,
        title=title,
        words=f"{title}: {runs.finished:,} predictions, {runs.per_minute:.3g} a minute, "
        f"{runs.failed:,} of them failed.",
        head=["From", "Ended", "A minute", "Failed"],
        rows=[
            [clock(p), f"{p.finished:,}", f"{p.finished / minutes:.3g}", f"{p.failed:,}"]
            for p in reversed(runs.periods)
        ],
        bars=list(bars(runs.periods, top)) if most else [],
        lines=[],
        levels=[Mark(0, f"{most:,}"), Mark(TALL, "0")],
        times=words(runs.periods),
    )


def bars(periods: Sequence[Period], top: int) -> Iterator[Bar]:
    place = (RIGHT - LEFT) / len(periods)
    for number, period in enumerate(periods):
        height, failed = heights(period.finished, top), heights(period.failed, top)
        x, width = round(LEFT + (number + 0.1) * place), max(2, round(place * 0.8))
        yield Bar(x, width, TALL - height, height, TALL - failed, failed)


def heights(count: int, top: int) -> int:
    return max(2, round(TALL * count / top)) if count else 0


def durations(
    slug: str,
    title: str,
    periods: Sequence[Period],
    found: Sequence[Percentiles],
    whole: Percentiles,
) -> Plot:
    """On a scale on which ten times as long is always the same step up."""
    longest = max((value for each in found for value in (each.p99,) if value), default=0.0)
    power = max(1, math.ceil(math.log10(longest))) if longest else 1
    said = ", ".join(map(" ".join, zip(NAMES, wording.quantiles(whole), strict=True)))
    return Plot(
        slug=slug,
        title=title,
        words=f"{title}: {said}." if whole.count else f"{title}: nothing yet.",
        head=["From", "Predictions", *NAMES],
        rows=[
            [clock(period), f"{each.count:,}", *wording.quantiles(each)]
            for period, each in reversed(list(zip(periods, found, strict=True)))
        ],
        bars=[],
        lines=[line(name, [getattr(each, name) for each in found], power) for name in NAMES]
        if whole.count
        else [],
        levels=[
            Mark(level(10.0**exponent, power), f"{10.0**exponent:g} s")
            for exponent in range(LEAST, power + 1)
        ],
        times=words(periods),
    )


def level(seconds: float, power: int) -> int:
    """The y of so many seconds, where ten to that power lies on top."""
    height = (math.log10(max(seconds, 10.0**LEAST)) - LEAST) / (power - LEAST)
    return round(TALL * (1 - height))


def line(name: str, values: Sequence[float | None], power: int) -> Line:
    place = (RIGHT - LEFT) / len(values)
    strokes: list[list[str]] = [[]]
    dots = []
    for number, value in enumerate(values):
        if value is None:
            strokes.append([])
            continue
        dot = (round(LEFT + (number + 0.5) * place), level(value, power))
        dots.append(dot)
        strokes[-1].append(f"{dot[0]},{dot[1]}")
    return Line(name, [" ".join(stroke) for stroke in strokes if len(stroke) > 1], dots)


def words(periods: Sequence[Period]) -> list[Mark]:
    """Every so many, so that they have room."""
    every = -(-len(periods) // MOST_WORDS)
    place = (RIGHT - LEFT) / len(periods)
    return [
        Mark(round(LEFT + (number + 0.5) * place), clock(period))
        for number, period in enumerate(periods)
        if number % every == 0
    ]


def clock(period: Period) -> str:
    return f"{timezone.localtime(period.begins):%H:%M}"
