"""Champion and challenger: what is worse does not go to work by itself."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pytest
from django.conf import LazySettings
from django.core.files.storage import storages

from recommendations import training
from recommendations.engine import artifacts
from recommendations.engine.comparison import Measure, Served, Trial, compare
from recommendations.engine.holdout import is_held_out
from recommendations.engine.progress import unwatched
from recommendations.engine.ratings import HIGHEST, LOWEST, Ratings
from recommendations.engine.slow import SlopeOne
from recommendations.models import Rating, TrainedModel
from recommendations.training import caching, loading
from tests.training.conftest import SMALL, cached

if TYPE_CHECKING:
    from numpy.typing import NDArray

Activation = TrainedModel.Activation
#: It has no time to learn anything of taste.
BAD = {"factors": 1, "epochs": 1, "learning_rate": 1e-9}


def challenge(
    parameters: Mapping[str, float], activation: Activation = Activation.UNLESS_WORSE
) -> TrainedModel:
    return training.train("svd", parameters, unwatched, activation)


def test_a_worse_model_is_left_ready_with_the_figures(active_model: TrainedModel) -> None:
    worse = challenge(BAD)
    assert worse.state == TrainedModel.State.READY
    assert TrainedModel.objects.active().get() == active_model
    told = worse.metrics["comparison"]
    assert told["champion"] == str(active_model)
    assert told["lost"]
    assert told["mse"]["worse_by"] > 2 * told["mse"]["standard_error"] > 0


def test_a_worse_model_is_put_to_work_by_force(active_model: TrainedModel) -> None:
    worse = challenge(BAD, Activation.ALWAYS)
    assert TrainedModel.objects.active().get() == worse


def test_an_equal_model_is_put_to_work(active_model: TrainedModel) -> None:
    equal = challenge(SMALL)
    assert TrainedModel.objects.active().get() == equal
    assert equal.metrics["comparison"]["ndcg"]["worse_by"] == 0
    assert equal.metrics["comparison"]["mse"]["worse_by"] == 0


def test_without_a_model_at_work_the_new_one_goes(catalogue: None) -> None:
    assert challenge(BAD).state == TrainedModel.State.ACTIVE


def test_a_model_that_cannot_be_loaded_is_no_champion(active_model: TrainedModel) -> None:
    storages["models"].delete(f"{active_model.checksum}/factors.npy")
    worse = challenge(BAD)
    assert worse.state == TrainedModel.State.ACTIVE
    assert "factors.npy is missing" in worse.metrics["comparison"]["note"]


def test_a_storage_that_is_away_leaves_the_new_model_ready(
    active_model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise ConnectionError("no route to the storage")

    monkeypatch.setattr(caching, "fetch", away)
    new = challenge(SMALL)
    assert new.state == TrainedModel.State.READY
    assert "no route to the storage" in new.metrics["comparison"]["note"]
    assert TrainedModel.objects.active().get() == active_model


def test_a_model_of_a_newer_version_is_not_replaced(
    active_model: TrainedModel, settings: LazySettings
) -> None:
    training.load_active()
    manifest = cached(settings, active_model) / artifacts.MANIFEST
    manifest.chmod(0o644)
    manifest.write_bytes(manifest.read_bytes().replace(b'"format": 1', b'"format": 2'))
    new = challenge(SMALL | {"epochs": 21})
    assert new.state == TrainedModel.State.READY
    assert "its format is 2" in new.metrics["comparison"]["note"]
    assert TrainedModel.objects.active().get() == active_model


def test_another_model_that_went_to_work_meanwhile_stays(
    active_model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = training.train("svd", SMALL)
    load = loading.load

    def overtaken(record: TrainedModel) -> object:
        other.activate()
        return load(record)

    monkeypatch.setattr("recommendations.training.comparing.load", overtaken)
    assert challenge(SMALL | {"epochs": 21}).state == TrainedModel.State.READY
    assert TrainedModel.objects.active().get() == other


def test_a_slow_model_is_compared_by_fewer_viewers(
    active_model: TrainedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("recommendations.training.comparing.VIEWERS_OF_SLOW", 7)
    slow = training.train("slope_one", {}, unwatched, Activation.UNLESS_WORSE)
    assert slow.metrics["comparison"]["viewers"] == 7


@dataclass
class Data:
    ratings: Ratings
    users: "NDArray[np.int64]"
    films: "NDArray[np.int32]"
    stars: "NDArray[np.float32]"

    def trials(self, most: int) -> list[Trial]:
        return Trial.of_viewers(self.ratings, self.users, self.films, self.stars, most)


@pytest.fixture
def data(catalogue: None) -> Data:
    given = Rating.objects.order_by("viewer").values_list("viewer", "movie", "stars")
    users, films, stars = np.array(list(given)).T
    held = is_held_out(users.astype(np.int64), films.astype(np.int32))
    ratings = Ratings.from_ids(users[~held], films[~held], stars[~held])
    kept = users[held].astype(np.int64), films[held].astype(np.int32)
    return Data(ratings, *kept, stars[held].astype(np.float32))


def test_trials_hold_the_same_viewers_each_time_and_nothing_that_was_trained(data: Data) -> None:
    few, many = data.trials(5), data.trials(10)
    assert len(few) == 5
    assert {trial.viewer for trial in few} < {trial.viewer for trial in many}
    for trial in many:
        assert not set(trial.film_ids.tolist()) & set(trial.held_film_ids.tolist())
        given = Rating.objects.filter(viewer=trial.viewer)
        assert len(trial.film_ids) + len(trial.held_film_ids) == given.count()


def test_films_that_only_one_model_knows_are_misses_and_no_errors(
    active_model: TrainedModel, data: Data
) -> None:
    loaded = training.load_active()
    assert loaded
    ratings = data.ratings
    some = Ratings.from_ids(
        *(column[ratings.films < 30] for column in (ratings.users, ratings.films, ratings.stars))
    )
    narrow = type(loaded.model)(**SMALL).fit(some)
    narrow.film_ids = ratings.film_ids[some.film_ids]
    found = compare(Served(narrow), Served(loaded.model), data.trials(500))
    assert found
    assert found.mse
    assert found.ratings == len(data.stars)
    assert 0 < found.mse.challenger < 3


def test_worse_by_more_than_two_standard_errors_has_lost() -> None:
    assert Measure(0.1, 0.2, 0.021, 0.01).lost
    assert not Measure(0.1, 0.2, 0.019, 0.01).lost


def test_who_predicts_no_numbers_has_lost_and_is_no_champion() -> None:
    assert Measure(math.nan, 0.2, math.nan, math.nan).lost
    assert not Measure(0.2, math.nan, math.nan, math.nan).lost


def test_a_model_that_does_not_fold_in_is_served_the_viewer(data: Data) -> None:
    model = SlopeOne().fit(data.ratings)
    for trial in data.trials(5):
        history = model.history(trial.film_ids, trial.stars)
        known = np.isin(trial.held_film_ids, model.film_ids)
        places = np.searchsorted(model.film_ids, trial.held_film_ids[known])
        stars = np.clip(model.trained_estimates(trial.viewer)[places], LOWEST, HIGHEST)
        squares = Served(model).squared_errors(trial, history, known)
        assert squares == pytest.approx((trial.held_stars[known] - stars) ** 2, abs=1e-5)


def test_one_viewer_is_too_few_to_compare_by(active_model: TrainedModel, data: Data) -> None:
    loaded = training.load_active()
    assert loaded
    served = Served(loaded.model)
    assert compare(served, served, data.trials(1)) is None
