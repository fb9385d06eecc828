"""Trainings that the training cluster does: queued, claimed once, stopped, lost, given up."""

import os
import signal
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django_q.models import OrmQ, Schedule

from recommendations.engine.features import FilmFeatures
from recommendations.engine.progress import Progress, silent
from recommendations.engine.ratings import Ratings
from recommendations.engine.svd import SVD
from recommendations.models import Neighbours, TrainedModel
from recommendations.pipeline import schedules, trainings
from recommendations.tasks import prune_models, reap_trainings, retrain, train_model
from recommendations.training import storing
from tests.training.conftest import SMALL, stored

State = TrainedModel.State


class Disturbed(SVD):
    """Something happens while it looks for similar films, or once its files are stored."""

    disturb: Callable[[], object] = int
    late = False

    def find_neighbours(
        self, ratings: Ratings, features: FilmFeatures | None = None, progress: Progress = silent
    ) -> None:
        super().find_neighbours(ratings, features, progress)
        if not self.late:
            type(self).disturb()
            progress(1, 1)

    def similar(self, film: int, n: int) -> list:  # type: ignore[type-arg]
        if self.late:
            type(self).disturb()
        return super().similar(film, n)


@pytest.fixture
def disturbed(settings: LazySettings, monkeypatch: pytest.MonkeyPatch) -> type[Disturbed]:
    settings.ALGORITHMS = settings.ALGORITHMS | {"disturbed": f"{__name__}.Disturbed"}
    monkeypatch.setattr(Disturbed, "disturb", int)
    monkeypatch.setattr(Disturbed, "late", False)
    return Disturbed


def ask(algorithm: str = "svd") -> TrainedModel:
    return trainings.ask(algorithm, SMALL)


def lose(model: TrainedModel) -> None:
    """Its process is gone, and its lease runs out."""
    past = Now() - timedelta(seconds=1)
    TrainedModel.objects.filter(pk=model.pk).update(claimed_at=past, lease_expires_at=past)


def test_a_queued_training_has_a_row_and_a_task_on_its_own_queue(catalogue: None) -> None:
    model = ask()
    assert (model.state, model.standing) == (State.TRAINING, "queued")
    task = OrmQ.objects.get()
    assert task.key == "training"
    assert task.task["args"] == (model.pk,)


def test_the_task_trains_and_puts_the_model_to_work(catalogue: None) -> None:
    model = ask()
    train_model(model.pk)
    model.refresh_from_db()
    assert model.state == State.ACTIVE
    assert model.parameters["epochs"] == 20
    assert model.parameters["seed"] == 0


def test_a_task_that_comes_twice_or_for_no_row_does_nothing(catalogue: None) -> None:
    model = ask()
    train_model(model.pk)
    before = TrainedModel.objects.values().get()
    train_model(model.pk)
    train_model(model.pk + 1)
    assert TrainedModel.objects.values().get() == before


def test_parameters_that_do_not_exist_fail_the_row(catalogue: None) -> None:
    model = trainings.ask("svd", {"beard": 1})
    with pytest.raises(Exception, match="beard"):
        train_model(model.pk)
    model.refresh_from_db()
    assert model.state == State.FAILED
    assert model.reason.startswith("Unknown parameter beard; valid are factors")


def test_progress_is_written_to_the_row(
    catalogue: None, disturbed: type[Disturbed], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    monkeypatch.setattr(
        disturbed, "disturb", lambda: seen.append(TrainedModel.objects.get().standing)
    )
    train_model(ask("disturbed").pk)
    assert seen == ["training: similar films"]


@pytest.mark.parametrize("late", [False, True])
def test_a_row_deleted_meanwhile_is_not_brought_back(
    catalogue: None,
    disturbed: type[Disturbed],
    monkeypatch: pytest.MonkeyPatch,
    store: Path,
    late: bool,
) -> None:
    if late:
        monkeypatch.setattr(storing, "store", deleting_after(storing.store))
    else:
        monkeypatch.setattr(disturbed, "disturb", TrainedModel.objects.all().delete)
        monkeypatch.setattr("recommendations.training.attempts.SECONDS_BETWEEN_REPORTS", 0)
    train_model(ask("disturbed").pk)
    assert not TrainedModel.objects.exists()
    assert not Neighbours.objects.exists()
    assert stored(store) == []


def deleting_after(store: Callable[[Path, str], None]) -> Callable[[Path, str], None]:
    def stored_and_deleted(folder: Path, checksum: str) -> None:
        store(folder, checksum)
        TrainedModel.objects.all().delete()

    return stored_and_deleted


def test_a_row_given_up_meanwhile_stays_given_up(
    catalogue: None, disturbed: type[Disturbed], monkeypatch: pytest.MonkeyPatch, store: Path
) -> None:
    def give_up() -> None:
        lose(TrainedModel.objects.get())
        reap_trainings()

    monkeypatch.setattr(disturbed, "disturb", give_up)
    train_model(ask("disturbed").pk)
    failed = TrainedModel.objects.get()
    assert (failed.state, failed.error) == (State.FAILED, trainings.LOST)
    assert stored(store) == []


@pytest.mark.parametrize("late", [False, True])
def test_a_signal_fails_the_row_with_a_plain_reason_and_leaves_no_file(
    catalogue: None,
    disturbed: type[Disturbed],
    monkeypatch: pytest.MonkeyPatch,
    store: Path,
    late: bool,
) -> None:
    monkeypatch.setattr(disturbed, "disturb", lambda: os.kill(os.getpid(), signal.SIGTERM))
    monkeypatch.setattr(disturbed, "late", late)
    train_model(ask("disturbed").pk)
    failed = TrainedModel.objects.get()
    assert (failed.state, failed.checksum) == (State.FAILED, "")
    assert failed.error == "Stopped: the process that trained it was told to end."
    assert stored(store) == []


def test_a_lost_training_is_given_up_and_its_files_go(catalogue: None, store: Path) -> None:
    model = ask()
    train_model(model.pk)
    TrainedModel.objects.update(state=State.TRAINING)
    lose(model)
    assert reap_trainings() == 1
    model.refresh_from_db()
    assert (model.state, model.error) == (State.FAILED, trainings.LOST)
    assert "recommendations.tasks.prune_models" in [task.func() for task in OrmQ.objects.all()]
    prune_models()
    assert stored(store) == []


def test_a_good_lease_is_left_alone(catalogue: None) -> None:
    model = ask()
    TrainedModel.objects.update(claimed_at=Now(), lease_expires_at=Now() + timedelta(seconds=60))
    assert reap_trainings() == 0
    model.refresh_from_db()
    assert model.state == State.TRAINING


def test_a_training_that_nobody_came_for_is_woken_ever_more_seldom(catalogue: None) -> None:
    model = ask()
    assert reap_trainings() == 0
    long_ago = Now() - timedelta(hours=1)
    TrainedModel.objects.update(created_at=long_ago, wake_at=long_ago)
    assert reap_trainings() == 1
    assert reap_trainings() == 0
    assert OrmQ.objects.filter(key="training").count() == 2
    later = TrainedModel.objects.filter(wake_at__gt=Now() + timedelta(minutes=15))
    assert later.get() == model


def be_silent() -> None:
    """Longer than the lease, as far as the row can tell."""
    TrainedModel.objects.update(lease_expires_at=Now())
    deadline = time.monotonic() + 10
    while TrainedModel.objects.filter(lease_expires_at__lte=Now() + timedelta(seconds=1)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.django_db(transaction=True)
def test_the_heart_beats_while_a_library_is_silent(
    settings: LazySettings, disturbed: type[Disturbed], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.conftest import make_catalogue  # noqa: PLC0415

    make_catalogue()
    settings.TRAINING_LEASE = 2
    monkeypatch.setattr(disturbed, "disturb", be_silent)
    model = ask("disturbed")
    train_model(model.pk)
    model.refresh_from_db()
    assert model.state == State.ACTIVE


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no connection to lose")
@pytest.mark.django_db(transaction=True)
def test_the_heart_beats_on_when_its_connection_was_lost(
    settings: LazySettings, disturbed: type[Disturbed], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.conftest import make_catalogue  # noqa: PLC0415

    def lose_the_others() -> None:
        be_silent()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        be_silent()

    make_catalogue()
    settings.TRAINING_LEASE = 2
    monkeypatch.setattr(disturbed, "disturb", lose_the_others)
    model = ask("disturbed")
    train_model(model.pk)
    model.refresh_from_db()
    assert model.state == State.ACTIVE


def test_retraining_is_off_until_an_operator_turns_it_on(db: None) -> None:
    nightly = Schedule.objects.get(name=schedules.NIGHTLY)
    assert (nightly.repeats, nightly.cluster) == (0, "training")
    assert nightly.schedule_type == Schedule.DAILY
    Schedule.objects.filter(pk=nightly.pk).update(
        repeats=-1, schedule_type=Schedule.WEEKLY, next_run=F("next_run") + timedelta(hours=1)
    )
    chosen = Schedule.objects.filter(name=schedules.NIGHTLY).values().get()
    schedules.install()
    assert Schedule.objects.filter(name=schedules.NIGHTLY).values().get() == chosen


def test_retraining_keeps_the_parameters_of_the_active_model(
    active_model: TrainedModel, settings: LazySettings
) -> None:
    settings.DEFAULT_ALGORITHM = "svd"
    retrain()
    asked = TrainedModel.objects.unfinished().get()
    assert (asked.algorithm, asked.parameters) == ("svd", active_model.parameters)
    retrain()
    assert TrainedModel.objects.unfinished().get() == asked


def test_retraining_in_place_of_another_algorithm_starts_from_the_defaults(
    active_model: TrainedModel, settings: LazySettings
) -> None:
    settings.DEFAULT_ALGORITHM = "popularity"
    retrain()
    asked = TrainedModel.objects.unfinished().get()
    assert (asked.algorithm, asked.parameters) == ("popularity", {})


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_training_at_work_while_the_clock_jumps_is_not_given_up(
    catalogue: None, hours: int
) -> None:
    model = ask()
    jumped = Now() + timedelta(hours=hours)
    TrainedModel.objects.update(claimed_at=Now(), lease_expires_at=jumped)
    assert reap_trainings() == 0
    model.refresh_from_db()
    assert model.state == State.TRAINING
    lease = TrainedModel.objects.filter(
        lease_expires_at__gt=Now(), lease_expires_at__lt=Now() + timedelta(minutes=10)
    )
    assert lease.exists()
    lose(model)
    assert reap_trainings() == 1


def test_a_training_queued_before_the_clock_was_put_back_is_woken(catalogue: None) -> None:
    ask()
    TrainedModel.objects.update(wake_at=Now() + timedelta(hours=1))
    assert reap_trainings() == 1
    assert OrmQ.objects.count() == 2
    assert reap_trainings() == 0
