import json
import math
import shlex
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from recommendations.engine.evaluation import Protocol
from recommendations.engine.metrics import mean
from recommendations.engine.parameters import Range
from recommendations.engine.tuning import Search, Study, Tried, UnusableStudy
from recommendations.management.commands.evaluate import SIMULATED, seeds
from recommendations.management.commands.train import parameter
from recommendations.management.progress import ProgressBar
from recommendations.management.reading import read_ratings
from recommendations.training import algorithm

#: Improvements of nDCG@10, or of RMSE in stars, that other seeds may well turn round.
NOISE = 0.005

HELP = """Searches hyperparameters with Optuna on inner splits of what a protocol trains on: its
procedure is applied once more, with seed + 1000, to its training ratings, and what it tests is
never looked at. The first trial is the defaults. Every finished trial is kept in DATA_DIR/studies,
so that the same command goes on where it ended. The ratings and the models stay as they are."""


def interval(given: str) -> tuple[str, Range]:
    name, value = parameter(given)
    low, separator, high = value.partition("..")
    try:
        ends = [float(end) for end in (low, high)]
    except ValueError:
        separator = ""
    if not separator or not all(map(math.isfinite, ends)):
        raise ArgumentTypeError(f"{given!r} is not of the form name=low..high")
    try:
        return name, Range(*ends)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from error


def study_name(given: str) -> str:
    if not given.replace("-", "").replace("_", "").replace(".", "").isalnum() or given[0] == ".":
        raise ArgumentTypeError(f"{given!r} is no name for a file: use letters, digits, - _ and .")
    return given


class Command(BaseCommand):
    help = HELP

    def add_arguments(self, parser: ArgumentParser) -> None:
        add = parser.add_argument
        add("algorithm", help="By its name in ALGORITHMS")
        add(
            "--dataset",
            metavar="PATH",
            help="A folder or zip of MovieLens, or sample; not the database",
        )
        add(
            "--protocol",
            type=str,
            choices=[str(protocol) for protocol in Protocol],
            default=str(Protocol.STRATIFIED_BY_ITEM),
            help="kfold is by RMSE of stars, the others are by nDCG@10 of rankings",
        )
        add("--seeds", type=seeds, default=[], metavar="42,43", help="One inner split for each")
        add("--trials", type=int, default=50, help="How many in all, those of earlier calls too")
        add("--minutes", type=float, default=math.inf, help="Begin no trial after so long")
        add(
            "--study",
            type=study_name,
            metavar="NAME",
            help="Of the file in DATA_DIR/studies; by default made of all that a value hangs on",
        )
        add(
            "--param",
            type=parameter,
            action="append",
            default=[],
            metavar="NAME=VALUE",
            help="A parameter that is held fixed, such as factors=50; may be repeated",
        )
        add(
            "--over",
            type=interval,
            action="append",
            default=[],
            metavar="NAME=LOW..HIGH",
            help="Search a parameter here and not in its own range, or although it has none; on a "
            "log scale if HIGH is ten times LOW or more; may be repeated",
        )
        add("--json", action="store_true", help="Print JSON instead of text")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            study, simulated = self.search(options)
        except (ValueError, UnusableStudy) as error:
            raise CommandError(str(error)) from error
        except KeyboardInterrupt:
            raise CommandError(
                "Interrupted: every finished trial is kept, and the same command goes on.",
                returncode=130,
            ) from None
        if (best := study.best) is None:
            raise CommandError(f"No trial could be measured: {study.defaults.failure}")
        if options["json"]:
            self.stdout.write(as_json(study, best, options, simulated=simulated))
        else:
            told = as_text(study, best, options)
            self.stdout.write(f"{told}\n{SIMULATED}" if simulated else told)

    def search(self, options: dict[str, Any]) -> tuple[Study, bool]:
        """The search, and whether it was on simulated ratings."""
        # All that can be wrong about the call is found before the ratings are read.
        search = asked_for(options)
        with ProgressBar(self.stderr, hidden=options["verbosity"] == 0) as bar:
            log = read_ratings(options["dataset"], bar, self.stderr)
            study = Study(search, log, settings.DATA_DIR / "studies", options["study"])
            study.run(options["trials"], options["minutes"], bar.show)
        return study, log.simulated


def asked_for(options: dict[str, Any]) -> Search:
    """Raises ValueError."""
    if options["trials"] < 1:
        raise ValueError(f"There must be at least 1 trial, not {options['trials']}.")
    if not options["minutes"] > 0:
        raise ValueError(f"Minutes must be above 0, not {options['minutes']:g}.")
    return Search.of(
        algorithm(options["algorithm"]),
        Protocol(options["protocol"]),
        options["seeds"],
        dict(options["param"]),
        dict(options["over"]),
    )


# What is told in the end.


def as_text(study: Study, best: Tried, options: dict[str, Any]) -> str:
    failures = [tried.failure for tried in study.tried if tried.failure]
    lines = [
        heading(study.search),
        f"defaults  {shown(study.defaults)}",
        f"best      {shown(best)}",
        f"{len(study.tried)} trials are kept in {study.path}.",
    ]
    if failures:
        lines.append(f"{len(failures)} of them failed, the last because: {failures[-1]}")
    if len(study.tried) < options["trials"]:
        lines.append(f"The time is up: the same command goes on to {options['trials']}.")
    if best == study.defaults:
        return "\n".join([*lines, "The defaults were not beaten."])
    lines += [improvement(study.gains(best)), *commands(study.search, best, options)]
    return "\n".join([*lines, caveat(study.search)]).rstrip()


def heading(search: Search) -> str:
    measure = "nDCG@10" if search.protocol.ranks else "RMSE"
    seeds = ", ".join(map(str, search.seeds))
    return f"{measure} on inner splits of what {search.protocol} trains on (seeds: {seeds})"


def shown(tried: Tried) -> str:
    if tried.failure:
        return f"failed: {tried.failure}"
    return "  ".join([f"{tried.value:.4f}", *typed(tried.parameters)])


def typed(parameters: Mapping[str, object]) -> list[str]:
    return [f"{name}={value}" for name, value in parameters.items()]


def improvement(gains: Sequence[float]) -> str:
    if not gains:
        return "The defaults could not be measured."
    noise = f", within {NOISE}: noise" if is_noise(gains) else ""
    each = f" (by seed {', '.join(f'{gain:+.4f}' for gain in gains)})" if len(gains) > 1 else ""
    return f"Better by {mean(gains):.4f}{each}{noise}."


def is_noise(gains: Sequence[float]) -> bool:
    return bool(gains) and mean(gains) < NOISE


def commands(search: Search, best: Tried, options: dict[str, Any]) -> list[str]:
    """Shell commands that measure the best parameters on the test rows, and that train on them."""
    name = options["algorithm"]
    measured = ["--algorithms", name, "--protocol", search.protocol]
    if search.protocol is not Protocol.LEAVE_LAST_OUT:
        measured += ["--seeds", ",".join(map(str, search.seeds))]
    if options["dataset"]:
        measured += ["--dataset", options["dataset"]]
    chosen = [
        word
        for parameter in typed({**search.fixed, **best.parameters})
        for word in ("--param", parameter)
    ]
    return [
        shlex.join(["manage.py", "evaluate", *measured, *chosen]),
        shlex.join(["manage.py", "train", "--algorithm", name, *chosen]),
    ]


def caveat(search: Search) -> str:
    """Where the search has looked at rows that `evaluate` tests all the same."""
    if search.protocol is Protocol.KFOLD:
        return (
            "Only the first fold was left out of the search: what evaluate tests in the others "
            "was searched on, which flatters a little."
        )
    if len(search.seeds) > 1:
        return (
            "What is tested with one seed was searched on with another: for figures without that "
            "advantage, tune and evaluate each seed by itself."
        )
    return ""


def as_json(study: Study, best: Tried, options: dict[str, Any], *, simulated: bool) -> str:
    search, gains = study.search, study.gains(best)
    told = {
        "study": str(study.path),
        "algorithm": options["algorithm"],
        "protocol": search.protocol,
        "seeds": search.seeds,
        "measure": search.objective,
        "simulated": simulated,
        "fixed": search.fixed,
        "ranges": {name: [ends.low, ends.high] for name, ends in search.ranges.items()},
        "trials": len(study.tried),
        "failures": [tried.failure for tried in study.tried if tried.failure],
        "defaults": as_dict(study.defaults),
        "best": as_dict(best),
        "gains": gains,
        "is_noise": is_noise(gains),
        "commands": [] if best == study.defaults else commands(search, best, options),
        "caveat": caveat(search),
    }
    return json.dumps(told, indent=2)


def as_dict(tried: Tried) -> dict[str, Any]:
    value = None if tried.failure else tried.value
    return {"value": value, "by_seed": tried.by_seed, "parameters": tried.parameters}
