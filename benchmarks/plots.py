"""Draws what benchmarks kept into docs/plots/, as docs/performance.md shows it.

python -m benchmarks.plots

A dot or a bar is the median, and its line goes from 5 to 95 of 100. The same figures give the same
files. What is not kept yet is left out, and said.
"""

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from matplotlib import style
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, PercentFormatter

from benchmarks.drawing import (
    IN_PROPORTION,
    LIMIT,
    OTHER,
    OURS,
    STYLE,
    Row,
    Rows,
    Spread,
    bars,
    dots,
    height,
    in_seconds,
    lines,
    panels,
    write,
)
from benchmarks.results import KEPT, spread

PLOTS = KEPT.parent.parent / "docs" / "plots"

Found = dict[str, Any]

# What is drawn, and how it is called.

CROWDS = {"1": "one at a time", "8": "eight at once", "32": "32 at once"}
SIDES = ("recsite", "the peer")
KILLED = ("recsite", "the peer, early", "the peer, late", "the peer, late, and again")
CATALOGUES = ("10,000 films", "60,000 films")
SIZES = ("100000", "1000000", "10000000", "25000000")
PAGES = {
    "predicted page": "home with picks",
    "cold page": "home, no picks yet",
    "search": "search",
    "film page": "film",
}
PACES = ("at leisure", "in a hurry")
PARTS = ("web", "workers", "database")
WAITING = ("nobody waits", "our rhythm", "every 100 ms")
NAMES = {
    "the peer": "Flask, Celery, Redis",
    "the peer, early": "Celery as it comes",
    "the peer, late": "with acks_late",
    "the peer, late, and again": "and reject_on_worker_lost",
}

#: By a name's first or last part; all else is ours.
LOOKS = {
    **dict.fromkeys(("the peer", "in the request", "polling", "every 100 ms"), OTHER),
    **dict.fromkeys(("Surprise", "argpartition of each"), OTHER),
    **dict.fromkeys(("bare product", "product alone", "nobody waits"), LIMIT),
}


def main() -> None:
    argparse.ArgumentParser(description=__doc__).parse_args()
    draw(PLOTS)


def draw(folder: Path, kept: Path = KEPT) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with style.context(STYLE, after_reset=True):
        for plot, name in DRAWN.items():
            print(plot.__name__)
            path = kept / f"{name}.json"
            try:
                write(plot(json.loads(path.read_text())), folder / f"{plot.__name__}.svg")
            except FileNotFoundError:
                print(f"  not drawn, since {path.name} is not kept yet")
            except KeyError as missing:
                print(f"  not drawn, since {path.name} has no {missing}")


def those(found: Found, wanted: Iterable[str]) -> Found:
    """What there is of what is wanted, in its order."""
    if missing := [name for name in wanted if name not in found]:
        print(f"  not kept yet: {', '.join(missing)}")
    return {name: found[name] for name in wanted if name in found}


def row(name: str, values: Spread) -> Row:
    first, *_, last = name.split(", ") * 2
    return Row(NAMES.get(name, name), values, LOOKS.get(first, LOOKS.get(last, OURS)))


def grouped(groups: dict[str, dict[str, Spread]]) -> Rows:
    rows: list[Row | str] = []
    for heading, group in groups.items():
        rows += [heading, *(row(name, values) for name, values in group.items())]
    return rows


# The plots


def queueing(found: Found) -> Figure:
    rows = [row(side, found[side]["wait"]) for side in ("told", "polling")]
    figure, (axes,) = panels(["a prediction, from asked for to claimed"], height(rows))
    dots(axes, rows)
    axes.set_xlim(left=0)
    axes.xaxis.set_major_formatter(EngFormatter("s"))
    return figure


def story(found: Found) -> Figure:
    crowds = those(found["crowds"], CROWDS)
    return waiting({CROWDS[crowd]: sides for crowd, sides in crowds.items()})


def against(found: Found) -> Figure:
    crowds = {"one at a time": found["alone"], "32 at once": found["crowd"]}
    return waiting({crowd: those(sides, SIDES) for crowd, sides in crowds.items()})


def waiting(crowds: dict[str, Found]) -> Figure:
    moments = {"first_byte": "first byte", "complete": "until all shelves have their films"}
    rows = [at_moment(crowds, moment) for moment in moments]
    figure, every = panels(list(moments.values()), height(rows[0]))
    for axes, each in zip(every, rows, strict=True):
        dots(axes, each)
        in_seconds(axes)
    return figure


def at_moment(crowds: dict[str, Found], moment: str) -> Rows:
    return grouped(
        {
            crowd: {name: side[moment] for name, side in sides.items()}
            for crowd, sides in crowds.items()
        }
    )


def killing(found: Found) -> Figure:
    sides = those(found["killing"], KILLED)
    lost = [row(name, {"p50": side["lost"]}) for name, side in sides.items()]
    came = [row(name, side["complete"]) for name, side in sides.items()]
    figure, (left, right) = panels(["lost of 60 pages", "films of the others"], height(lost))
    bars(left, lost, "{:.0f}".format)
    left.set_xlim(0, 60)
    dots(right, came)
    in_seconds(right)
    return figure


def scoring(found: Found) -> Figure:
    catalogues = those(found, ("data set", *CATALOGUES))
    rows = grouped(
        {films: {way["way"]: way["seconds"] for way in ways} for films, ways in catalogues.items()}
    )
    figure, (axes,) = panels(["all films scored for one viewer, best 50 taken"], height(rows))
    dots(axes, rows)
    in_seconds(axes)
    return figure


def batch(found: Found) -> Figure:
    rows = grouped(
        {
            films: {way: each["share_of_sgemm"] for way, each in sizes["ways"].items()}
            for films, sizes in those(found, CATALOGUES).items()
        }
    )
    figure, (axes,) = panels(["share of the rate of SGEMM"], height(rows))
    dots(axes, rows, "{:.0%}".format)
    axes.set_xlim(0, 1)
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    return figure


def growth(found: Found) -> Figure:
    sizes = {int(size): each for size, each in those(found["sizes"], SIZES).items()}
    figure, (left, right) = panels(["work behind the pages", "first byte of a page"], 3.6, False)
    lines(left, beside_import({size: work(each) for size, each in sizes.items()}))
    lines(right, {size: first_bytes(each) for size, each in sizes.items()})
    for axes in (left, right):
        axes.set_xlabel("ratings")
    return figure


def work(size: Found) -> dict[str, Spread]:
    return {
        "training": spread([size["training"]["seconds"]]),
        "import": spread(size["import"]["seconds"]),
        "one prediction": size["prediction"]["seconds"],
    }


def beside_import(sizes: dict[int, dict[str, Spread]]) -> dict[int, dict[str, Spread]]:
    """With what the smallest import would take if it grew as the ratings do."""
    smallest = min(sizes)
    each = sizes[smallest]["import"]["p50"] / smallest
    return {size: all_ | {IN_PROPORTION: spread([each * size])} for size, all_ in sizes.items()}


def first_bytes(size: Found) -> dict[str, Spread]:
    return {label: size[page]["first_byte"] for page, label in PAGES.items()}


def load(found: Found) -> Figure:
    paces = those(found["paces"], PACES)
    waits = grouped({heading(pace, each): answers(each) for pace, each in paces.items()})
    cores = grouped({pace: at_work(each) for pace, each in paces.items()})
    titles = ["until answered: median, 95, 99 of 100", "cores at work"]
    figure, (left, right) = panels(titles, height(cores), False)
    dots(left, waits)
    in_seconds(left)
    bars(right, cores, "{:.2f}".format)
    return figure


def heading(pace: str, found: Found) -> str:
    return f"{pace}: {found['requests_per_second']:.0f} a second"


def answers(found: Found) -> dict[str, Spread]:
    return {
        kind: {name: value for name, value in values.items() if name != "number"}
        for kind, values in found["answers"].items()
    }


def at_work(found: Found) -> dict[str, Spread]:
    return {part: {"p50": found["cores_busy"][part]} for part in PARTS}


def polling(found: Found) -> Figure:
    sides = those(found["sides"], WAITING)
    asked = [row(side, {"p50": each["requests_per_second"]}) for side, each in sides.items()]
    cores = [row(side, {"p50": serving(each)}) for side, each in sides.items()]
    pages = [row(side, each["page_of_another"]) for side, each in sides.items()]
    titles = ["requests a second", "cores: web, database", "page of somebody else"]
    figure, (left, middle, right) = panels(titles, height(pages))
    bars(left, asked, "{:.0f}".format)
    bars(middle, cores, "{:.2f}".format)
    dots(right, pages)
    in_seconds(right)
    return figure


def serving(found: Found) -> float:
    return float(found["cores_busy"]["web"] + found["cores_busy"]["database"])


DRAWN = {
    queueing: "queueing",
    story: "story",
    load: "load",
    polling: "polling",
    against: "against",
    killing: "against",
    scoring: "scoring",
    batch: "batch",
    growth: "growth",
}


if __name__ == "__main__":
    main()
