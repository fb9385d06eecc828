"""Plots as templates draw them: geometry in whole units, 340 wide, and the same in a table."""

from calendar import month_name
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from recommendations.models.taste import HALVES

if TYPE_CHECKING:
    from recommendations.taste_report.groups import Group
    from recommendations.taste_report.over_time import OverTime, Period

#: Columns stand between these two, and are so tall.
LEFT, RIGHT, TALL = 4, 336, 110

#: Words under columns, so many at most.
MOST_WORDS = 6

#: A line of differences, where none is, and how far the largest reaches.
LINE, ZERO, REACH = 26, 216, 78
#: The least difference that a plot has room for, so that small ones look small.
ROOM = 0.5


@dataclass(frozen=True)
class Table:
    head: list[str]
    rows: list[list[str]]


@dataclass(frozen=True)
class Column:
    """A bar that stands, or where nothing was given, none; `word` is what is written under it."""

    x: int
    y: int
    width: int
    height: int
    middle: int
    word: str


@dataclass(frozen=True)
class Columns:
    """`words` say what is to be seen, `most` what the tallest column stands for.

    `others` is a second series, drawn beside the first.
    """

    words: str
    most: str
    columns: list[Column]
    table: Table
    others: list[Column] = field(default_factory=list)
    means: list["Dot"] = field(default_factory=list)


@dataclass(frozen=True)
class Dot:
    x: int
    y: int


@dataclass(frozen=True)
class Difference:
    """One line: a bar from the middle to the right, if it is more, or to the left."""

    name: str
    count: int
    said: str
    x: int
    y: int
    width: int
    is_more: bool


@dataclass(frozen=True)
class Differences:
    words: str
    lines: list[Difference]
    height: int
    zero: int
    table: Table


def columns(
    amounts: Sequence[float], words: Sequence[str], most: float, lane: int = 0, lanes: int = 1
) -> list[Column]:
    """An amount of `most` is `TALL`; each place is shared by the lanes of so many series."""
    place = (RIGHT - LEFT) / max(len(amounts), 1)
    width = place * 0.8 / lanes
    drawn = []
    for number, (amount, word) in enumerate(zip(amounts, words, strict=True)):
        height = max(2, round(TALL * amount / most)) if amount else 0
        left = LEFT + (number + 0.1) * place + lane * width
        middle = round(LEFT + (number + 0.5) * place)
        column = Column(round(left), TALL - height, max(2, round(width)), height, middle, word)
        drawn.append(column)
    return drawn


def thinned(words: Sequence[str]) -> list[str]:
    """Every so many, so that they have room."""
    every = -(-len(words) // MOST_WORDS)
    return [word if number % every == 0 else "" for number, word in enumerate(words)]


def period_name(period: "Period", months: int) -> str:
    """Of one of so many months: "2016", "2016 Q2", "2016-05"."""
    if months == 12:
        return str(period.year)
    if months == 3:
        return f"{period.year} Q{period.month // 3 + 1}"
    return f"{period.year}-{period.month + 1:02}"


def over_time(timeline: "OverTime") -> Columns:
    """How many in each period as columns, and their means as dots above."""
    periods, unit = timeline.periods, timeline.unit
    names = [period_name(period, unit.value) for period in periods]
    most = max(periods, key=lambda period: period.count)
    drawn = columns([period.count for period in periods], thinned(names), most.count)
    return Columns(
        words=(
            f"Films rated by {unit.name.lower()}, from {names[0]} to {names[-1]}: the most, "
            f"{most.count}, in {names[periods.index(most)]}."
        ),
        most=str(most.count),
        columns=drawn,
        means=[
            Dot(column.middle, mean_height(period.mean))
            for column, period in zip(drawn, periods, strict=True)
            if period.count
        ],
        table=periods_table(unit.name.capitalize(), names, periods),
    )


def mean_height(mean: float) -> int:
    """The y of so many stars in a strip 50 high, in which 5 lies at 4."""
    return round(54 - 50 * (mean - HALVES[0]) / (HALVES[-1] - HALVES[0]))


def periods_table(head: str, names: Sequence[str], periods: "Sequence[Period]") -> Table:
    rows = [
        [name, str(period.count), f"{period.mean:.1f}" if period.count else "–"]
        for name, period in zip(names, periods, strict=True)
    ]
    return Table([head, "Films", "Mean stars"], rows)


def months(periods: "Sequence[Period]") -> Columns:
    """The twelve months of a year."""
    names = [month_name[period.month + 1] for period in periods]
    most = max(periods, key=lambda period: period.count)
    return Columns(
        words=f"Films rated by month: the most, {most.count}, in {names[most.month]}.",
        most=str(most.count),
        columns=columns(
            [period.count for period in periods], [name[:3] for name in names], most.count
        ),
        table=periods_table("Month", names, periods),
    )


def stars(mine: Sequence[int], everybodys: Sequence[int]) -> Columns:
    """The share that each half star has of all that were given."""
    shares = [shares_of(given) for given in (mine, everybodys) if sum(given)]
    highest = max(max(share) for share in shares)
    words = [f"{half:g}" if half.is_integer() else "" for half in HALVES]
    drawn = [
        columns(share, words, highest, lane, len(shares)) for lane, share in enumerate(shares)
    ]
    favourite = HALVES[max(range(len(mine)), key=mine.__getitem__)]
    rows = [
        [f"{half:.1f}", *(f"{share[place]:.0%}" for share in shares)]
        for place, half in enumerate(HALVES)
    ]
    return Columns(
        words=f"How often you give each half star; most often {favourite:g} stars.",
        most=f"{highest:.0%}",
        columns=drawn[0],
        others=drawn[1] if len(drawn) > 1 else [],
        table=Table(["Stars", "You", "Everybody"][: 1 + len(shares)], rows),
    )


def shares_of(given: Sequence[int]) -> list[float]:
    return [count / sum(given) for count in given]


def differences(kind: str, groups: "Sequence[Group]", most: int | None = None) -> Differences:
    """How far each group lies above everybody; the table has those beyond `most` too."""
    drawn = groups[:most]
    farthest = max((abs(group.above) for group in drawn), default=0)
    scale = REACH / max(farthest, ROOM)
    return Differences(
        words=f"Your stars against everybody's, by {kind}: {_said(drawn)}.",
        lines=[_line(place, group, scale) for place, group in enumerate(drawn)],
        height=LINE * len(drawn),
        zero=ZERO,
        table=Table(
            [kind.capitalize(), "Films", "You", "Everybody", "Difference"],
            [
                [
                    *(group.name, str(group.count)),
                    *(f"{group.mean:.1f}", f"{group.everybody:.1f}", signed(group.above)),
                ]
                for group in groups
            ],
        ),
    )


def _line(place: int, group: "Group", scale: float) -> Difference:
    width = max(1, round(abs(group.above) * scale))
    is_more = group.above > 0
    x = ZERO if is_more else ZERO - width
    y = LINE * place
    return Difference(group.name, group.count, signed(group.above), x, y, width, is_more)


def _said(groups: "Sequence[Group]") -> str:
    return ", ".join(f"{group.name} {signed(group.above)}" for group in groups)


def signed(difference: float) -> str:
    """With its sign, unless it is none."""
    rounded = round(difference, 1)
    return f"{rounded:+.1f}" if rounded else "0.0"
