"""Scores every film for one viewer, takes the best 50: the engine, and Surprise's `predict`.

python -m benchmarks.scoring --dataset ml-latest-small.zip
"""

import argparse
import heapq
import json
import statistics
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import surprise

from recommendations.engine.contract import History
from recommendations.engine.factors import SVDPlusPlus
from recommendations.engine.item_knn import ItemKNNBaseline
from recommendations.engine.ratings import Ratings
from recommendations.engine.surprise_models import SurpriseModel
from recommendations.engine.svd import SVD
from recommendations.evaluating import read_dataset
from tests.engine.peer import as_surprise_has_it

TOP = 50
#: The viewer who is served has about so many ratings.
HISTORY = 232


class Way(NamedTuple):
    """One way to do the job, and what it is compared with."""

    name: str
    do: Callable[[], object]
    peer: str = ""


class Viewer(NamedTuple):
    id: int
    history: History


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", required=True, help="A folder or zip of MovieLens")
    parser.add_argument("--repeat", type=int, default=5, help="Rounds, of each way in turn")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    log, _ = read_dataset(asked.dataset)
    ratings = log.ratings(np.arange(len(log)))
    viewer = somebody(ratings)
    ways = [*svd(ratings, viewer), *svdpp(ratings, viewer), *knn(ratings, viewer)]
    report(ways, measured(ways, asked.repeat), as_json=asked.json)


def somebody(ratings: Ratings) -> Viewer:
    counts = np.bincount(ratings.users)
    place = int(np.argmin(abs(counts - HISTORY)))
    own = ratings.of_user(place)
    history = History(ratings.films[own], ratings.stars[own])
    return Viewer(int(ratings.user_ids[place]), history)


# The ways.


def svd(ratings: Ratings, viewer: Viewer) -> list[Way]:
    model = SVD(factors=100, epochs=20).fit(ratings)
    peer = surprise.SVD(**model.parameters.for_surprise())
    loop = predict_loop(peer, model, ratings, viewer)
    folded = model.fold_in(viewer.history)
    factors, person = model.factors, folded.factors
    return [
        Way("SVD, Surprise", loop),
        Way("SVD, with fold-in", lambda: top(model.score(viewer.history)), "SVD, Surprise"),
        Way(
            "SVD, from a folded vector",
            lambda: top(model.stars(folded) + model.lift),
            "SVD, Surprise",
        ),
        Way("bare float32 product", lambda: top(factors @ person), "SVD, from a folded vector"),
    ]


def svdpp(ratings: Ratings, viewer: Viewer) -> list[Way]:
    model = SVDPlusPlus(epochs=5).fit(ratings)
    loop = predict_loop(surprise.SVDpp(n_epochs=5, random_state=0), model, ratings, viewer)
    return [
        Way("SVD++, Surprise", loop),
        Way("SVD++, with fold-in", lambda: top(model.score(viewer.history)), "SVD++, Surprise"),
    ]


def knn(ratings: Ratings, viewer: Viewer) -> list[Way]:
    model = ItemKNNBaseline().fit(ratings)
    peer = surprise.KNNBaseline(**model.parameters.for_surprise(user_based=False))
    loop = predict_loop(peer, model, ratings, viewer)
    return [
        Way("k-NN Baseline, Surprise", loop),
        Way(
            "k-NN Baseline, with fold-in",
            lambda: top(model.score(viewer.history)),
            "k-NN Baseline, Surprise",
        ),
    ]


def predict_loop(
    peer: Any, model: SurpriseModel, ratings: Ratings, viewer: Viewer
) -> Callable[[], list[int]]:
    """Surprise's way to the best 50; it must find the films that the engine finds."""
    peer.fit(as_surprise_has_it(ratings))
    films = ratings.film_ids.tolist()

    def loop() -> list[int]:
        stars = [peer.predict(viewer.id, film, clip=False).est for film in films]
        return heapq.nlargest(TOP, range(len(films)), key=lambda film: (stars[film], -film))

    found, expected = loop(), model.trained_estimates(viewer.id)
    ours = np.lexsort((np.arange(len(films)), -expected.round(9)))[:TOP].tolist()
    same = sum(one == other for one, other in zip(found, ours, strict=True))
    print(f"{model.name}: {same} of the {TOP} best are the same film at the same place")
    return loop


def top(scores: Any) -> Any:
    best = np.argpartition(scores, -TOP)[-TOP:]
    return best[np.argsort(-scores[best], kind="stable")]


# Measuring and telling.


def measured(ways: list[Way], rounds: int) -> dict[str, list[float]]:
    """Seconds of each way, in turns, so that a busy moment is everybody's."""
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    for _ in range(rounds):
        for way in ways:
            times = 1 if "Surprise" in way.name else 40
            seconds[way.name].extend(timed(way.do) for _ in range(times))
    return seconds


def timed(do: Callable[[], object]) -> float:
    started = time.perf_counter()
    do()
    return time.perf_counter() - started


def report(ways: list[Way], seconds: dict[str, list[float]], *, as_json: bool) -> None:
    medians = {name: statistics.median(each) for name, each in seconds.items()}
    rows = [
        {
            "way": way.name,
            "median_milliseconds": 1000 * medians[way.name],
            "least_milliseconds": 1000 * min(seconds[way.name]),
            "times_faster": medians[way.peer] / medians[way.name] if way.peer else None,
            "than": way.peer,
        }
        for way in ways
    ]
    if as_json:
        print(json.dumps(rows, indent=2))
        return
    for row in rows:
        ratio = f"{row['times_faster']:8.1f} x {row['than']}" if row["than"] else ""
        print(f"{row['way']:28} {row['median_milliseconds']:9.3f} ms {ratio}")


if __name__ == "__main__":
    main()
