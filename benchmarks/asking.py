"""What ten questions teach: films asked about by our method, by popularity, or at random.

    python -m benchmarks.asking --dataset ml-latest-small.zip

In each of five folds, a fifth of the viewers is left out of training. Half of what each of them
rated can be answered for: asked about one of these, they give their stars; about any other film
of the 400 best known, they have not seen it. Their other half is tested: nDCG@10 of the ranking
of all films but those that can be answered for, and RMSE of the predicted stars, folded in from
the answers. "known" is how many of the answers the site has before it asks; every strategy has the
same. The differences are from "popular", of the same viewers, with a standard error.

- chosen:   `engine.asking.worth_asking`, leaving out neighbours of what was asked before
- popular:  the most rated first
- entropy:  the logarithm of that times the entropy of the stars (Rashid et al., 2002)
- random:   any of the 400
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recommendations.asking import ASKED_ABOUT
from recommendations.engine import metrics, splits
from recommendations.engine.asking import KNOWN_BY, by_entropy, remembered, worth_asking
from recommendations.engine.contract import History, Model
from recommendations.engine.features import give
from recommendations.engine.ratings import HIGHEST, LOWEST
from recommendations.engine.splits import RatingLog
from recommendations.evaluating import read_dataset
from recommendations.training import SIMILAR, algorithm

QUESTIONS = 10
SHOWN = 10

#: What the site knows before it asks, and how many ratings the half that answers must have more.
KNOWN = (0, KNOWN_BY)
FEWEST = 10

Indices = NDArray[np.integer[Any]]
Strategy = Callable[[History, list[int]], Indices]


@dataclass(frozen=True, eq=False)
class Viewer:
    """By the model's film index: the stars that can be answered, and the tested ratings."""

    answers: dict[int, float]
    films: NDArray[np.int32]
    stars: NDArray[np.float32]


class Fold:
    """A model fitted without some viewers, and those viewers."""

    def __init__(self, log: RatingLog, fold: int, name: str) -> None:
        theirs = np.isin(log.users, splits.held_out_viewers(log.users, 0)[fold])
        ratings = log.ratings(np.flatnonzero(~theirs))
        self.model: Model = algorithm(name)()
        give(self.model, log.features)
        self.model.fit(ratings)
        self.model.find_neighbours(ratings, log.features)
        self.counts = np.zeros((ratings.n_films, 10), np.int64)
        np.add.at(self.counts, (ratings.films, (2 * ratings.stars).astype(int) - 1), 1)
        self.pool = np.argsort(-self.model.support, kind="stable")[:ASKED_ABOUT]
        shuffled = np.random.default_rng(fold).permutation(np.flatnonzero(theirs))
        known = shuffled[np.isin(log.films[shuffled], self.model.film_ids)]
        self.viewers = [self.viewer(log, rows) for rows in log.by_viewer(known).values()]

    def viewer(self, log: RatingLog, rows: Indices) -> Viewer:
        films = np.searchsorted(self.model.film_ids, log.films[rows]).astype(np.int32)
        half, stars = len(rows) // 2, log.stars[rows]
        answers = dict(zip(films[:half].tolist(), stars[:half].tolist(), strict=True))
        return Viewer(answers, films[half:], stars[half:])

    def strategies(self, seed: int) -> dict[str, Strategy]:
        raters = self.model.support[self.pool]
        by_entropies = self.pool[np.argsort(-by_entropy(self.counts[self.pool]), kind="stable")]
        random = np.random.default_rng(seed)
        return {
            "chosen": lambda history, asked: self.chosen(raters, history, asked),
            "popular": lambda *_: self.pool,
            "entropy": lambda *_: by_entropies,
            "random": lambda *_: random.permutation(self.pool),
        }

    def chosen(self, raters: Indices, history: History, asked: list[int]) -> Indices:
        fit = self.fit(history)
        similar = [self.model.similar(film, SIMILAR) for film in remembered(asked, fit)]
        near = np.isin(self.pool, [each.film for one in similar for each in one])
        return self.pool[worth_asking(raters, near, fit)]

    def fit(self, history: History) -> NDArray[np.float32] | None:
        return self.model.score(history)[self.pool] if len(history) >= KNOWN_BY else None

    def ask(self, viewer: Viewer, strategy: Strategy, known: int) -> History:
        """All that is known after the questions."""
        told = dict(list(viewer.answers.items())[:known])
        asked: list[int] = []
        for _ in range(QUESTIONS):
            order = strategy(self.history(told), asked)
            film = next(int(film) for film in order if film not in told and film not in asked)
            asked.append(film)
            if film in viewer.answers:
                told[film] = viewer.answers[film]
        return self.history(told)

    def history(self, told: dict[int, float]) -> History:
        films = sorted(told)
        stars = [told[film] for film in films]
        return History(np.array(films, np.int32), np.array(stars, np.float32))

    def measure(self, viewer: Viewer, history: History) -> tuple[float, float]:
        """nDCG@10, and the sum of the squared errors of the stars."""
        scores = self.model.score(history).astype(np.float64)
        scores[list(viewer.answers)] = -np.inf
        best = np.argsort(-scores, kind="stable")[:SHOWN]
        hits = np.isin(best, viewer.films)[None]
        stars = self.model.expected_stars(history, viewer.films)
        errors = viewer.stars - np.clip(stars, LOWEST, HIGHEST)
        ndcg = metrics.ndcg(hits, np.array([len(viewer.films)]))
        return float(ndcg[0]), float(np.square(errors, dtype=np.float64).sum())


def compare(folds: list[Fold], known: int) -> None:
    results: dict[str, list[tuple[float, float, float]]] = {}
    tested = 0
    for number, fold in enumerate(folds):
        enough = [each for each in fold.viewers if len(each.answers) >= known + FEWEST]
        tested += sum(len(each.films) for each in enough)
        for name, strategy in fold.strategies(number).items():
            for viewer in enough:
                history = fold.ask(viewer, strategy, known)
                found = (*fold.measure(viewer, history), len(history) - known)
                results.setdefault(name, []).append(found)
    arrays = {name: np.array(rows) for name, rows in results.items()}
    for name, rows in arrays.items():
        difference = rows[:, 0] - arrays["popular"][:, 0]
        error = difference.std(ddof=1) / np.sqrt(len(rows))
        ndcg, squares, answered = rows.mean(axis=0)
        rmse = np.sqrt(squares * len(rows) / tested)
        print(
            f"{known:6}{len(rows):9}  {name:8}{answered:9.2f}{ndcg:9.4f}"
            f"{difference.mean():+9.4f} ± {error:.4f}{rmse:9.4f}",
            flush=True,
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--dataset", required=True, help="a folder or zip of MovieLens")
    parser.add_argument("--algorithm", default="hybrid")
    parser.add_argument("--folds", type=int, default=splits.FOLDS)
    given = parser.parse_args()
    log, _ = read_dataset(given.dataset, lambda *_: None)
    folds = [Fold(log, fold, given.algorithm) for fold in range(given.folds)]
    print(
        f"{'known':>6}{'viewers':>9}  {'asked':8}{'answered':>9}{'nDCG@10':>9}{'':20} {'RMSE':>8}"
    )
    for known in KNOWN:
        compare(folds, known)


if __name__ == "__main__":
    main()
