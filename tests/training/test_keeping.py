"""Damaged models are replaced by the last good one; what is not needed any more goes."""

import logging
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.storage import storages
from django.db import connection, transaction

from recommendations import training
from recommendations.engine import artifacts
from recommendations.engine.artifacts import ArtifactError, NewerFormat
from recommendations.models import Neighbours, Prediction, TrainedModel, Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline import requests
from recommendations.tasks import run_prediction
from recommendations.training import caching, keeping, loading
from tests.training.conftest import SMALL, cached, stored

State = TrainedModel.State


@pytest.fixture
def second(active_model: TrainedModel) -> TrainedModel:
    """A model at work, and one before it."""
    return activated(5)


def activated(factors: int) -> TrainedModel:
    model = training.train("svd", SMALL | {"factors": factors})
    model.activate()
    return model


def state_of(model: TrainedModel) -> str:
    return TrainedModel.objects.get(pk=model.pk).state


def lose_file(model: TrainedModel, name: str = "factors.npy") -> None:
    storages["models"].delete(f"{model.checksum}/{name}")


class TestTheLastGoodModel:
    def test_it_takes_the_place_of_a_damaged_one(
        self, active_model: TrainedModel, second: TrainedModel, caplog: pytest.LogCaptureFixture
    ) -> None:
        lose_file(second)
        with caplog.at_level(logging.ERROR):
            loaded = training.load_active()
        assert loaded
        assert loaded.pk == active_model.pk
        assert TrainedModel.objects.active().get() == active_model
        second.refresh_from_db()
        assert second.state == State.FAILED
        assert "factors.npy is missing" in second.error
        assert "manage.py train --algorithm svd" in second.error
        assert f"svd {active_model.pk} is at work again" in caplog.text

    def test_a_prediction_is_served_by_it(
        self, active_model: TrainedModel, second: TrainedModel, alice: Viewer
    ) -> None:
        row = requests.ensure(alice, HOME).in_flight
        assert row
        lose_file(second)
        run_prediction(row.pk)
        row.refresh_from_db()
        assert (row.status, row.model) == (Prediction.Status.SUCCEEDED, active_model)

    def test_it_is_the_last_that_can_be_loaded(
        self, active_model: TrainedModel, second: TrainedModel
    ) -> None:
        third = activated(6)
        lose_file(third)
        lose_file(second)
        loaded = training.load_active()
        assert loaded
        assert loaded.pk == active_model.pk
        assert state_of(second) == State.RETIRED

    def test_when_none_can_be_loaded_nothing_changes(
        self, active_model: TrainedModel, second: TrainedModel
    ) -> None:
        lose_file(second)
        lose_file(active_model)
        with pytest.raises(ArtifactError, match=rf"svd {second.pk} cannot be loaded"):
            training.load_active()
        assert TrainedModel.objects.active().get() == second

    def test_a_storage_that_is_away_changes_nothing(
        self,
        active_model: TrainedModel,
        second: TrainedModel,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def away(*_: object) -> None:
            raise ConnectionError("no route to the storage")

        monkeypatch.setattr(caching, "fetch", away)
        with pytest.raises(OSError, match="no route"):
            training.load_active()
        assert TrainedModel.objects.active().get() == second

    def test_an_empty_storage_is_one_that_is_away_whatever_is_in_the_cache(
        self, active_model: TrainedModel, settings: LazySettings, store: Path
    ) -> None:
        training.load_active()
        second = activated(5)
        store.rename(store.with_name("unmounted"))
        with pytest.raises(ArtifactError):
            training.load_active()
        assert TrainedModel.objects.active().get() == second

    def test_a_newer_format_is_no_damage(
        self,
        active_model: TrainedModel,
        second: TrainedModel,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        monkeypatch.setattr(artifacts, "FORMAT", 0)
        with pytest.raises(NewerFormat, match="its format is 1, and this version reads up to 0"):
            training.load_active()
        assert TrainedModel.objects.active().get() == second

    def test_whoever_is_second_leaves_the_choice_alone(
        self,
        active_model: TrainedModel,
        second: TrainedModel,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        third = training.train("svd", SMALL | {"factors": 6})
        lose_file(second)
        last_good = loading._last_good

        def overtaken() -> object:
            third.activate()
            return last_good()

        monkeypatch.setattr(loading, "_last_good", overtaken)
        training.load_active()
        assert TrainedModel.objects.active().get() == third
        assert state_of(second) == State.RETIRED

    def test_of_two_workers_at_once_the_second_takes_what_the_first_has_put_to_work(
        self,
        active_model: TrainedModel,
        second: TrainedModel,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        lose_file(second)
        last_good = loading._last_good

        def overtaken() -> object:
            found = last_good()
            assert found
            loading._replace(second, found, "lost")
            return last_good()

        monkeypatch.setattr(loading, "_last_good", overtaken)
        loaded = training.load_active()
        assert loaded
        assert loaded.pk == active_model.pk
        assert TrainedModel.objects.active().get() == active_model


class TestRollback:
    def test_it_goes_back_and_forth(
        self, active_model: TrainedModel, second: TrainedModel
    ) -> None:
        assert keeping.roll_back() == active_model
        assert TrainedModel.objects.active().get() == active_model
        assert keeping.roll_back() == second

    def test_a_model_that_was_never_at_work_is_none_to_go_back_to(
        self, active_model: TrainedModel
    ) -> None:
        training.train("svd", SMALL | {"factors": 6})
        with pytest.raises(keeping.Refused, match="No other model was at work before"):
            keeping.roll_back()


class TestDeletion:
    def test_the_row_its_neighbours_and_its_files_go(
        self, active_model: TrainedModel, second: TrainedModel, store: Path
    ) -> None:
        keeping.delete(active_model)
        assert TrainedModel.objects.get() == second
        assert not Neighbours.objects.exclude(model=second).exists()
        assert [path.name for path in store.iterdir()] == [second.checksum]

    def test_files_that_another_row_names_stay(
        self, active_model: TrainedModel, store: Path
    ) -> None:
        twin = training.train("svd", SMALL)
        assert twin.checksum == active_model.checksum
        files = stored(store)
        keeping.delete(twin)
        assert stored(store) == files

    def test_the_active_model_stays(self, active_model: TrainedModel) -> None:
        with pytest.raises(keeping.Refused, match="is at work"):
            keeping.delete(active_model)
        assert training.load_active()


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer at a time")
@pytest.mark.django_db(transaction=True)
def test_a_model_that_is_being_put_to_work_is_not_deleted() -> None:
    model = TrainedModel.objects.create(algorithm="svd", state=State.READY)

    def delete() -> list[str]:
        try:
            return TrainedModel.objects.filter(pk=model.pk).delete_idle()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as other:
        with transaction.atomic():
            model.activate()
            deleted = other.submit(delete)
            time.sleep(0.5)  # until it waits for the row
        assert deleted.result() == []
    assert TrainedModel.objects.active().get() == model


class TestPruning:
    def test_the_newest_stay_and_the_active_and_the_one_to_go_back_to(
        self, active_model: TrainedModel, second: TrainedModel
    ) -> None:
        resting = [training.train("svd", SMALL | {"factors": n}) for n in (6, 7, 8)]
        queued = TrainedModel.objects.create(algorithm="svd")
        keeping.prune(keep=2)
        left = set(TrainedModel.objects.all())
        assert left == {active_model, second, *resting[1:], queued}

    def test_one_that_goes_to_work_meanwhile_stays(
        self, active_model: TrainedModel, second: TrainedModel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        third = training.train("svd", SMALL | {"factors": 6})
        delete = keeping.delete

        def overtaken(record: TrainedModel) -> None:
            TrainedModel.objects.get(pk=record.pk).activate()
            delete(record)

        monkeypatch.setattr(keeping, "delete", overtaken)
        keeping.prune(keep=0)
        assert training.load_active()
        assert TrainedModel.objects.active().get() == third

    def test_files_that_no_row_names_go(
        self, active_model: TrainedModel, store: Path, settings: LazySettings
    ) -> None:
        training.load_active()
        files = stored(store)
        for folder in (store / ("0" * 64), settings.MODEL_CACHE / ("0" * 64)):
            folder.mkdir(parents=True)
            (folder / "base.npy").write_bytes(b"")
        assert keeping.prune() == 1
        assert stored(store) == files
        assert list(settings.MODEL_CACHE.iterdir()) == [cached(settings, active_model)]

    def test_files_of_a_training_that_is_still_storing_them_stay(
        self, catalogue: None, store: Path
    ) -> None:
        model = training.train("svd", SMALL)
        TrainedModel.objects.update(state=State.TRAINING)
        keeping.prune()
        assert (store / model.checksum / "manifest.json").exists()

    def test_a_worker_that_loads_a_model_tidies_its_hosts_cache(
        self, active_model: TrainedModel, settings: LazySettings
    ) -> None:
        first = training.load_active()
        assert first
        second = activated(5)
        keeping.delete(TrainedModel.objects.get(pk=active_model.pk))
        assert training.load_active()
        assert list(settings.MODEL_CACHE.iterdir()) == [cached(settings, second)]
        assert first.model.support.sum() > 0  # what is mapped can still be read

    def test_copies_in_the_making_go_once_they_are_old(
        self, settings: LazySettings, active_model: TrainedModel
    ) -> None:
        fresh, old = settings.MODEL_CACHE / ".fresh", settings.MODEL_CACHE / ".old"
        for folder in (fresh, old):
            folder.mkdir(parents=True)
        long_ago = time.time() - caching.ABANDONED_SECONDS - 1
        os.utime(old, (long_ago, long_ago))
        caching.tidy()
        assert fresh.exists()
        assert not old.exists()
