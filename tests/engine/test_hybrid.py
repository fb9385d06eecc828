from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recommendations.engine.contract import History
from recommendations.engine.ease import EASE
from recommendations.engine.features import TakesFeatures
from recommendations.engine.hybrid import Hybrid, smallest_support
from recommendations.engine.ratings import Ratings, UnusableRatings
from recommendations.engine.stars import Stars
from tests.engine.contract import BLOCK_FILMS, FILM_IDS, ModelContract, two_blocks
from tests.engine.test_ease import GENRES, YEARS

#: For 30 films and 60 viewers.
SMALL = {"ease.regularisation": 200, "ease.grading": 0.65}


def hybrid(**parameters: object) -> Hybrid:
    return Hybrid(**SMALL | parameters).fit(two_blocks())


class TestHybrid(ModelContract):
    @pytest.fixture
    def model(self, ratings: Ratings) -> Hybrid:
        model = hybrid()
        model.find_neighbours(ratings)
        return model

    def test_stars_are_those_of_the_star_predictor(self, model: Hybrid, fan: History) -> None:
        alone = Stars().fit(two_blocks())
        assert np.array_equal(model.expected_stars(fan), alone.expected_stars(fan))

    def test_a_film_of_enough_stars_keeps_the_score_of_the_ranker(
        self, model: Hybrid, fan: History
    ) -> None:
        enough = model.expected_stars(fan) > fan.stars.mean()
        assert enough.any()
        assert np.array_equal(model.score(fan)[enough], model.ranker.score(fan)[enough])

    def test_the_fewer_stars_the_further_a_film_sinks(self, model: Hybrid, fan: History) -> None:
        lost = model.ranker.score(fan) - model.score(fan)
        below = 3 - model.expected_stars(fan)
        order = np.argsort(below, kind="stable")
        assert lost[order[-1]] > 0
        assert (np.diff(lost[order]) >= -1e-5).all()

    def test_without_penalty_it_ranks_as_ease_does(self, fan: History) -> None:
        alone = EASE(regularisation=200, grading=0.65).fit(two_blocks())
        assert np.array_equal(hybrid(penalty=0).score(fan), alone.score(fan))

    def test_somebody_without_ratings_gets_the_order_of_the_ranker(self, model: Hybrid) -> None:
        nobody = model.history([], [])
        assert np.array_equal(model.score(nobody), model.ranker.score(nobody))

    def test_a_score_reports_its_end(self, model: Hybrid, fan: History) -> None:
        reports: list[tuple[int, int]] = []
        model.score(fan, None, lambda done, total: reports.append((done, total)))
        assert reports[-1] == (2, 2)

    def test_what_carried_a_pick_is_what_the_ranker_says(
        self, model: Hybrid, fan: History
    ) -> None:
        loved = np.arange(BLOCK_FILMS, dtype=np.int32)
        assert model.explain(fan, loved) == model.ranker.explain(fan, loved)

    def test_lowering_whatever_is_named_never_raises_a_film(self, model: Hybrid) -> None:
        random, films = np.random.default_rng(8), np.arange(2 * BLOCK_FILMS, dtype=np.int32)
        for n in (2, 4, 8):
            rated = random.choice(FILM_IDS, n, replace=False)
            history = model.history(rated, random.integers(1, 11, n) / 2)
            explained = model.explain(history, films)
            for place in range(n):
                stars = history.stars.copy()
                stars[place] = 0.5
                risen = model.score(History(history.films, stars)) > model.score(history)
                named = [place in dict(carriers) for carriers, _ in explained]
                assert not (risen & named).any()

    def test_what_it_said_of_one_history_is_not_said_of_another(
        self, model: Hybrid, fan: History
    ) -> None:
        films = np.arange(2 * BLOCK_FILMS, dtype=np.int32)
        other = History(fan.films, fan.stars[::-1].copy())
        alone = {id(each): hybrid().score(each) for each in (fan, other)}
        for each in (fan, other, fan):
            before = model.explain(each, films, 2)
            assert np.allclose(model.score(each), alone[id(each)], atol=1e-5)
            assert model.explain(each, films, 2) == before

    def test_who_gave_the_lowest_stars_to_all_has_nothing_to_lower(self, model: Hybrid) -> None:
        history, films = model.history(FILM_IDS[:4], [0.5] * 4), np.arange(8, dtype=np.int32)
        assert model.explain(history, films) == model.ranker.explain(history, films)

    def test_an_explanation_asks_for_no_stars_but_those_of_its_films(
        self, model: Hybrid, fan: History, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # With many films and ratings, those of all would take a minute.
        expected, asked = model.stars.expected_stars, []

        def watched(*given: Any) -> Any:
            asked.append(len(expected(*given)))
            return expected(*given)

        monkeypatch.setattr(model.stars, "expected_stars", watched)
        model.explain(fan, np.arange(BLOCK_FILMS, BLOCK_FILMS + 3, dtype=np.int32))
        assert set(asked) == {3}

    def test_both_parts_are_in_one_artifact(self, model: Hybrid, tmp_path: Path) -> None:
        model.save(tmp_path)
        names = {path.name for path in tmp_path.iterdir()}
        assert {"ranker.weights.npy", "stars.svd_factors.npy", "film_ids.npy"} <= names
        assert not {"ranker.film_ids.npy", "stars.support.npy"} & names


def test_films_that_the_ranker_leaves_out_are_explained_by_the_stars() -> None:
    model = hybrid(**{"ease.min_support": 36})
    fan = model.history(FILM_IDS[[0, 1, 2, BLOCK_FILMS]], [5, 4.5, 5, 0.5])
    films = np.arange(BLOCK_FILMS, dtype=np.int32)
    thin = model.support[films] < 36
    assert 0 < thin.sum() < len(thin)
    explained = model.explain(fan, films)
    for film, by_stars in zip(films[thin], model.stars.explain(fan, films[thin]), strict=True):
        assert explained[film].total == pytest.approx(by_stars.total)
        for here, there in zip(explained[film].carriers, by_stars.carriers, strict=True):
            assert here == pytest.approx(there)
    assert [explained[film] for film in films[~thin]] == model.ranker.explain(fan, films[~thin])


def test_features_go_to_the_ranker() -> None:
    model = Hybrid()
    assert isinstance(model, TakesFeatures)
    model.with_features(FILM_IDS, GENRES, YEARS).fit(two_blocks())
    alone = EASE().with_features(FILM_IDS, GENRES, YEARS).fit(two_blocks())
    assert np.array_equal(model.ranker.weights, alone.weights)


# Too many films for the ranker.


def test_too_many_films_raise_the_rankers_threshold_and_a_note_says_so(tmp_path: Path) -> None:
    model = hybrid(**{"ease.max_items": 20})
    assert 0 < model.ranker.known.sum() <= 20
    assert model.support[model.ranker.known].min() > model.support[~model.ranker.known].max()
    [note] = model.notes
    assert "more do not fit into ease.max_items, which is 20" in note
    model.save(tmp_path)
    assert Hybrid.load(tmp_path).notes == [note]


def test_as_many_films_as_fit_take_part_without_a_note() -> None:
    model = hybrid(**{"ease.max_items": 30})
    assert model.ranker.known.all()
    assert model.notes == []


def test_by_its_own_name_ease_still_refuses_them() -> None:
    with pytest.raises(UnusableRatings, match="max_items is 20"):
        EASE(max_items=20).fit(two_blocks())


def test_the_threshold_is_the_smallest_that_fits() -> None:
    support = np.array([1, 7, 3, 3, 2], np.int32)
    assert [smallest_support(support, most) for most in (5, 4, 3, 2, 1)] == [0, 2, 3, 4, 4]


# Parameters.


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("penalty", -1, "penalty must not be below 0"),
        ("factors", 4, r"valid are penalty, ease\.regularisation, .*stars\.factors"),
        ("ease.grading", 1, "Of ease: Parameter grading must be above 0 and below 2/3"),
        ("stars.epochs", "many", "Of stars: Parameter epochs must be a whole number"),
    ],
)
def test_an_unusable_parameter_is_named(name: str, value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Hybrid(**{name: value})


def test_parameters_reach_the_parts() -> None:
    model = Hybrid(**{"ease.min_support": "5", "stars.factors": "20"})
    assert model.ranker.parameters.min_support == 5
    assert model.stars.parameters.named()["factors"] == 20
