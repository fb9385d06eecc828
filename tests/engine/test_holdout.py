import numpy as np

from recommendations.engine.contract import History
from recommendations.engine.holdout import HeldOut, accuracy, conditions, errors, is_held_out
from recommendations.engine.ratings import Ratings
from recommendations.engine.slow import SlopeOne
from recommendations.engine.svd import SVD
from tests.engine.contract import two_blocks


def test_the_same_ratings_are_held_out_for_ever() -> None:
    pairs = [(viewer, film) for viewer in (1, 2, 610, 2**40) for film in (1, 5, 6, 318)]
    held = [pair for pair in pairs if is_held_out(*np.transpose([pair]))[0]]
    assert held == [(2, 5), (610, 6), (610, 318)]


def test_one_in_ten_is_held_out_of_each_viewer_and_each_film() -> None:
    viewers, films = np.meshgrid(np.arange(1, 501), np.arange(1, 501))
    held = is_held_out(viewers.ravel(), films.ravel()).reshape(viewers.shape)
    assert abs(held.mean() - 0.1) < 0.002
    for axis in (0, 1):
        assert 0.04 < held.mean(axis=axis).min() <= held.mean(axis=axis).max() < 0.16


def test_order_and_type_do_not_matter() -> None:
    viewers, films = np.arange(1, 1000), np.arange(1000, 1, -1)
    held = is_held_out(viewers, films)
    assert np.array_equal(is_held_out(viewers[::-1], films[::-1]), held[::-1])
    assert np.array_equal(is_held_out(viewers.astype(np.int32), films.astype(np.int16)), held)


def test_nothing_is_held_out_of_nothing() -> None:
    assert len(is_held_out([], [])) == 0


def test_errors_are_those_of_the_viewers_folded_in() -> None:
    ratings = two_blocks()
    model = SVD(factors=4, epochs=10).fit(ratings)
    held_out = HeldOut.of(
        ratings,
        np.array([1040, 1003]),
        np.array([ratings.film_ids[2], ratings.film_ids[1]]),
        np.array([2.0, 4.0], np.float32),
    )
    own = ratings.of_user(3)
    history = model.history(ratings.film_ids[ratings.films[own]], ratings.stars[own])
    expected = 4 - model.predict_stars(history).stars[1]
    assert held_out.users.tolist() == [3, 40]
    assert np.isclose(errors(model, ratings, held_out)[0], expected, atol=1e-5)


def test_a_model_that_does_not_fold_in_is_measured_by_the_trained_viewers() -> None:
    ratings = two_blocks()
    model = SlopeOne().fit(ratings)
    held_out = HeldOut.of(
        ratings, np.array([1003]), ratings.film_ids[[1]], np.array([4.0], np.float32)
    )
    expected = 4 - np.clip(model.trained_estimates(1003)[1], 0.5, 5)
    assert np.isclose(errors(model, ratings, held_out)[0], expected)


def test_ratings_of_unknown_films_or_by_unknown_viewers_are_counted_and_left_out() -> None:
    ratings = Ratings.from_ids([1, 2], [10, 20], [1, 5])
    held_out = HeldOut.of(
        ratings, np.array([1, 1, 3]), np.array([20, 30, 10]), np.ones(3, np.float32)
    )
    assert (len(held_out), held_out.left_out) == (1, 2)


def test_conditions_are_those_of_the_training_ratings() -> None:
    ratings = two_blocks()
    model = SVD(factors=4, epochs=10).fit(ratings)
    held_out = HeldOut.of(
        ratings, np.array([1003]), ratings.film_ids[[2]], np.array([2.0], np.float32)
    )
    own = ratings.of_user(3)
    history = History(ratings.films[own], ratings.stars[own])
    found, expected = conditions(ratings, held_out), model.conditions(history, held_out.films)
    assert np.allclose(found.columns(), expected.columns())


def test_accuracy_is_in_stars() -> None:
    found = accuracy(np.array([1, -1, 2], np.float32))
    assert np.isclose(found["rmse"], np.sqrt(2))
    assert np.isclose(found["mae"], 4 / 3)


def test_nothing_held_out_has_no_accuracy() -> None:
    assert accuracy(np.empty(0, np.float32)) == {}
