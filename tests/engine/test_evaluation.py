import math
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from recommendations.engine.contract import ALL, Films, History
from recommendations.engine.ease import EASE
from recommendations.engine.evaluation import (
    Evaluation,
    Protocol,
    Run,
    artifact_size,
    best,
    evaluate,
    forget_peak_memory,
    peak_memory,
)
from recommendations.engine.features import FilmFeatures
from recommendations.engine.progress import Progress, silent
from recommendations.engine.ratings import Ratings, UnusableRatings
from recommendations.engine.slow import UserKNNBasic
from recommendations.engine.splits import RatingLog
from recommendations.engine.svd import SVD
from tests.engine.contract import two_blocks

RANKING = [
    "ndcg",
    "map",
    "precision",
    "recall",
    "liked_ndcg",
    "disliked_hits",
    "coverage",
    "novelty",
]
COSTS = ["fit_seconds", "artifact_bytes", "score_milliseconds", "peak_memory_bytes"]


class Simple(SVD):
    """A model that learns nothing, to be told what to score."""

    def learn(self, ratings: Ratings, progress: Progress) -> None:
        self.base = np.zeros(ratings.n_films, np.float32)
        self.factors = np.zeros((ratings.n_films, 1), np.float32)
        self.user_ids = ratings.user_ids
        self.user_bias = np.zeros(ratings.n_users, np.float32)
        self.user_factors = np.zeros((ratings.n_users, 1), np.float32)


class Counts(Simple):
    """Ranks by the number of ratings."""

    name = "counts"

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        return self.support.astype(np.float32)


class Oracle(Simple):
    """Knows what each viewer of `BLOCKS` will rate, and how."""

    name = "oracle"

    def score(
        self, history: History, user: int | None = None, progress: Progress = silent
    ) -> NDArray[np.float32]:
        return np.isin(self.film_ids, BLOCKS.films[BLOCKS.users == user]).astype(np.float32)

    def expected_stars(
        self, history: History, films: Films = ALL, user: int | None = None
    ) -> NDArray[np.float32]:
        return np.full(len(self.film_ids), 4, np.float32)[films]


class Rigid(Counts):
    """Cannot be told of anything since training."""

    name = "rigid"
    folds_in = False


def log_of(rows: list[tuple[int, int, float]]) -> RatingLog:
    """Written down in this order, a second apart."""
    users, films, stars = zip(*rows, strict=True)
    return RatingLog(
        np.array(users, np.int64),
        np.array(films, np.int32),
        np.array(stars, np.float32),
        np.arange(len(rows)),
    )


def log_of_blocks() -> RatingLog:
    ratings = two_blocks()
    return RatingLog(
        ratings.user_ids[ratings.users],
        ratings.film_ids[ratings.films],
        ratings.stars,
        np.arange(len(ratings)),
    )


BLOCKS = log_of_blocks()

#: The last of each viewer is tested: 10 liked, 20 disliked, 40 unknown to training, and the only
#: one of the fourth viewer. Training counts film 10 twice, 20 and 30 once, by three viewers.
FEW = log_of(
    [
        (1, 20, 3.0),
        (1, 10, 5.0),
        (2, 10, 4.0),
        (2, 20, 2.5),
        (3, 10, 3.5),
        (3, 30, 4.0),
        (3, 40, 4.5),
        (4, 30, 3.0),
    ]
)


def test_popularity_is_measured_as_worked_out_by_hand() -> None:
    # k = 2. Viewer 1 has seen 20: gets 10, 30, and 10 is a hit at rank 1. Viewer 2 has seen 10:
    # gets 20 before 30, as the id is lower; 20 is a hit at rank 1. Viewer 3 has seen 10 and 30:
    # gets 20 alone. Viewer 4, without a history, gets 10, 20.
    figures = evaluate(Counts, FEW, Protocol.LEAVE_LAST_OUT, k=2).mean
    once, twice = math.log2(3), math.log2(3 / 2)
    assert {name: figures[name] for name in RANKING} == pytest.approx(
        {
            "ndcg": 2 / 4,
            "map": 2 / 4,
            "precision": (1 / 2 + 1 / 2) / 4,
            "recall": 2 / 4,
            "liked_ndcg": 1 / 2,
            "disliked_hits": 1 / 2,
            "coverage": 1,
            "novelty": (2 * twice + 5 * once) / 7,
        }
    )


def test_an_oracle_is_perfect() -> None:
    figures = evaluate(Oracle, BLOCKS, k=10, held_out_viewers=True).mean
    assert figures["ndcg"] == pytest.approx(1)
    assert figures["held_out_ratio"] == pytest.approx(1)
    # At 1, whoever has any tested film has as many as are asked for.
    assert evaluate(Oracle, BLOCKS, k=1).mean["precision"] == 1


def test_of_equal_scores_the_lower_film_comes_first_and_what_was_seen_never() -> None:
    scores = np.array([1, 2, 2, 0, 2, 1], np.float32)
    seen = np.array([2], np.int32)
    assert best(scores, seen, 3).tolist() == [1, 4, 0]
    assert best(scores, seen, 10).tolist() == [1, 4, 0, 5, 3]
    assert best(scores, np.arange(6, dtype=np.int32), 3).tolist() == []


def test_every_seed_is_measured_and_their_mean() -> None:
    result = evaluate(Counts, BLOCKS, seeds=[42, 43])
    first, second = result.runs
    assert (first.seed, second.seed) == (42, 43)
    assert first.figures["ndcg"] != second.figures["ndcg"]
    assert set(first.figures) == {*RANKING, *COSTS}
    assert result.mean["ndcg"] == pytest.approx(
        (first.figures["ndcg"] + second.figures["ndcg"]) / 2
    )


def test_each_protocol_has_a_seed_of_its_own() -> None:
    assert evaluate(Counts, BLOCKS).runs[0].seed == 42
    assert evaluate(Counts, BLOCKS, Protocol.KFOLD).runs[0].seed == 0


def test_stars_of_trained_viewers_are_those_that_they_were_trained_to() -> None:
    """By their films' means alone, the two tastes would cancel out."""
    assert evaluate(UserKNNBasic, BLOCKS, Protocol.KFOLD).mean["rmse"] < 0.8


def test_stars_are_measured_over_all_folds() -> None:
    figures = evaluate(Oracle, BLOCKS, Protocol.KFOLD).mean
    wrong_by = BLOCKS.stars - 4
    assert set(figures) == {"rmse", "mae", "range_coverage", "range_coverage_worst", *COSTS}
    assert figures["rmse"] == pytest.approx(float(np.sqrt(np.mean(wrong_by**2))))
    assert figures["mae"] == pytest.approx(float(np.abs(wrong_by).mean()))


def test_ranges_are_measured_where_they_are_asked_for() -> None:
    quick = {"factors": 4, "epochs": 10}
    unasked = evaluate(SVD, BLOCKS, Protocol.KFOLD, parameters=quick).mean
    asked = evaluate(SVD, BLOCKS, Protocol.KFOLD, parameters=quick, ranges=True).mean
    assert np.isnan(unasked["range_coverage"])
    assert 0.6 < asked["range_coverage"] <= 1
    assert asked["rmse"] == unasked["rmse"]


def test_films_that_training_does_not_know_count_at_the_mean_and_the_viewers_level() -> None:
    # Each fold leaves one of five rows out; the oracle expects 4 stars of every film it knows.
    rows = [(1, 1, 5.0), (1, 2, 3.0), (2, 1, 3.0), (2, 2, 5.0), (1, 3, 2.0)]
    figures = evaluate(Oracle, log_of(rows), Protocol.KFOLD).mean
    unknown = (5 + 3 + 3 + 5) / 4 + (1 - 1) / (2 + 3)
    assert figures["mae"] == pytest.approx((1 + 1 + 1 + 1 + (unknown - 2)) / 5)


def test_viewers_are_held_out_of_rankings_and_served_about_as_well() -> None:
    figures = evaluate(
        SVD, BLOCKS, parameters={"factors": 4, "epochs": 10}, held_out_viewers=True
    ).mean
    assert figures["held_out_ratio"] == pytest.approx(1, abs=0.15)


def test_what_does_not_fold_in_has_no_ratio() -> None:
    assert math.isnan(evaluate(Rigid, BLOCKS, held_out_viewers=True).mean["held_out_ratio"])


def test_parameters_reach_the_model_and_all_of_them_are_told() -> None:
    told = evaluate(Counts, BLOCKS, parameters={"factors": "7"}).parameters
    assert told["factors"] == 7
    assert "epochs" in told


def test_features_of_films_reach_a_model_that_takes_them() -> None:
    films = np.unique(BLOCKS.films)
    first_block = np.arange(len(films)) < len(films) / 2
    features = FilmFeatures(films, first_block[:, None], np.full(len(films), np.nan, np.float32))
    parameters = {"genre_weight": 20}
    without = evaluate(EASE, BLOCKS, parameters=parameters).mean
    with_them = evaluate(EASE, replace(BLOCKS, features=features), parameters=parameters).mean
    assert with_them["ndcg"] != without["ndcg"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({"k": 0}, "k must be at least 1, not 0"),
        (
            {"protocol": Protocol.KFOLD, "held_out_viewers": True},
            "held out of stratified-by-item or leave-last-out, not of kfold",
        ),
        ({"parameters": {"beard": 1}}, "Unknown parameter beard; valid are factors"),
    ],
)
def test_what_cannot_be_measured_is_refused(asked: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        evaluate(SVD, BLOCKS, **asked)  # type: ignore[arg-type]


def test_too_few_ratings_are_said_to_be_too_few() -> None:
    with pytest.raises(UnusableRatings, match="at least 2 viewers"):
        evaluate(Counts, log_of([(1, 1, 4.0), (1, 2, 3.0)]), Protocol.KFOLD)


def test_progress_names_each_step_and_comes_to_its_end() -> None:
    reports: list[tuple[str, int, int]] = []
    evaluate(SVD, FEW, Protocol.LEAVE_LAST_OUT, progress=lambda *report: reports.append(report))
    ends = {step: done == total for step, done, total in reports}
    assert ends == {"svd, seed 0: fitting": True, "svd, seed 0: ranking": True}


def test_the_mean_is_over_seeds() -> None:
    runs = [Run(1, {"ndcg": 0.25}), Run(2, {"ndcg": 0.75})]
    assert Evaluation("svd", {}, Protocol.KFOLD, 10, runs).mean == {"ndcg": 0.5}


def test_an_artifact_is_as_large_as_its_files(tmp_path: Path) -> None:
    model = SVD(factors=4, epochs=2).fit(two_blocks())
    model.save(tmp_path)
    assert artifact_size(model) == sum(path.stat().st_size for path in tmp_path.iterdir())


@pytest.mark.skipif(
    not os.access("/proc/self/clear_refs", os.W_OK), reason="this system cannot forget a peak"
)
def test_peak_memory_remembers_what_was_freed_until_it_is_told_to_forget() -> None:
    forget_peak_memory()
    before = peak_memory()
    held = np.ones(50_000_000, np.uint8)
    del held
    assert 45e6 < peak_memory() - before < 100e6
    forget_peak_memory()
    assert peak_memory() < before + 25e6
