from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from django.conf import LazySettings
from django.core.files.storage import storages
from django.db import connection, transaction
from pytest_django import DjangoAssertNumQueries

from recommendations import training
from recommendations.engine.artifacts import ArtifactError
from recommendations.engine.holdout import is_held_out
from recommendations.engine.svd import SVD
from recommendations.models import Genre, Movie, Neighbours, Rating, TrainedModel, Viewer
from recommendations.models.taste import HALVES
from recommendations.training import TrainingFailed, caching, loading
from tests.conftest import CRIME, FILMS, ROMANCE
from tests.training.conftest import SMALL, cached, stored

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.fixture
def faulty(settings: LazySettings) -> Iterator[None]:
    settings.ALGORITHMS = settings.ALGORITHMS | {
        name: f"{__name__}.{name.title()}" for name in ("stumbling", "halted", "blank")
    }
    yield


class Stumbling(SVD):
    def similar(self, film: int, n: int) -> list:  # type: ignore[type-arg]
        raise RuntimeError("I stumbled.")


class Halted(SVD):
    def find_neighbours(self, *arguments: object) -> None:
        raise KeyboardInterrupt


class Blank(SVD):
    def expected_stars(self, *arguments: Any) -> "NDArray[np.float32]":
        return np.full_like(super().expected_stars(*arguments), np.nan)


class TestTraining:
    def test_it_registers_a_model_ready_to_be_activated(self, catalogue: None) -> None:
        model = training.train("svd", SMALL)
        model.refresh_from_db()
        assert model.state == TrainedModel.State.READY
        assert model.parameters["factors"] == 4
        assert model.fit_seconds
        assert model.error == ""

    def test_it_knows_the_films_that_were_rated(self, catalogue: None) -> None:
        model = TrainedModel.objects.get(pk=training.train("svd", SMALL).pk)
        films = np.frombuffer(model.film_ids, np.int32)
        assert films.tolist() == list(FILMS)

    def test_held_out_ratings_measure_it_and_are_not_used(self, catalogue: None) -> None:
        model = training.train("svd", SMALL)
        pairs = np.array(list(Rating.objects.values_list("viewer", "movie")))
        held = is_held_out(*pairs.T).sum()
        assert model.metrics["held_out"] == held > 0
        assert model.ratings_used == len(pairs) - held
        assert 0 < model.metrics["mae"] <= model.metrics["rmse"] < 1

    def test_only_those_who_contribute_are_learned_from(self, catalogue: None) -> None:
        before = training.train("svd", SMALL)
        guest = Viewer.objects.create(display_name="Guest")
        guest.rate(Movie.objects.get(pk=1), 0.5)
        assert training.train("svd", SMALL).checksum == before.checksum

    def test_each_films_neighbours_are_stored_nearest_first(self, catalogue: None) -> None:
        model = training.train("svd", SMALL)
        model.activate()
        loaded = training.load_active()
        assert loaded
        similar = [loaded.model.film_ids[film] for film, _ in loaded.model.similar(4, 24)]
        assert Neighbours.objects.get(model=model, movie=5).films == similar
        assert Neighbours.objects.filter(model=model).count() == len(FILMS)

    def test_what_those_who_liked_a_film_also_liked_is_stored(self, catalogue: None) -> None:
        model = training.train("svd", SMALL)
        also_liked = Neighbours.objects.get(model=model, movie=5).also_liked
        assert len(also_liked) >= 10
        assert set(also_liked) <= set(CRIME) - {5}

    def test_how_many_gave_each_half_star_is_stored(self, catalogue: None) -> None:
        model = training.train("svd", SMALL)
        assert sum(model.stars_given) == model.ratings_used
        assert [half for half, count in zip(HALVES, model.stars_given, strict=True) if count] == [
            *(1.0, 1.5, 2.0),
            *(4.0, 4.5, 5.0),
        ]

    def test_films_of_the_same_taste_are_near(self, catalogue: None) -> None:
        model = training.train("svd", SMALL)
        nearest = Neighbours.objects.get(model=model, movie=5).films[:8]
        assert all(film in CRIME for film in nearest)

    def test_films_of_a_rare_genre_are_near(self, catalogue: None) -> None:
        western = Genre.objects.create(name="Western")
        for film in (5, 30):
            Movie.objects.get(pk=film).genres.set([western])
        model = training.train("svd", SMALL)
        assert Neighbours.objects.get(model=model, movie=5).films[0] == 30

    def test_the_steps_are_reported_to_their_ends(self, catalogue: None) -> None:
        seen: dict[str, tuple[int, int]] = {}
        training.train("svd", SMALL, lambda step, done, total: seen.update({step: (done, total)}))
        assert list(seen) == [
            *("Reading ratings", "Fitting", "Measuring"),
            *("Similar films", "Also liked"),
        ]
        assert all(done == total > 0 for done, total in seen.values())

    def test_the_same_again_shares_the_stored_files(self, catalogue: None, store: Path) -> None:
        first = training.train("svd", SMALL)
        files = stored(store)
        assert training.train("svd", SMALL).checksum == first.checksum
        assert stored(store) == files


class TestFailure:
    def test_an_unknown_algorithm_is_answered_with_the_valid_ones(self, db: None) -> None:
        with pytest.raises(TrainingFailed, match="no algorithm 'magic'; valid are hybrid"):
            training.train("magic")
        assert not TrainedModel.objects.exists()

    def test_an_unknown_parameter_is_answered_with_the_valid_ones(self, db: None) -> None:
        with pytest.raises(TrainingFailed, match="beard; valid are factors, epochs"):
            training.train("svd", {"beard": 1})
        assert not TrainedModel.objects.exists()

    def test_too_few_ratings_are_said_to_be_too_few(self, db: None) -> None:
        with pytest.raises(TrainingFailed, match="at least 2 viewers"):
            training.train("svd")
        failed = TrainedModel.objects.get()
        assert failed.state == TrainedModel.State.FAILED
        assert failed.error.startswith("Traceback")
        assert "at least 2 viewers" in failed.error

    def test_a_model_is_trained_where_no_rating_is_held_out(self, catalogue: None) -> None:
        given = Rating.objects.values_list("pk", "viewer", "movie")
        held = [pk for pk, *ids in given if is_held_out(*([each] for each in ids))[0]]
        Rating.objects.filter(pk__in=held).delete()
        model = training.train("svd", SMALL)
        assert model.state == TrainedModel.State.READY
        assert "rmse" not in model.metrics
        assert model.metrics["held_out"] == 0

    def test_a_fit_that_runs_away_is_said_to(self, active_model: TrainedModel) -> None:
        with pytest.raises(TrainingFailed, match="lower learning_rate"):
            training.train("svd", SMALL | {"learning_rate": 50})
        assert TrainedModel.objects.latest("pk").state == TrainedModel.State.FAILED
        assert TrainedModel.objects.active().get() == active_model

    def test_a_model_that_predicts_no_numbers_is_failed(
        self, active_model: TrainedModel, faulty: None, store: Path
    ) -> None:
        files = stored(store)
        with pytest.raises(TrainingFailed, match="stars that are no numbers"):
            training.train("blank", SMALL)
        assert TrainedModel.objects.latest("pk").state == TrainedModel.State.FAILED
        assert TrainedModel.objects.active().get() == active_model
        assert stored(store) == files

    def test_the_active_model_stays_at_work(
        self, active_model: TrainedModel, faulty: None, store: Path
    ) -> None:
        files = stored(store)
        with pytest.raises(RuntimeError, match="I stumbled"):
            training.train("stumbling", {"epochs": 1})
        active_model.refresh_from_db()
        assert active_model.state == TrainedModel.State.ACTIVE
        assert stored(store) == files

    def test_files_shared_with_the_active_model_stay(
        self, active_model: TrainedModel, faulty: None, store: Path
    ) -> None:
        files = stored(store)
        with pytest.raises(RuntimeError):
            training.train("stumbling", SMALL)
        assert stored(store) == files
        assert training.load_active()

    def test_nothing_is_left_of_a_failed_one(
        self, catalogue: None, faulty: None, store: Path
    ) -> None:
        with pytest.raises(RuntimeError):
            training.train("stumbling", SMALL)
        assert list(store.iterdir()) == []
        assert not Neighbours.objects.exists()

    def test_an_interrupted_one_is_failed(self, catalogue: None, faulty: None) -> None:
        with pytest.raises(KeyboardInterrupt):
            training.train("halted", SMALL)
        failed = TrainedModel.objects.get()
        assert failed.state == TrainedModel.State.FAILED
        assert "KeyboardInterrupt" in failed.error


class TestLoading:
    def test_without_an_active_model_there_is_none(self, catalogue: None) -> None:
        training.train("svd", SMALL)
        assert training.load_active() is None

    def test_the_active_model_is_loaded(self, active_model: TrainedModel) -> None:
        loaded = training.load_active()
        assert loaded
        assert loaded.pk == active_model.pk
        history = loaded.model.history([CRIME[0], CRIME[1], ROMANCE[0]], [5, 5, 1])
        stars = loaded.model.predict_stars(history).stars
        crime = np.isin(loaded.model.film_ids, CRIME)
        assert stars[crime].mean() > stars[~crime].mean()

    def test_it_is_loaded_once_and_costs_one_query_from_then(
        self, active_model: TrainedModel, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        loaded = training.load_active()
        with django_assert_num_queries(1):
            assert training.load_active() is loaded

    def test_an_activation_is_noticed(self, active_model: TrainedModel) -> None:
        training.load_active()
        newer = training.train("svd", SMALL | {"factors": 5})
        newer.activate()
        loaded = training.load_active()
        assert loaded
        assert loaded.pk == newer.pk

    def test_the_cached_copy_is_read_only(
        self, active_model: TrainedModel, settings: LazySettings
    ) -> None:
        training.load_active()
        folder = cached(settings, active_model)
        assert folder.stat().st_mode & 0o777 == 0o555
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o444}
        assert list(settings.MODEL_CACHE.iterdir()) == [folder]

    def test_the_cached_copy_is_reused(
        self, active_model: TrainedModel, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        training.load_active()
        entered = cached(settings, active_model).stat()
        monkeypatch.setattr(loading, "_loaded", None)  # as in another process
        storages["models"].delete(f"{active_model.checksum}/manifest.json")
        assert training.load_active()
        assert cached(settings, active_model).stat() == entered

    def test_a_damaged_copy_is_taken_anew(
        self, active_model: TrainedModel, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        training.load_active()
        path = cached(settings, active_model) / "base.npy"
        path.chmod(0o644)
        path.write_bytes(b"")
        monkeypatch.setattr(loading, "_loaded", None)
        assert training.load_active()
        assert path.stat().st_size > 0

    @pytest.mark.parametrize("name", ["base.npy", "manifest.json"])
    def test_a_missing_file_is_an_error_that_says_what_to_do(
        self, active_model: TrainedModel, settings: LazySettings, name: str
    ) -> None:
        storages["models"].delete(f"{active_model.checksum}/{name}")
        with pytest.raises(
            ArtifactError, match=rf"svd {active_model.pk}.*missing.*manage.py train"
        ):
            training.load_active()
        assert list(settings.MODEL_CACHE.iterdir()) == []

    def test_a_damaged_file_is_never_loaded_and_training_mends_it(
        self, active_model: TrainedModel, settings: LazySettings, store: Path
    ) -> None:
        path = store / active_model.checksum / "factors.npy"
        content = bytearray(path.read_bytes())
        content[-1] ^= 1
        path.write_bytes(content)
        with pytest.raises(ArtifactError, match=r"factors\.npy is damaged"):
            training.load_active()
        assert list(settings.MODEL_CACHE.iterdir()) == []
        training.train("svd", SMALL).activate()
        assert training.load_active()

    def test_whoever_copies_second_takes_the_first_copy(
        self, active_model: TrainedModel, settings: LazySettings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        fetch = caching.fetch

        def overtaken(checksum: str, folder: Path) -> None:
            fetch(checksum, folder)
            first = cached(settings, active_model)
            first.mkdir()
            fetch(checksum, first)

        monkeypatch.setattr(caching, "fetch", overtaken)
        assert training.load_active()
        assert list(settings.MODEL_CACHE.iterdir()) == [cached(settings, active_model)]


@pytest.mark.django_db(transaction=True)
def test_two_activations_at_once_take_turns() -> None:
    old, one, other = (
        TrainedModel.objects.create(algorithm="svd", state=TrainedModel.State.READY)
        for _ in range(3)
    )
    old.activate()
    with ThreadPoolExecutor() as pool:
        with transaction.atomic():
            one.activate()
            second = pool.submit(activate_alone, other)
            with pytest.raises(TimeoutError):
                second.result(timeout=0.5)
        second.result(timeout=20)
    assert list(TrainedModel.objects.active()) == [other]


def activate_alone(model: TrainedModel) -> None:
    try:
        model.activate()
    finally:
        connection.close()
