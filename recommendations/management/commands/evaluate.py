import json
import math
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from recommendations.engine.evaluation import Evaluation, Figures, Protocol, check, evaluate
from recommendations.engine.splits import RatingLog
from recommendations.management.commands.train import parameter
from recommendations.management.progress import ProgressBar
from recommendations.management.reading import read_ratings
from recommendations.management.tables import aligned
from recommendations.training import algorithm


class Column(NamedTuple):
    """How a figure is shown, in what unit."""

    heading: str
    form: str
    unit: float = 1


#: In the order of the table. Those of rankings are at k, which stands with the first.
COLUMNS = {
    "rmse": Column("RMSE", ".4f"),
    "mae": Column("MAE", ".4f"),
    "range_coverage": Column("in range", ".1%"),
    "range_coverage_worst": Column("worst bin", ".1%"),
    "ndcg": Column("nDCG@{k}", ".4f"),
    "map": Column("MAP", ".4f"),
    "precision": Column("precision", ".4f"),
    "recall": Column("recall", ".4f"),
    "liked_ndcg": Column("liked-nDCG", ".4f"),
    "disliked_hits": Column("hits ≤2.5", ".1%"),
    "coverage": Column("coverage", ".4f"),
    "novelty": Column("novelty", ".2f"),
    "held_out_ratio": Column("held-out", ".1%"),
    "fit_seconds": Column("fit s", ".2f"),
    "score_milliseconds": Column("score ms", ".3f"),
    "artifact_bytes": Column("artifact MB", ".1f", 1e6),
    "peak_memory_bytes": Column("peak MB", ".0f", 1e6),
}


SIMULATED = "These ratings are simulated: the figures say nothing about how people rate."


def names(given: str) -> list[str]:
    found = [name.strip() for name in given.split(",") if name.strip()]
    if not found:
        raise ArgumentTypeError("at least one is needed")
    return found


def seeds(given: str) -> list[int]:
    if not all(seed.isascii() and seed.isdigit() and int(seed) < 2**31 for seed in names(given)):
        raise ArgumentTypeError(f"{given!r} are no seeds: give whole numbers, such as 42,43")
    return [int(seed) for seed in names(given)]


class Command(BaseCommand):
    help = "Measures how well models rank films or predict stars. Nothing is written."

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add(
            "--dataset",
            metavar="PATH",
            help="A folder or zip of MovieLens, or sample; not the database",
        )
        add(
            "--algorithms",
            type=names,
            default=[settings.DEFAULT_ALGORITHM],
            metavar="A,B",
            help=f"By their names in ALGORITHMS; {settings.DEFAULT_ALGORITHM} if none is given",
        )
        add(
            "--protocol",
            type=str,
            choices=[str(protocol) for protocol in Protocol],
            default=str(Protocol.STRATIFIED_BY_ITEM),
            help="kfold measures stars, the others rankings",
        )
        add("--k", type=int, default=10, help="How many films are recommended to each viewer")
        add("--seeds", type=seeds, default=[], metavar="42,43", help="One split for each")
        add(
            "--held-out-viewers",
            action="store_true",
            help="Compare with viewers whom training did not see (five more fits a seed)",
        )
        add(
            "--ranges",
            action="store_true",
            help="Measure the 80 %% ranges of kfold also where that takes one more fit a fold",
        )
        add(
            "--param",
            type=parameter,
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="A parameter of every algorithm named, such as factors=50; may be repeated",
        )
        add("--json", action="store_true", help="Print JSON instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            results, simulated = self.measure(options)
        except (ValueError, FloatingPointError, OverflowError, MemoryError) as error:
            # Models refuse so what they cannot be fitted to.
            raise CommandError(str(error) or "There is not enough memory.") from error
        except KeyboardInterrupt:
            raise CommandError("Interrupted: nothing was measured.", returncode=130) from None
        if options["json"]:
            self.stdout.write(as_json(results, simulated))
        else:
            self.stdout.write(as_table(results) + (f"\n{SIMULATED}" if simulated else ""))

    def measure(self, options: dict[str, Any]) -> tuple[list[Evaluation], bool]:
        """The figures, and whether they are of simulated ratings."""
        # All that can be wrong about the call is found before the ratings are read.
        runs = [asked_for(name, options) for name in options["algorithms"]]
        with ProgressBar(self.stderr, hidden=options["verbosity"] == 0) as bar:
            log = read_ratings(options["dataset"], bar, self.stderr)
            return [run(log, bar) for run in runs], log.simulated


def asked_for(
    name: str, options: dict[str, Any]
) -> Callable[[RatingLog, ProgressBar], Evaluation]:
    protocol, parameters = Protocol(options["protocol"]), dict(options["param"])
    try:
        check(protocol, options["k"], held_out_viewers=options["held_out_viewers"])
        model = algorithm(name)
        model(**parameters)
    except ValueError as error:
        raise CommandError(str(error)) from error
    return lambda log, bar: evaluate(
        model,
        log,
        protocol,
        parameters=parameters,
        k=options["k"],
        seeds=options["seeds"],
        held_out_viewers=options["held_out_viewers"],
        ranges=options["ranges"],
        progress=bar.show,
    )


def as_json(results: Sequence[Evaluation], simulated: bool) -> str:
    return json.dumps([as_dict(result) | {"simulated": simulated} for result in results], indent=2)


def as_dict(result: Evaluation) -> dict[str, Any]:
    return {
        "algorithm": result.algorithm,
        "parameters": dict(result.parameters),
        "protocol": result.protocol,
        "k": result.k,
        "seeds": [{"seed": run.seed} | without_nan(run.figures) for run in result.runs],
        "mean": without_nan(result.mean),
    }


def without_nan(figures: Figures) -> dict[str, float | None]:
    """JSON has no NaN: what could not be measured is null."""
    return {name: None if math.isnan(value) else value for name, value in figures.items()}


def as_table(results: Sequence[Evaluation]) -> str:
    columns = {name: COLUMNS[name] for name in COLUMNS if name in results[0].mean}
    headings = [column.heading.format(k=results[0].k) for column in columns.values()]
    rows = [["algorithm", "seed", *headings]]
    for result in results:
        for seed, figures in figures_by_seed(result):
            cells = [shown(figures[name], column) for name, column in columns.items()]
            rows.append([result.algorithm, seed, *cells])
    return aligned(rows)


def figures_by_seed(result: Evaluation) -> Iterator[tuple[str, Figures]]:
    for run in result.runs:
        yield str(run.seed), run.figures
    if len(result.runs) > 1:
        yield "mean", result.mean


def shown(value: float, column: Column) -> str:
    return "-" if math.isnan(value) else format(value / column.unit, column.form)
