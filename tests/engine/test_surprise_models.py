import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from recommendations.engine.baseline import Baseline
from recommendations.engine.contract import History, Model
from recommendations.engine.factors import NMF, SVDPlusPlus
from recommendations.engine.item_knn import (
    ItemKNN,
    ItemKNNBaseline,
    ItemKNNBasic,
    ItemKNNWithMeans,
    ItemKNNWithZScore,
)
from recommendations.engine.pairs import keep_largest
from recommendations.engine.ratings import Ratings, UnusableRatings
from recommendations.engine.slow import (
    CoClustering,
    SlopeOne,
    SlowModel,
    UserKNN,
    UserKNNBaseline,
    UserKNNBasic,
    UserKNNWithMeans,
    UserKNNWithZScore,
)
from recommendations.engine.surprise_models import SurpriseModel
from recommendations.engine.svd import SVD
from tests.engine.contract import FIRST, SECOND, ModelContract, two_blocks
from tests.engine.peer import as_surprise_has_it

ITEM_KNN = (ItemKNNBasic, ItemKNNWithMeans, ItemKNNWithZScore, ItemKNNBaseline)
USER_KNN = (UserKNNBasic, UserKNNWithMeans, UserKNNWithZScore, UserKNNBaseline)
SLOW = (SlopeOne, CoClustering, *USER_KNN)


def found(model: Model, ratings: Ratings) -> Model:
    model.fit(ratings)
    model.find_neighbours(ratings)
    return model


class TestSVDPlusPlus(ModelContract):
    @pytest.fixture
    def model(self, ratings: Ratings) -> Model:
        return found(SVDPlusPlus(factors=8, epochs=30), ratings)

    def test_the_explanation_adds_up_to_the_stars(self, model: SVDPlusPlus, fan: History) -> None:
        films = np.arange(len(model.film_ids), dtype=np.int32)
        by_what_was_rated = fan.stars - model._residuals(fan)
        implicit = model.factors @ model._implicit(fan)
        assert np.allclose(model.base[fan.films] + implicit[fan.films], by_what_was_rated)
        carried = model.weights(fan, films) @ model._residuals(fan)
        assert np.allclose(model.base + implicit + carried, model.expected_stars(fan), atol=1e-5)


class TestNMF(ModelContract):
    @pytest.fixture(params=[0, 1], ids=["plain", "biased"])
    def model(self, request: pytest.FixtureRequest, ratings: Ratings) -> Model:
        return found(NMF(factors=4, epochs=30, biased=request.param), ratings)

    def test_contributions_are_what_the_film_loses_with_the_rating(
        self, model: NMF, fan: History
    ) -> None:
        [(carriers, _)] = model.explain(fan, np.array([5], np.int32))
        place, lost = carriers[0]
        stars = fan.stars.copy()
        stars[place] = 0.5
        before, after = (
            model.expected_stars(History(fan.films, each)) for each in (fan.stars, stars)
        )
        assert lost == pytest.approx(before[5] - after[5], abs=1e-5)


class TestItemKNN(ModelContract):
    @pytest.fixture(params=ITEM_KNN, ids=lambda each: each.name)
    def model(self, request: pytest.FixtureRequest, ratings: Ratings) -> Model:
        return found(request.param(), ratings)

    def test_the_explanation_adds_up_to_the_stars(self, model: ItemKNN, fan: History) -> None:
        films = np.arange(len(model.film_ids), dtype=np.int32)
        carried = model.weights(fan, films) @ (fan.stars - model.fallback[fan.films])
        assert np.allclose(model.fallback + carried, model.expected_stars(fan), atol=1e-5)

    def test_too_few_neighbours_leave_the_fallback(self, ratings: Ratings) -> None:
        model = ItemKNNBasic(min_neighbours=6).fit(ratings)
        history = model.history(model.film_ids[:5], [5, 5, 5, 5, 5])
        assert np.allclose(model.expected_stars(history), ratings.stars.mean())


class TestBaseline(ModelContract):
    """No taste is known to it: what the contract says of taste is turned round."""

    @pytest.fixture
    def model(self, ratings: Ratings) -> Model:
        return found(Baseline(), ratings)

    def test_the_loved_block_scores_above_the_other(self, model: Model, fan: History) -> None:
        nobody = model.score(model.history([], []))
        assert np.ptp(model.score(fan) - nobody) == pytest.approx(0, abs=1e-5)

    def test_the_present_ratings_decide(self, model: Model) -> None:
        keen, strict = (model.history(model.film_ids[:2], [stars, stars]) for stars in (5, 0.5))
        assert (model.score(keen) > model.score(strict)).all()

    def test_stars_of_the_loved_block_are_predicted_above_the_other(
        self, model: Model, fan: History
    ) -> None:
        stars = model.predict_stars(fan).stars
        assert abs(stars[FIRST].mean() - stars[SECOND].mean()) < 0.5

    def test_a_loved_film_is_carried_by_ratings_of_its_block(
        self, model: Model, fan: History
    ) -> None:
        assert model.explain(fan, np.array([5], np.int32))[0].carriers == []

    def test_no_more_carriers_than_asked_for(self, model: Model, fan: History) -> None:
        explained = model.explain(fan, np.array([5, 6], np.int32), 1)
        assert [carriers for carriers, _ in explained] == [[], []]

    def test_lowering_a_rating_never_raises_the_film_it_carried_most(self, model: Model) -> None:
        high, low = (model.history(model.film_ids[:1], [stars]) for stars in (5, 0.5))
        assert (model.score(low) < model.score(high)).all()


class TestSlowModels(TestBaseline):
    """They know the taste only of viewers they were trained on."""

    @pytest.fixture(params=SLOW, ids=lambda each: each.name)
    def model(self, request: pytest.FixtureRequest, ratings: Ratings) -> Model:
        return found(request.param(), ratings)

    def test_the_present_ratings_decide(self, model: Model) -> None:
        assert not model.folds_in
        keen, nobody = model.history(model.film_ids[:2], [5, 5]), model.history([], [])
        assert np.array_equal(model.score(keen), model.score(nobody))

    def test_lowering_a_rating_never_raises_the_film_it_carried_most(self, model: Model) -> None:
        high, low = (model.history(model.film_ids[:1], [stars]) for stars in (5, 0.5))
        assert np.array_equal(model.score(low), model.score(high))

    def test_a_trained_viewer_gets_the_trained_row(self, model: SlowModel, fan: History) -> None:
        expected = model.trained_estimates(1000).astype(np.float32) + model.lift
        assert np.array_equal(model.score(fan, 1000), expected)

    def test_the_stars_are_the_trained_viewers_too(self, model: SlowModel, fan: History) -> None:
        trained, films = model.trained_estimates(1000), np.array([4, 20], np.int32)
        expected = np.clip(trained, 0.5, 5)
        assert np.allclose(model.predict_stars(fan, user=1000).stars, expected)
        assert np.allclose(model.predict_stars(fan, films, 1000).stars, expected[films])
        assert not np.allclose(model.predict_stars(fan, films, 1059).stars, expected[films])

    def test_the_stars_of_a_viewer_it_does_not_know_are_film_means(
        self, model: SlowModel, fan: History
    ) -> None:
        assert np.allclose(model.predict_stars(fan, user=7).stars, model.film_means)

    def test_a_viewer_it_does_not_know_gets_film_means_and_the_log_says_so(
        self, model: SlowModel, fan: History, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.INFO):
            scores = model.score(fan, 7)
        assert np.array_equal(scores, model.film_means.astype(np.float32) + model.lift)
        assert f"{model.name} was not trained on viewer 7" in caplog.text

    def test_a_score_reports_how_far_it_is(self, model: SlowModel, fan: History) -> None:
        reports: list[tuple[int, int]] = []
        model.score(fan, 1000, lambda done, total: reports.append((done, total)))
        assert len(reports) > 10
        assert reports == sorted(reports)
        assert reports[-1] == (30, 30)


# The numbers are Surprise's.


def random_ratings() -> Ratings:
    """120 viewers and 80 films, every rating in halves, without any block."""
    random = np.random.default_rng(5)
    viewers, films = np.nonzero(random.random((120, 80)) < random.random(80) * 0.6 + 0.02)
    stars = random.normal(3.3, 1, len(viewers)) + random.normal(0, 0.5, 80)[films]
    return Ratings.from_ids(
        500 + 3 * viewers, 9 + 2 * films, np.clip(np.round(2 * stars), 1, 10) / 2
    )


def knn_of_surprise(model: Any, *, user_based: bool) -> Any:
    import surprise  # noqa: PLC0415

    options = {"name": model.parameters.similarity, "user_based": user_based}
    return getattr(surprise, model.fitted_by)(
        k=model.parameters.neighbours,
        min_k=model.parameters.min_neighbours,
        sim_options=options,
        verbose=False,
    )


def pairs() -> Iterator[tuple[SurpriseModel, Any]]:
    """Each model, and the call of Surprise that it stands for."""
    import surprise  # noqa: PLC0415

    yield Baseline(), surprise.BaselineOnly(verbose=False)
    plain = {"n_factors": 20, "n_epochs": 20, "lr_all": 0.01, "reg_all": 0.1, "init_std_dev": 0.03}
    svd = SVD(factors=20, epochs=20, learning_rate=0.01, regularisation=0.1, init_std_dev=0.03)
    yield svd, surprise.SVD(**plain, random_state=0)
    yield SVDPlusPlus(epochs=5), surprise.SVDpp(n_epochs=5, random_state=0)
    yield NMF(), surprise.NMF(random_state=0)
    yield NMF(biased=1, factors=3), surprise.NMF(biased=True, n_factors=3, random_state=0)
    yield SlopeOne(), surprise.SlopeOne()
    yield CoClustering(), surprise.CoClustering(random_state=0)
    for kind in (*ITEM_KNN, *USER_KNN):
        for parameters in (
            {"neighbours": 5, "similarity": "pearson_baseline"},
            {"similarity": "cosine", "min_neighbours": 3},
            {"neighbours": 8, "similarity": "msd"},
            {"similarity": "pearson"},
        ):
            model = kind(**parameters)
            yield model, knn_of_surprise(model, user_based=isinstance(model, UserKNN))


@pytest.mark.parametrize(
    ("model", "surprise"),
    [pytest.param(*pair, id=f"{pair[0].name}-{place}") for place, pair in enumerate(pairs())],
)
def test_a_trained_viewer_gets_the_stars_that_surprise_predicts(
    model: SurpriseModel, surprise: Any
) -> None:
    ratings = random_ratings()
    model.fit(ratings)
    surprise.fit(as_surprise_has_it(ratings))
    random = np.random.default_rng(6)
    for place in random.integers(0, ratings.n_users, 25):
        user = int(ratings.user_ids[place])
        films = random.integers(0, ratings.n_films, 20)
        ids = ratings.film_ids[films].tolist()
        predicted = [surprise.predict(user, film, clip=False).est for film in ids]
        assert np.abs(model.trained_estimates(user)[films] - predicted).max() < 1e-6


@pytest.mark.parametrize("kind", [Baseline, *ITEM_KNN])
def test_who_rated_nothing_since_training_gets_the_trained_stars(kind: Any) -> None:
    ratings = random_ratings()
    model = kind().fit(ratings)
    own = ratings.of_user(4)
    history = History(ratings.films[own], ratings.stars[own])
    trained = model.trained_estimates(int(ratings.user_ids[4]))
    assert np.allclose(model.expected_stars(history), trained, atol=1e-5)


@pytest.mark.parametrize("kind", [SVDPlusPlus, NMF])
def test_fold_in_comes_near_the_trained_stars(kind: Any) -> None:
    ratings = two_blocks()
    model = kind().fit(ratings)
    own = ratings.of_user(4)
    history = History(ratings.films[own], ratings.stars[own])
    trained = model.trained_estimates(int(ratings.user_ids[4]))
    assert np.abs(model.expected_stars(history) - trained).mean() < 0.5


def test_a_viewer_that_training_did_not_see_has_no_trained_stars() -> None:
    model = Baseline().fit(two_blocks())
    assert not model.knows(7)
    assert not model.knows(None)
    with pytest.raises(KeyError):
        model.trained_estimates(7)


def test_of_equals_the_first_are_kept() -> None:
    rows = np.array([[1.0, 3, 1, 1, 2], [0, 0, 4, 0, 0]])
    keep_largest(rows, 3)
    assert rows.tolist() == [[1, 3, 0, 0, 2], [0, 0, 4, 0, 0]]


@pytest.mark.parametrize("kind", [ItemKNNBasic, UserKNNBasic, SlopeOne])
def test_more_than_fits_in_memory_is_refused(kind: Any) -> None:
    with pytest.raises(UnusableRatings, match="at most 20 are allowed"):
        kind(largest=20).fit(two_blocks())


@pytest.mark.parametrize(
    ("kind", "parameters", "message"),
    [
        (Baseline, {"epochs": 0}, "epochs must be above 0"),
        (Baseline, {"user_damping": -1}, "user_damping must not be below 0"),
        (SVDPlusPlus, {"factors": 2.5}, "factors must be a whole number"),
        (NMF, {"biased": 2}, "biased must be 0 or 1"),
        (ItemKNNBasic, {"similarity": "taste"}, "must be one of msd, cosine, pearson"),
        (ItemKNNBasic, {"neighbours": 0}, "neighbours must be above 0"),
        (SlopeOne, {"largest": 0}, "largest must be above 0"),
        (CoClustering, {"seed": -1}, "seed must not be below 0"),
    ],
)
def test_an_unusable_parameter_is_named(kind: Any, parameters: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**parameters)


def test_a_fit_that_runs_away_says_what_to_do() -> None:
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="lower learning_rate"):
        SVDPlusPlus(factors=4, learning_rate=10).fit(two_blocks())


@pytest.mark.parametrize("module", ["baseline", "factors", "item_knn", "slow", "surprise_models"])
def test_loading_a_model_needs_neither_surprise_nor_scipy(module: str) -> None:
    code = (
        f"import sys, recommendations.engine.{module}\n"
        "sys.exit(bool({'surprise', 'scipy', 'django'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
