import subprocess
import sys

import numpy as np
import pytest
from numpy.typing import NDArray

from recommendations.engine.contract import History, Model
from recommendations.engine.ease import EASE
from recommendations.engine.features import TakesFeatures
from recommendations.engine.neighbours import nearest
from recommendations.engine.popularity import Popularity
from recommendations.engine.ratings import Ratings, UnusableRatings
from tests.engine.contract import (
    BLOCK_FILMS,
    BLOCK_VIEWERS,
    FILM_IDS,
    SECOND,
    ModelContract,
    two_blocks,
)

#: One genre for each block, and years a generation apart.
GENRES = np.repeat(np.eye(2, dtype=bool), BLOCK_FILMS, axis=0)
YEARS = np.repeat([1950, 2000], BLOCK_FILMS)

WITH_FEATURES = pytest.mark.parametrize("featured", [False, True], ids=["plain", "featured"])


def unfitted(featured: bool = False, **parameters: float) -> EASE:
    model = EASE(**parameters)
    return model.with_features(FILM_IDS, GENRES, YEARS) if featured else model


@pytest.fixture
def primal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EASE, "_is_dual", lambda *_: False)


@pytest.fixture
def dual(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(EASE, "_is_dual", lambda *_: True)


class EASEContract(ModelContract):
    @pytest.fixture
    def model(self, ratings: Ratings) -> EASE:
        model = EASE(regularisation=200, grading=0.65).fit(ratings)
        model.find_neighbours(ratings)
        return model

    def test_stars_of_the_loved_block_are_predicted_above_the_other(
        self, model: Model, fan: History
    ) -> None:
        """EASE predicts no stars of its own: they are those of Popularity."""
        popular = Popularity().fit(two_blocks())
        assert np.array_equal(model.predict_stars(fan).stars, popular.predict_stars(fan).stars)

    @pytest.mark.parametrize("min_support", [1, 36])
    def test_one_rating_made_another_is_what_scoring_anew_says(self, min_support: int) -> None:
        model = EASE(regularisation=200, min_support=min_support).fit(two_blocks())
        assert (model.support < 36).any()
        history = model.history(FILM_IDS[:8], [5, 4.5, 4, 3, 2.5, 2, 1, 0.5])
        places = np.arange(len(history))
        rescored = model.rescored(model.score(history), history, places, 1.5)
        for place in places:
            stars = history.stars.copy()
            stars[place] = 1.5
            anew = model.score(History(history.films, stars))
            assert np.allclose(rescored[place], anew, atol=1e-6)

    def test_where_all_ratings_carry_they_add_up_to_the_score(self, model: EASE) -> None:
        history = model.history(FILM_IDS[:4], [5] * 4)
        films = np.arange(2 * BLOCK_FILMS, dtype=np.int32)
        carried_by_all = [
            (film, sum(added for _, added in carriers))
            for film, (carriers, _) in zip(films, model.explain(history, films), strict=True)
            if len(carriers) == len(history)
        ]
        assert carried_by_all
        scores = model.score(history)
        assert all(np.isclose(total, scores[film]) for film, total in carried_by_all)


@pytest.mark.usefixtures("primal")
class TestPrimalEASE(EASEContract):
    def test_it_keeps_the_weights(self, model: EASE) -> None:
        assert model.weights.shape == (2 * BLOCK_FILMS, 2 * BLOCK_FILMS)
        assert not model.loadings.size


@pytest.mark.usefixtures("dual")
class TestDualEASE(EASEContract):
    def test_it_keeps_the_loadings(self, model: EASE) -> None:
        assert model.loadings.shape == (2 * BLOCK_FILMS, 2 * BLOCK_VIEWERS)
        assert not model.weights.size


# Two forms of the same.


def sparse() -> Ratings:
    """Each has rated little: some films have one rating."""
    return two_blocks(seen=0.1)


def some_history(model: Model) -> History:
    return model.history(FILM_IDS[[1, 2, 20, 4, 17]], [5, 4.5, 0.5, 3, 2])


def in_both_forms(monkeypatch: pytest.MonkeyPatch, featured: bool) -> list[EASE]:
    models = []
    for is_dual in (False, True):
        monkeypatch.setattr(EASE, "_is_dual", lambda *_, answer=is_dual: answer)
        models.append(unfitted(featured, regularisation=3).fit(sparse()))
    return models


@WITH_FEATURES
def test_both_forms_give_the_same_scores(monkeypatch: pytest.MonkeyPatch, featured: bool) -> None:
    one, other = in_both_forms(monkeypatch, featured)
    assert np.allclose(one.score(some_history(one)), other.score(some_history(other)), atol=1e-4)


@WITH_FEATURES
def test_both_forms_explain_the_same(monkeypatch: pytest.MonkeyPatch, featured: bool) -> None:
    films = np.arange(20, dtype=np.int32)
    one, other = (
        model.explain(some_history(model), films) for model in in_both_forms(monkeypatch, featured)
    )
    for ours, theirs in zip(one, other, strict=True):
        assert dict(ours.carriers) == pytest.approx(dict(theirs.carriers), abs=1e-4)
        assert ours.total == pytest.approx(theirs.total, abs=1e-4)


def naive(ratings: Ratings, regularisation: float) -> NDArray[np.float64]:
    """B by the book, with nothing scaled: zero diagonal, -P / diag(P) elsewhere."""
    rows = np.zeros((ratings.n_users, ratings.n_films))
    rows[ratings.users, ratings.films] = 1 + 0.5 * (ratings.stars - 3.5) / 2
    inverse = np.linalg.inv(rows.T @ rows + regularisation * np.eye(ratings.n_films))
    weights = -inverse / inverse.diagonal()
    np.fill_diagonal(weights, 0)
    return weights


def by_the_book() -> EASE:
    return EASE(regularisation=2, popularity_exponent=0, activity_exponent=0).fit(two_blocks())


@pytest.mark.parametrize("form", ["primal", "dual"])
def test_scores_are_those_of_the_naive_formula(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    request.getfixturevalue(form)
    monkeypatch.setattr("recommendations.engine.ease.BLOCK", 7)
    model = by_the_book()
    history = some_history(model)
    values = 1 + 0.5 * (history.stars - 3.5) / 2
    expected = values @ naive(two_blocks(), 2)[history.films]
    assert np.allclose(model.score(history), expected, atol=1e-4)


@pytest.mark.parametrize("form", ["primal", "dual"])
def test_item_weights_are_what_a_rating_adds_to_each_score(
    request: pytest.FixtureRequest, form: str
) -> None:
    request.getfixturevalue(form)
    model = by_the_book()
    films = np.arange(30, dtype=np.int32)
    weights = model.item_weights(films[:4], films)
    for film in range(4):
        # At 3.5 stars a rating weighs 1.
        alone = model.score(model.history(FILM_IDS[[film]], [3.5]))
        assert np.allclose(weights[film], alone, atol=1e-5)


def test_its_weights_help_to_find_similar_films() -> None:
    model = by_the_book()
    model.find_neighbours(two_blocks())
    helped = nearest(two_blocks(), item_weights=model.item_weights)
    assert np.array_equal(model.neighbours.similarities, helped.similarities)
    alone = nearest(two_blocks())
    assert not np.array_equal(model.neighbours.similarities, alone.similarities)


def test_the_cheaper_form_is_chosen() -> None:
    ratings = two_blocks()
    few = ratings.users < 10
    few_viewers = Ratings.from_ids(ratings.users[few], ratings.films[few], ratings.stars[few])
    assert EASE().fit(few_viewers).loadings.shape == (30, 10)
    assert EASE().fit(ratings).weights.shape == (30, 30)


# Features.


def with_a_cold_film() -> Ratings:
    """The last film of the first block was rated once, by a viewer of the second, badly."""
    ratings = two_blocks()
    cold = ratings.films == BLOCK_FILMS - 1
    return Ratings.from_ids(
        np.append(ratings.users[~cold], BLOCK_VIEWERS),
        np.append(ratings.film_ids[ratings.films[~cold]], FILM_IDS[BLOCK_FILMS - 1]),
        np.append(ratings.stars[~cold], 1),
    )


def test_features_lift_a_cold_film_among_its_kind() -> None:
    loved = FILM_IDS[:5]
    plain, featured = (
        unfitted(featured, regularisation=100, min_support=1).fit(with_a_cold_film())
        for featured in (False, True)
    )
    alone, helped = (
        model.score(model.history(loved, [5] * 5))[[BLOCK_FILMS - 1, *range(30)[SECOND]]]
        for model in (plain, featured)
    )
    assert alone[0] < alone[1:].mean()
    assert helped[0] > helped[1:].max()


def test_features_may_come_in_any_order_and_of_other_films() -> None:
    order = np.random.default_rng(4).permutation(len(FILM_IDS) + 1)
    ids, years = np.append(FILM_IDS, 1)[order], np.append(YEARS, 1999)[order]
    genres = np.vstack([GENRES, [True, True]])[order]
    turned = EASE().with_features(ids, genres, years).fit(two_blocks())
    expected = unfitted(True).fit(two_blocks())
    history = some_history(turned)
    assert np.allclose(turned.score(history), expected.score(history), atol=1e-4)


def test_films_without_year_or_features_are_fitted_all_the_same() -> None:
    years = np.where(np.arange(30) < 10, np.nan, YEARS)
    model = EASE().with_features(FILM_IDS[:20], GENRES[:20], years[:20]).fit(two_blocks())
    assert np.isfinite(model.score(some_history(model))).all()
    nothing = EASE().with_features(FILM_IDS, np.zeros((30, 0)), np.full(30, np.nan))
    assert np.array_equal(nothing.fit(two_blocks()).weights, EASE().fit(two_blocks()).weights)


def test_features_of_no_films_are_none() -> None:
    assert EASE().with_features([], np.zeros((0, 2)), []).features is None


def test_features_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="as many film ids as rows of genres and years"):
        EASE().with_features(FILM_IDS, GENRES[1:], YEARS)


def test_it_says_that_it_takes_features() -> None:
    assert isinstance(EASE(), TakesFeatures)
    assert not isinstance(Popularity(), TakesFeatures)


# Films left out, and too many of them.


def test_films_below_the_threshold_rank_below_the_others_by_popularity() -> None:
    model = EASE(min_support=36).fit(two_blocks())
    thin = model.support < 36
    scores = model.score(some_history(model))
    popular = Popularity().fit(two_blocks()).score(some_history(model))
    assert 0 < thin.sum() < len(thin)
    assert scores[thin].max() < scores[~thin].min()
    assert np.array_equal(np.argsort(scores[thin]), np.argsort(popular[thin]))


def test_a_film_left_out_neither_carries_nor_is_carried() -> None:
    model = EASE(min_support=36).fit(two_blocks())
    thin = np.flatnonzero(model.support < 36).astype(np.int32)
    stars = np.full(30, 4, np.float32)
    everything = History(np.arange(30, dtype=np.int32), stars)
    rows = [carriers for carriers, _ in model.explain(everything, everything.films)]
    assert all(not rows[film] for film in thin)
    assert all(carrier.position not in thin for row in rows for carrier in row)
    weights = model.item_weights(everything.films, everything.films)
    assert not weights[thin].any()
    assert not weights[:, thin].any()


def test_somebody_of_whom_nothing_is_known_gets_what_is_popular() -> None:
    model = EASE(min_support=36).fit(two_blocks())
    thin = int(np.argmin(model.support))
    popular = Popularity().fit(two_blocks()).score(model.history([], []))
    for history in (model.history([], []), model.history(FILM_IDS[[thin]], [5])):
        assert np.array_equal(model.score(history), popular)


def test_too_many_films_are_refused_with_the_memory_they_may_need() -> None:
    message = r"30 films have 2 ratings or more and may need 0\.0 GiB; max_items is 29"
    with pytest.raises(UnusableRatings, match=message):
        EASE(max_items=29).fit(two_blocks())
    assert EASE(max_items=30).fit(two_blocks()).weights.size


def test_a_threshold_that_no_film_reaches_is_refused() -> None:
    with pytest.raises(UnusableRatings, match="No film has 99 ratings: lower min_support"):
        EASE(min_support=99).fit(two_blocks())


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("regularisation", 0, "regularisation must be above 0"),
        ("genre_weight", -1, "genre_weight must not be below 0"),
        ("grading", 0.7, "grading must be above 0 and below 2/3"),
        ("max_items", 2.5, "max_items must be a whole number"),
    ],
)
def test_an_unusable_parameter_is_named(name: str, value: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        EASE(**{name: value})


def test_importing_it_needs_neither_surprise_nor_scipy() -> None:
    code = (
        "import sys, recommendations.engine.ease\n"
        "sys.exit(bool({'surprise', 'scipy', 'django'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
