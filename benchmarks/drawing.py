"""What plots share: rows of dots or bars, lines over sizes, a look for light and dark pages."""

import io
import math
from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, Formatter, FuncFormatter, LogLocator, NullLocator

#: Values by p5, p50, and so on.
Spread = dict[str, float]

#: Inches: of a plot, of one of its rows, of what is above and below them, and between two ticks.
WIDTH, ROW, AROUND, TICK = 7.5, 0.24, 0.65, 0.6

#: Text is measured with the font that comes with matplotlib, and shown in the reader's own.
MEASURED = "DejaVu Sans"
GREY = "#757a82"

STYLE: dict[str, Any] = {
    **dict.fromkeys(("text.color", "axes.labelcolor", "axes.titlecolor"), GREY),
    **dict.fromkeys(("xtick.color", "ytick.color", "axes.edgecolor", "grid.color"), GREY),
    **dict.fromkeys(("figure.facecolor", "axes.facecolor"), "none"),
    **dict.fromkeys(("axes.spines.top", "axes.spines.right", "axes.spines.left"), False),
    **dict.fromkeys(("font.size", "axes.titlesize"), 9),
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "font.sans-serif": [MEASURED],
    "grid.alpha": 0.25,
    "hatch.linewidth": 1.2,
    "svg.fonttype": "none",
    "svg.hashsalt": "recsite",
    "ytick.major.size": 0,
}


class Look(NamedTuple):
    colour: str
    marker: str
    hatch: str = ""
    line: str = "-"


# As far from white as from black, and told apart by the colour-blind.
OURS = Look("#2b7fc4", "o")
OTHER = Look("#d55e00", "s", "////")
LIMIT = Look("#0b8f6a", "D", "....")
FOURTH = Look("#b8649a", "^")
GUIDE = Look(GREY, "", line=":")

IN_PROPORTION = "in proportion"


class Row(NamedTuple):
    """Its median is a dot or a bar; a line goes through all else that is told of its spread."""

    label: str
    values: Spread
    look: Look = OURS


#: From the top; a text is the heading of what follows.
Rows = Sequence[Row | str]


def panels(titles: Sequence[str], height: float, shared: bool = True) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(WIDTH, height))
    figure.set_layout_engine("constrained", wspace=0.05)
    every = figure.subplots(1, len(titles), sharey=shared, squeeze=False)[0]
    for axes, title in zip(every, titles, strict=True):
        axes.set_title(title)
    return figure, list(every)


def height(rows: Rows) -> float:
    return AROUND + ROW * len(rows)


def seconds(value: float, figures: str = "#.3g") -> str:
    """In the unit that suits; what is rounded up to one is one."""
    size, unit = next((each for each in UNITS if value >= 0.9995 * each[0]), UNITS[-1])
    return f"{value / size:{figures}}".rstrip(".") + f" {unit}"


def tick(value: float, _: int) -> str:
    return seconds(value, ",.0f")


UNITS = ((1, "s"), (1e-3, "ms"), (1e-6, "µs"))


# Rows


def dots(axes: Axes, rows: Rows, say: Callable[[float], str] = seconds) -> None:
    axes.grid(visible=False, axis="y")
    for place, (_, values, look) in named(axes, rows, say):
        spread = list(values.values())
        axes.plot(spread, [place] * len(spread), "|-", color=look.colour, linewidth=1.5)
        axes.plot(values["p50"], place, look.marker, color=look.colour)


def bars(axes: Axes, rows: Rows, say: Callable[[float], str]) -> None:
    axes.grid(visible=False, axis="y")
    for place, row in named(axes, rows, say):
        colour, hatch = row.look.colour, row.look.hatch
        filled = "none" if hatch else colour
        long = row.values["p50"]
        axes.barh(place, long, 0.6, facecolor=filled, edgecolor=colour, hatch=hatch)


def named(axes: Axes, rows: Rows, say: Callable[[float], str]) -> Iterator[tuple[int, Row]]:
    """Labels at the left, and medians at the right."""
    labels = [row if isinstance(row, str) else row.label for row in rows]
    axes.set_yticks(range(len(rows)), labels)
    axes.set_ylim(len(rows) - 0.5, -0.6)
    for label, row in zip(axes.get_yticklabels(), rows, strict=False):
        label.set_fontweight("bold" if isinstance(row, str) else "normal")
    for place, row in enumerate(rows):
        if isinstance(row, Row) and row.values:
            beside(axes, place, say(row.values["p50"]))
            yield place, row


def beside(axes: Axes, place: float, text: str, colour: str = GREY) -> None:
    end, aside = axes.get_yaxis_transform(), "offset points"
    axes.annotate(text, (1, place), (8, 0), end, aside, color=colour, va="center_baseline")


# Lines


def lines(axes: Axes, sizes: dict[int, dict[str, Spread]]) -> None:
    """By size, each line a little beside the others, and named where it ends."""
    *_, last = sizes.values()
    looks = dict(zip(last, (OURS, OTHER, LIMIT, FOURTH), strict=False)) | {IN_PROPORTION: GUIDE}
    for number, name in enumerate(last):
        aside = 1.08 ** (number - len(last) / 2)
        line(axes, {size * aside: each[name] for size, each in sizes.items()}, looks[name])
    in_decades(axes.xaxis, EngFormatter(sep=""))
    in_decades(axes.yaxis, FuncFormatter(tick))
    # A size has no room for its name right before another.
    axes.set_xticks([size for size in sizes if not any(size < each < 3 * size for each in sizes)])
    for name, place in apart(axes, {name: values["p50"] for name, values in last.items()}):
        beside(axes, place, name, looks[name].colour)


def line(axes: Axes, points: dict[float, Spread], look: Look) -> None:
    low, middle, high = ([each[name] for each in points.values()] for name in ("p5", "p50", "p95"))
    axes.loglog(list(points), middle, look.line, marker=look.marker, color=look.colour)
    axes.vlines(list(points), low, high, look.colour)


def apart(axes: Axes, ends: dict[str, float]) -> Iterator[tuple[str, float]]:
    """From the lowest, each by a line of text above the one before at least."""
    least, high = axes.get_ylim()
    step = (high / least) ** 0.07
    for name, value in sorted(ends.items(), key=itemgetter(1)):
        yield name, max(value, least)
        least = max(value, least) * step


# Axes, and the file


def in_seconds(axes: Axes) -> None:
    axes.set_xscale("log")
    in_decades(axes.xaxis, FuncFormatter(tick))


def in_decades(axis: Axis, told: Formatter) -> None:
    """With a tick in the middle of each if there is room for it."""
    low, high = axis.get_view_interval()
    halves = 2 * math.log10(high / low)
    fit = halves * TICK < axis.axes.bbox.width / axis.axes.figure.dpi
    axis.set_major_locator(LogLocator(subs=(1, 3) if fit else (1,)))
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(told)


def write(figure: Figure, path: Path) -> None:
    """The same plot gives the same bytes, on whatever day and host."""
    svg, nothing = io.StringIO(), dict.fromkeys(("Creator", "Date", "Format", "Type"))
    figure.savefig(svg, format="svg", metadata=nothing)
    path.write_text(svg.getvalue().replace(f"'{MEASURED}'", "system-ui"))
