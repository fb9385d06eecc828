"""Scores every film for one viewer, takes the best 50: the engine, Surprise, and a bare product.

python -m benchmarks.scoring --dataset ml-latest-small.zip

On the data set, and on simulated ratings of 10,000 and of 60,000 films. Surprise's way is
`predict` for one film after the other; the bare product is NumPy's of the viewer's float32 vector
with the films' matrix, and `argpartition`, without biases and whatever else a score is made of.
"""

import argparse
import heapq
import time
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import surprise
from numpy.typing import NDArray

from benchmarks.generated import generated
from benchmarks.results import keep, machine, spread
from recommendations.engine.contract import History, Model
from recommendations.engine.ease import EASE
from recommendations.engine.evaluation import best
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

VIEWERS, RATINGS = 10_000, 1_000_000

#: Nothing that the viewer has seen is left out.
NONE = np.empty(0, np.int32)


class Way(NamedTuple):
    """One way to do the job, Surprise's, and the bare product that is the limit."""

    name: str
    do: Callable[[], object]
    peer: str = ""
    bare: str = ""


class Viewer(NamedTuple):
    id: int
    history: History


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dataset", required=True, help="A folder or zip of MovieLens")
    parser.add_argument("--repeat", type=int, default=5, help="Rounds, of each way in turn")
    asked = parser.parse_args()
    print(machine())
    log, _ = read_dataset(asked.dataset)
    ratings = log.ratings(np.arange(len(log)))
    found = {"data set": compare(ratings, [svd, svdpp, knn], asked.repeat)}
    for films, kinds in {10_000: [svd, ease], 60_000: [svd]}.items():
        ratings = generated(VIEWERS, films, RATINGS)
        found[f"{films:,} films"] = compare(ratings, kinds, asked.repeat)
    keep("scoring", found)


def compare(
    ratings: Ratings, kinds: Sequence[Callable[[Ratings, Viewer], list[Way]]], rounds: int
) -> list[dict[str, Any]]:
    viewer = somebody(ratings)
    print(f"\n{ratings.n_films:,} films, a viewer of {len(viewer.history)} ratings")
    ways = [way for kind in kinds for way in kind(ratings, viewer)]
    rows = summary(ways, measured(ways, rounds))
    for row in rows:
        tell(row)
    return rows


def somebody(ratings: Ratings) -> Viewer:
    counts = np.bincount(ratings.users)
    place = int(np.argmin(abs(counts - HISTORY)))
    return Viewer(int(ratings.user_ids[place]), histories_of(ratings)[place])


def histories_of(ratings: Ratings) -> list[History]:
    rows = (ratings.of_user(user) for user in range(ratings.n_users))
    return [History(ratings.films[own], ratings.stars[own]) for own in rows]


# The ways.


def svd(ratings: Ratings, viewer: Viewer) -> list[Way]:
    model = SVD(factors=100, epochs=5).fit(ratings)
    peer = surprise.SVD(**model.parameters.for_surprise())
    loop = predict_loop(peer, model, ratings, viewer)
    folded = model.fold_in(viewer.history)
    factors, person = model.factors, folded.factors

    def from_folded() -> NDArray[np.intp]:
        return best(model.stars(folded) + model.lift, NONE, TOP)

    served = serving(model, viewer)
    assert (from_folded() == served()).all()
    return [
        Way("SVD, Surprise", loop),
        Way("SVD, with fold-in", served, "SVD, Surprise", "SVD, bare product"),
        Way("SVD, from a folded vector", from_folded, "SVD, Surprise", "SVD, bare product"),
        Way("SVD, bare product", lambda: top(factors @ person), "SVD, Surprise"),
    ]


def ease(ratings: Ratings, viewer: Viewer) -> list[Way]:
    """Surprise has no EASE: the loop beside it is SVD's, over the same films."""
    model = EASE().fit(ratings)
    assert model.weights.size, "the dual form has no one product"
    rated, values, _ = model._row(viewer.history)
    known = np.flatnonzero(model.known)

    def bare() -> NDArray[np.intp]:
        return top(values @ model.weights[rated])

    served = serving(model, viewer)
    assert set(served()) == set(known[bare()])
    return [
        Way("EASE, with fold-in", served, "SVD, Surprise", "EASE, bare product"),
        Way("EASE, bare product", bare, "SVD, Surprise"),
    ]


def svdpp(ratings: Ratings, viewer: Viewer) -> list[Way]:
    model = SVDPlusPlus(epochs=5).fit(ratings)
    loop = predict_loop(surprise.SVDpp(n_epochs=5, random_state=0), model, ratings, viewer)
    return [
        Way("SVD++, Surprise", loop),
        Way("SVD++, with fold-in", serving(model, viewer), "SVD++, Surprise"),
    ]


def knn(ratings: Ratings, viewer: Viewer) -> list[Way]:
    model = ItemKNNBaseline().fit(ratings)
    peer = surprise.KNNBaseline(**model.parameters.for_surprise(user_based=False))
    loop = predict_loop(peer, model, ratings, viewer)
    return [
        Way("k-NN Baseline, Surprise", loop),
        Way("k-NN Baseline, with fold-in", serving(model, viewer), "k-NN Baseline, Surprise"),
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

    expected = model.trained_estimates(viewer.id).round(9)
    assert loop() == best(expected, NONE, TOP).tolist(), "other films than the engine finds"
    return loop


def serving(model: Model, viewer: Viewer) -> Callable[[], NDArray[np.intp]]:
    return lambda: best(model.score(viewer.history), NONE, TOP)


def top(scores: Any) -> NDArray[np.intp]:
    likely = np.argpartition(scores, -TOP)[-TOP:]
    return np.asarray(likely[np.argsort(-scores[likely], kind="stable")])


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


def summary(ways: list[Way], seconds: dict[str, list[float]]) -> list[dict[str, Any]]:
    spreads = {name: spread(each) for name, each in seconds.items()}
    medians = {name: each["p50"] for name, each in spreads.items()}
    return [
        {
            "way": way.name,
            "seconds": spreads[way.name],
            "times_faster": medians[way.peer] / medians[way.name] if way.peer else None,
            "than": way.peer,
            "of_bare": medians[way.name] / medians[way.bare] if way.bare else None,
        }
        for way in ways
    ]


def tell(row: dict[str, Any]) -> None:
    low, median, high = (1000 * each for each in row["seconds"].values())
    ratio = f"{row['times_faster']:8.1f} x {row['than']}" if row["than"] else ""
    limit = f", {row['of_bare']:.2f} x the bare product's time" if row["of_bare"] else ""
    print(f"  {row['way']:28} {median:9.3f} ms ({low:.3f}, {high:.3f}) {ratio}{limit}")


if __name__ == "__main__":
    main()
