import numpy as np
import pytest

from recommendations.engine.contract import Explanation, History, Model
from recommendations.engine.popularity import Popularity
from recommendations.engine.ratings import Ratings
from tests.engine.contract import BLOCK_FILMS, FILM_IDS, ModelContract


class TestPopularity(ModelContract):
    """It knows no taste: where the contract asks for one, it answers alike for everybody."""

    @pytest.fixture
    def model(self, ratings: Ratings) -> Popularity:
        model = Popularity().fit(ratings)
        model.find_neighbours(ratings)
        return model

    def test_the_loved_block_scores_above_the_other(self, model: Model, fan: History) -> None:
        assert np.array_equal(model.score(fan), model.score(model.history([], [])))

    def test_the_present_ratings_decide(self, model: Model) -> None:
        """Of stars, not of ranks."""
        films = FILM_IDS[[0, 1, BLOCK_FILMS]]
        kind, harsh = model.history(films, [5, 5, 5]), model.history(films, [1, 1, 1])
        assert model.predict_stars(kind).stars.min() > model.predict_stars(harsh).stars.max()

    def test_stars_of_the_loved_block_are_predicted_above_the_other(
        self, model: Model, fan: History
    ) -> None:
        order = np.argsort(model.predict_stars(fan).stars, kind="stable")
        anybodys = model.predict_stars(model.history([], [])).stars
        assert (np.diff(anybodys[order]) >= -1e-6).all()

    def test_a_loved_film_is_carried_by_ratings_of_its_block(
        self, model: Model, fan: History
    ) -> None:
        assert model.explain(fan, np.array([5], np.int32)) == [Explanation([], 0)]

    def test_no_more_carriers_than_asked_for(self, model: Model, fan: History) -> None:
        explained = model.explain(fan, np.array([5, 6], np.int32), 1)
        assert explained == [Explanation([], 0)] * 2

    def test_lowering_a_rating_never_raises_the_film_it_carried_most(self, model: Model) -> None:
        high, low = (model.history(FILM_IDS[:1], [stars]) for stars in (5, 0.5))
        assert np.array_equal(model.score(high), model.score(low))

    def test_a_parameter_it_does_not_have_is_refused_with_the_valid_names(
        self, model: Model
    ) -> None:
        with pytest.raises(ValueError, match="Unknown parameter beard"):
            type(model)(beard=1)


def three_films() -> Ratings:
    """Film 10 was rated by four, 20 by four and better, 30 by one and best."""
    viewers, films = [1, 2, 3, 4, 1, 2, 3, 4, 1], [10] * 4 + [20] * 4 + [30]
    return Ratings.from_ids(viewers, films, [2, 2, 2, 2, 4, 4, 4, 4, 5])


def test_many_ratings_come_before_a_high_mean_and_a_high_mean_before_a_low_one() -> None:
    model = Popularity().fit(three_films())
    scores = model.score(model.history([], []))
    assert scores[1] > scores[0] > scores[2]


def test_means_are_damped_towards_the_mean_of_all() -> None:
    overall = 29 / 9
    means = Popularity().fit(three_films()).means
    assert np.allclose(means, (np.array([8, 16, 5]) + 5 * overall) / np.array([9, 9, 6]))


def test_a_viewers_first_rating_moves_their_stars_by_a_quarter_of_what_it_says() -> None:
    model = Popularity().fit(three_films())
    moved = model.expected_stars(model.history([10], [5])) - model.means
    assert np.allclose(moved, (5 - model.means[0]) / 4)
