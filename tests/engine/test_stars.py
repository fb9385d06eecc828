from pathlib import Path

import numpy as np
import pytest

from recommendations.engine import artifacts
from recommendations.engine.contract import History
from recommendations.engine.holdout import dealt
from recommendations.engine.item_knn import ItemKNNBaseline
from recommendations.engine.ratings import Ratings, UnusableRatings
from recommendations.engine.sparse_knn import SparseItemKNN
from recommendations.engine.stacking import LENGTHS, Stack
from recommendations.engine.stars import Stars
from tests.engine.contract import BLOCK_FILMS, FIRST, SECOND, ModelContract, two_blocks

QUICK = {"factors": 8, "epochs": 20, "audience_dimensions": 8, "inner_fits": 1}
FILMS = np.arange(2 * BLOCK_FILMS, dtype=np.int32)


@pytest.fixture(scope="module")
def fitted() -> Stars:
    ratings = two_blocks()
    model = Stars(**QUICK).fit(ratings)
    model.find_neighbours(ratings)
    return model


class TestStars(ModelContract):
    @pytest.fixture
    def model(self, fitted: Stars, tmp_path_factory: pytest.TempPathFactory) -> Stars:
        # Fitted once; each test has its own.
        folder = tmp_path_factory.mktemp("stars")
        fitted.save(folder)
        return Stars.load(folder)

    def test_the_fit_alone_gives_ranges(self, model: Stars, fan: History) -> None:
        predicted = model.predict_stars(fan)
        assert model.errors.are_known
        assert (predicted.high - predicted.low).max() < 3

    def test_contributions_add_up_to_what_the_ratings_change(
        self, model: Stars, fan: History
    ) -> None:
        raised = History(fan.films, fan.stars - np.array([0.5, 0, 1, 0, 0], np.float32))
        changed = model.expected_stars(fan) - model.expected_stars(raised)
        carried = model.weights(fan, FILMS) @ (fan.stars - raised.stars)
        assert np.allclose(changed, carried, atol=1e-4)

    def test_only_what_is_served_is_stored(self, model: Stars, tmp_path: Path) -> None:
        model.save(tmp_path)
        names = artifacts.read_manifest(tmp_path).arrays
        assert {"svd_base", "svd_factors", "kernel_audience", "knn_similarities"} < set(names)
        assert not [name for name in names if "rating" in name or "user" in name]


class TestStarsOfManyFilms(ModelContract):
    """With more films than the item k-NN may have."""

    @pytest.fixture
    def model(self, ratings: Ratings) -> Stars:
        model = Stars(**QUICK, largest=10).fit(ratings)
        model.find_neighbours(ratings)
        return model

    def test_there_is_no_item_knn_and_the_manifest_says_so(
        self, model: Stars, tmp_path: Path
    ) -> None:
        model.save(tmp_path)
        manifest = artifacts.read_manifest(tmp_path)
        assert "no item k-NN in it, as 30 films are more than the 10" in manifest.notes[0]
        assert Stars.load(tmp_path).notes == manifest.notes
        assert not [name for name in manifest.arrays if name.startswith("knn")]
        assert model.stack.weights.shape == (len(LENGTHS), 2)


def test_genres_say_what_few_ratings_do_not() -> None:
    ratings = two_blocks(seen=0.2)
    genres = np.repeat([[True, False], [False, True]], BLOCK_FILMS, axis=0)
    years = np.repeat([1950.0, 2000.0], BLOCK_FILMS)
    told = Stars(**QUICK).with_features(ratings.film_ids, genres, years).fit(ratings)
    viewer = told.history(ratings.film_ids[[0, BLOCK_FILMS]], [5, 1])

    def contrast(model: Stars) -> float:
        stars = model.fitted.kernel.expected_stars(viewer)
        return float(stars[FIRST].mean() - stars[SECOND].mean())

    assert contrast(told) > contrast(Stars(**QUICK).fit(ratings)) + 0.1


def test_years_count_without_any_genre() -> None:
    ratings = two_blocks(seen=0.2)
    years = np.repeat([1950.0, 2000.0], BLOCK_FILMS)
    told = Stars(**QUICK).with_features(ratings.film_ids, np.zeros((30, 0)), years).fit(ratings)
    alone = Stars(**QUICK).fit(ratings)
    viewer = told.history(ratings.film_ids[:1], [5])
    by_year = told.fitted.kernel.weights(viewer, FILMS) - alone.fitted.kernel.weights(
        viewer, FILMS
    )
    assert by_year[FIRST].mean() > by_year[SECOND].mean() + 0.01


def test_features_of_no_film_are_none() -> None:
    assert Stars(**QUICK).with_features([], np.zeros((0, 2)), []).fit(two_blocks())


def test_too_few_ratings_to_leave_some_out_are_said_to_be() -> None:
    few = Ratings.from_ids([1, 1, 2, 2], [1, 2, 1, 2], [1, 1, 1, 2])
    with pytest.raises(UnusableRatings, match="too few ratings to weigh the stars' parts"):
        Stars(**QUICK | {"inner_fits": 5}).fit(few)


def test_of_a_long_history_the_kernel_counts_as_many_as_it_may() -> None:
    model = Stars(**QUICK, longest=3).fit(two_blocks())
    history = model.history(model.film_ids[:10], [5, 4] * 5)
    counted = model.fitted.kernel.weights(history, FILMS)
    alike = np.isclose(counted, counted[:, 1:2], atol=1e-6).all(axis=0)
    assert alike.sum() == 7
    assert model.expected_stars(history).shape == FILMS.shape


def test_more_inner_fits_than_parts_are_refused() -> None:
    with pytest.raises(ValueError, match="inner_fits must not be above 5"):
        Stars(inner_fits=6)


def test_the_sparse_item_knn_is_that_of_surprise() -> None:
    ratings = two_blocks(seen=0.3)
    sparse, dense = SparseItemKNN().fit(ratings), ItemKNNBaseline().fit(ratings)
    assert np.array_equal(sparse.similar_films, dense.similar_films)
    assert np.allclose(sparse.similarities, dense.similarities)
    history = sparse.history(ratings.film_ids[[0, 3, 20]], [5, 4, 1])
    assert np.allclose(sparse.expected_stars(history), dense.expected_stars(history))


def test_the_parts_of_the_inner_fits_are_even_and_lasting() -> None:
    viewers, films = np.meshgrid(np.arange(1, 201), np.arange(1, 201))
    part = dealt(viewers.ravel(), films.ravel(), 5)
    assert np.allclose(np.bincount(part) / part.size, 0.2, atol=0.01)
    assert dealt([1, 2, 610], [1, 5, 318], 5).tolist() == [2, 0, 3]


def test_the_stack_trusts_what_predicts_best_at_each_length() -> None:
    random = np.random.default_rng(0)
    lengths = np.repeat([1, 100], 2000)
    truth = random.normal(size=4000)
    blur = np.where(lengths == 1, 0.1, 2.0)
    noise = random.normal(size=(4000, 2)) * np.column_stack([blur, 2.1 - blur])
    stack = Stack.fitted(lengths, truth[:, None] + noise, truth)
    short, long = stack.of(1), stack.of(100)
    assert np.allclose(short, [1, 0], atol=0.1)
    assert np.allclose(long, [0, 1], atol=0.1)
    assert (stack.weights >= 0).all()


def test_without_evidence_all_count_alike() -> None:
    nothing = np.zeros(0)
    stack = Stack.fitted(nothing.astype(np.int64), np.zeros((0, 4)), nothing)
    assert np.allclose(stack.weights, 0.25)
