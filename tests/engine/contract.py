"""What every model must pass: subclass `ModelContract` and give it a `model` fixture."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from recommendations.engine.artifacts import ArtifactError
from recommendations.engine.contract import ALL, Explanation, History, Model
from recommendations.engine.ratings import Ratings

#: Viewers of the first block love the films of the first block and nothing else; the second too.
BLOCK_VIEWERS, BLOCK_FILMS = 30, 15
FIRST, SECOND = slice(0, BLOCK_FILMS), slice(BLOCK_FILMS, 2 * BLOCK_FILMS)

#: Raw ids are far from internal indices, so that mixing them up is noticed.
FILM_IDS = 100 + 7 * np.arange(2 * BLOCK_FILMS)


ALL_FILMS = np.arange(2 * BLOCK_FILMS, dtype=np.int32)


def two_blocks(seen: float = 0.6) -> Ratings:
    """Two tastes; everybody has rated a share of everything."""
    random = np.random.default_rng(1)
    viewers, films = np.meshgrid(
        np.arange(2 * BLOCK_VIEWERS), np.arange(2 * BLOCK_FILMS), indexing="ij"
    )
    rated = random.random(viewers.shape) < seen
    loved = (viewers < BLOCK_VIEWERS) == (films < BLOCK_FILMS)
    stars = np.where(loved, 4.5, 1.5) + random.choice([-0.5, 0, 0.5], size=viewers.shape)
    return Ratings.from_ids(1000 + viewers[rated], FILM_IDS[films[rated]], stars[rated])


class ModelContract:
    """The tests; `model` is fitted to `ratings`, with its neighbours found."""

    @pytest.fixture
    def ratings(self) -> Ratings:
        return two_blocks()

    @pytest.fixture
    def fan(self, model: Model) -> History:
        """A viewer unknown to training, who loves the first block."""
        films = np.array([0, 1, 2, BLOCK_FILMS, BLOCK_FILMS + 1])
        return model.history(FILM_IDS[films], [5, 4.5, 5, 0.5, 1])

    def test_every_film_gets_one_finite_score(self, model: Model, fan: History) -> None:
        scores = model.score(fan)
        assert scores.shape == model.film_ids.shape
        assert scores.dtype == np.float32
        assert np.isfinite(scores).all()

    def test_the_loved_block_scores_above_the_other(self, model: Model, fan: History) -> None:
        scores = model.score(fan)
        assert scores[FIRST].min() > scores[SECOND].max()

    def test_the_present_ratings_decide(self, model: Model) -> None:
        convert = model.history(FILM_IDS[[0, 1, BLOCK_FILMS]], [0.5, 1, 5])
        scores = model.score(convert)
        assert scores[SECOND].mean() > scores[FIRST].mean()

    def test_stars_of_the_loved_block_are_predicted_above_the_other(
        self, model: Model, fan: History
    ) -> None:
        stars = model.predict_stars(fan).stars
        assert stars[FIRST].min() > stars[SECOND].max()

    def test_an_empty_history_is_served(self, model: Model) -> None:
        nobody = model.history([], [])
        assert len(nobody) == 0
        assert np.isfinite(model.score(nobody)).all()
        assert np.isfinite(model.predict_stars(nobody).stars).all()
        assert model.explain(nobody, np.arange(2, dtype=np.int32)) == [
            Explanation([], 0),
            Explanation([], 0),
        ]

    def test_films_it_does_not_know_are_dropped_from_a_history(self, model: Model) -> None:
        history = model.history([99, FILM_IDS[3], 100_000, FILM_IDS[0]], [1, 2, 3, 4])
        assert history.films.tolist() == [3, 0]
        assert history.stars.tolist() == [2, 4]

    def test_only_unknown_films_are_as_good_as_none(self, model: Model) -> None:
        unknown = model.score(model.history([99, 100_000], [5, 1]))
        assert np.array_equal(unknown, model.score(model.history([], [])))

    def test_the_order_of_a_history_does_not_matter(self, model: Model, fan: History) -> None:
        turned = History(fan.films[::-1], fan.stars[::-1])
        assert np.allclose(model.score(turned), model.score(fan), atol=1e-5)

    def test_ranges_hold_the_stars_and_stay_on_the_scale(self, model: Model, fan: History) -> None:
        errors = np.random.default_rng(2).normal(size=200).astype(np.float32)
        model.calibrate(model.conditions(fan, np.resize(ALL_FILMS, 200)), errors)
        predicted = model.predict_stars(fan)
        assert (predicted.low >= 0.5).all()
        assert (predicted.low <= predicted.stars).all()
        assert (predicted.stars <= predicted.high).all()
        assert (predicted.high <= 5).all()

    def test_some_films_are_predicted_as_among_all(self, model: Model, fan: History) -> None:
        some = np.array([4, 20], np.int32)
        alone, among_all = model.predict_stars(fan, some), model.predict_stars(fan, ALL)
        assert np.allclose(alone.stars, among_all.stars[some], atol=1e-5)
        assert np.allclose(alone.low, among_all.low[some], atol=1e-5)
        assert np.allclose(alone.high, among_all.high[some], atol=1e-5)

    def test_similar_films_are_of_the_same_block_nearest_first(self, model: Model) -> None:
        similar = model.similar(2, BLOCK_FILMS - 1)
        assert {film for film, _ in similar} == set(range(BLOCK_FILMS)) - {2}
        assert all(one.similarity >= two.similarity for one, two in pairwise(similar))

    def test_item_weights_are_none_or_one_for_each_pair(self, model: Model) -> None:
        films, others = np.array([2, 20], np.int32), np.array([0, 2, 20], np.int32)
        weights = model.item_weights(films, others)
        if weights is not None:
            assert weights.shape == (2, 3)
            assert np.isfinite(weights).all()
            assert weights[0, 1] == weights[1, 2] == 0

    def test_no_more_similar_films_than_asked_for(self, model: Model) -> None:
        assert len(model.similar(2, 3)) == 3

    def test_a_loved_film_is_carried_by_ratings_of_its_block(
        self, model: Model, fan: History
    ) -> None:
        [(carriers, _)] = model.explain(fan, np.array([5], np.int32))
        assert carriers
        assert all(fan.films[place] < BLOCK_FILMS for place, _ in carriers)

    def test_nothing_below_the_viewers_mean_or_not_positive_carries(
        self, model: Model, fan: History
    ) -> None:
        for carriers, _ in model.explain(fan, np.arange(2 * BLOCK_FILMS, dtype=np.int32)):
            assert all(fan.stars[place] >= fan.stars.mean() for place, _ in carriers)
            assert all(contribution > 0 for _, contribution in carriers)
            assert all(one.contribution >= two.contribution for one, two in pairwise(carriers))

    def test_no_more_carriers_than_asked_for(self, model: Model, fan: History) -> None:
        explained = model.explain(fan, np.array([5, 6], np.int32), 1)
        assert [len(each.carriers) for each in explained] == [1, 1]

    def test_no_films_have_no_explanations(self, model: Model, fan: History) -> None:
        assert model.explain(fan, np.empty(0, np.int32)) == []

    def test_the_total_is_that_of_all_ratings_whatever_is_named(
        self, model: Model, fan: History
    ) -> None:
        films = np.arange(2 * BLOCK_FILMS, dtype=np.int32)
        for whole, named in zip(
            model.explain(fan, films), model.explain(fan, films, 1), strict=True
        ):
            carried = sum(contribution for _, contribution in whole.carriers)
            assert 0 <= carried <= whole.total * (1 + 1e-6)
            assert named.total == whole.total

    def test_lowering_a_rating_never_raises_the_film_it_carried_most(self, model: Model) -> None:
        random = np.random.default_rng(3)
        films = np.arange(2 * BLOCK_FILMS, dtype=np.int32)
        for n in (1, 2, 5, 12):
            rated = random.choice(FILM_IDS, n, replace=False)
            history = model.history(rated, random.integers(1, 11, n) / 2)
            history.stars[0] = 5
            explained = model.explain(history, films)
            carried = [dict(carriers).get(0, 0) for carriers, _ in explained]
            film = int(np.argmax(carried))
            assert carried[film] > 0
            lowered = History(history.films, np.append(np.float32(0.5), history.stars[1:]))
            assert model.score(lowered)[film] < model.score(history)[film]

    def test_it_comes_back_from_disk_as_it_was(
        self, model: Model, fan: History, tmp_path: Path
    ) -> None:
        model.save(tmp_path, {"rmse": 0.5})
        loaded = type(model).load(tmp_path)
        assert np.array_equal(loaded.film_ids, model.film_ids)
        assert np.array_equal(loaded.score(fan), model.score(fan))
        assert np.array_equal(loaded.predict_stars(fan).low, model.predict_stars(fan).low)
        assert loaded.similar(2, 5) == model.similar(2, 5)
        films = np.arange(4, dtype=np.int32)
        assert loaded.explain(fan, films) == model.explain(fan, films)
        assert loaded.parameters == model.parameters

    def test_what_is_loaded_is_mapped_and_read_only(self, model: Model, tmp_path: Path) -> None:
        model.save(tmp_path)
        loaded = type(model).load(tmp_path)
        assert isinstance(loaded.film_ids, np.memmap)
        assert not loaded.film_ids.flags.writeable

    def test_the_same_ratings_give_the_same_artifact(
        self, model: Model, ratings: Ratings, tmp_path: Path
    ) -> None:
        checksums = []
        for name in ("one", "two"):
            (tmp_path / name).mkdir()
            again = type(model)(**model.parameters.named()).fit(ratings)
            again.find_neighbours(ratings)
            checksums.append(again.save(tmp_path / name))
        assert checksums[0] == checksums[1]

    def test_an_artifact_of_another_model_is_refused(
        self, model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        model.save(tmp_path)
        monkeypatch.setattr(type(model), "name", "other")
        with pytest.raises(ArtifactError, match="not by other"):
            type(model).load(tmp_path)

    def test_a_parameter_it_does_not_have_is_refused_with_the_valid_names(
        self, model: Model
    ) -> None:
        valid = ", ".join(model.parameters.named())
        with pytest.raises(ValueError, match=f"Unknown parameter beard; valid are {valid}"):
            type(model)(beard=1)

    def test_progress_is_reported_to_the_end(self, model: Model, ratings: Ratings) -> None:
        reports: list[tuple[int, int]] = []
        type(model)(**model.parameters.named()).fit(
            ratings, lambda done, total: reports.append((done, total))
        )
        assert reports == sorted(reports)
        assert reports[-1][0] == reports[-1][1] > 0
