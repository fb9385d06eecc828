import subprocess
import sys

import numpy as np
import pytest

from recommendations.engine.contract import History
from recommendations.engine.ratings import Ratings
from recommendations.engine.svd import SVD
from tests.engine.contract import ModelContract, two_blocks


class TestSVD(ModelContract):
    @pytest.fixture
    def model(self, ratings: Ratings) -> SVD:
        model = SVD(factors=8, epochs=20).fit(ratings)
        model.find_neighbours(ratings)
        return model

    def test_contributions_and_the_base_add_up_to_the_stars(
        self, model: SVD, fan: History
    ) -> None:
        films = np.arange(len(model.film_ids), dtype=np.int32)
        carried = model.weights(fan, films) @ (fan.stars - model.base[fan.films])
        assert np.allclose(model.base + carried, model.expected_stars(fan), atol=1e-5)

    def test_the_total_counts_all_that_raised_the_film_and_takes_nothing_off(
        self, model: SVD, fan: History
    ) -> None:
        """A hated romance speaks for a crime film, but is not named."""
        film = np.array([5], np.int32)
        [added] = model.weights(fan, film) * (fan.stars - model.base[fan.films])
        [(carriers, total)] = model.explain(fan, film)
        assert total == pytest.approx(added[added > 0].sum())
        assert total > sum(contribution for _, contribution in carriers) > 0

    def test_an_unknown_viewer_gets_the_films_own_level(self, model: SVD) -> None:
        assert np.array_equal(model.expected_stars(model.history([], [])), model.base)

    def test_a_first_rating_moves_the_level_a_little(self, model: SVD) -> None:
        film = model.film_ids[:1]
        moved = model.expected_stars(model.history(film, [5])) - model.base
        assert 0 < moved.mean() < (5 - model.base[0]) / 2

    def test_stars_are_clipped_to_the_scale(self, model: SVD, fan: History) -> None:
        clipped = np.clip(model.expected_stars(fan), 0.5, 5)
        assert np.array_equal(model.predict_stars(fan).stars, clipped)

    def test_of_films_with_as_many_stars_the_one_that_more_rated_ranks_higher(
        self, model: SVD, fan: History
    ) -> None:
        raised = model.score(fan) - model.expected_stars(fan)
        order = np.argsort(model.support, kind="stable")
        assert (np.diff(raised[order]) >= -1e-5).all()
        assert raised.max() > raised.min()


def test_a_fit_that_runs_away_says_what_to_do() -> None:
    with np.errstate(all="ignore"), pytest.raises(FloatingPointError, match="lower learning_rate"):
        SVD(factors=4, epochs=20, learning_rate=10).fit(two_blocks())


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("factors", "many", "factors must be a whole number, not 'many'"),
        ("factors", 2.5, "factors must be a whole number"),
        ("factors", 0, "factors must be above 0"),
        ("learning_rate", "nan", "learning_rate must be a number"),
        ("regularisation", -1, "regularisation must not be below 0"),
    ],
)
def test_an_unusable_parameter_is_named(name: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SVD(**{name: value})


def test_parameters_are_read_from_text() -> None:
    assert SVD(factors="20", learning_rate="0.02").parameters.learning_rate == 0.02


def test_loading_a_model_needs_neither_surprise_nor_scipy() -> None:
    code = (
        "import sys, recommendations.engine.svd\n"
        "sys.exit(bool({'surprise', 'scipy', 'django'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
