"""What travels through the queue: signed, a function's name and one id; forged, it is dropped."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from queue import Queue
from threading import Event
from typing import Any

import pytest
from django.conf import settings
from django.db.models.functions import Now
from django.test import Client
from django_q import core_signing
from django_q.conf import Conf
from django_q.models import OrmQ, Schedule
from django_q.pusher import pusher
from django_q.signing import PickleSerializer, SignedPackage
from django_q.tasks import async_task

from recommendations import tasks
from recommendations.importers.exports.reading import ExportFile
from recommendations.models import Movie, Prediction, RatingsImport, TrainedModel, Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline import imports, precomputing, reaping, requests, schedules, trainings
from tests.importers.exports.files import letterboxd

EXPORT = letterboxd("Heat,1995,4")


class Trap:
    """What an attacker would put into a pickle."""

    sprung = False

    def __reduce__(self) -> tuple[object, ...]:
        return setattr, (Trap, "sprung", True)


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trap, "sprung", False)


def calls() -> Iterator[ast.Call]:
    """Every place in the code that enqueues a task."""
    for path in Path(settings.BASE_DIR, "recommendations").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "async_task":
                yield node


def enqueue_all(viewer: Viewer) -> None:
    """As the site does, each in its own way."""
    other = Viewer.objects.create(display_name="Guest", last_active_at=Now())
    other.rate(Movie.objects.get(pk=1), 4.0)
    requests.ensure(viewer, HOME)
    imports.ask(viewer, ExportFile("heat.csv", EXPORT.encode()))
    trainings.ask("svd", {"factors": 4})
    trainings.prune()
    precomputing.go_on()
    async_task("recommendations.tasks.answer")  # what the demo asks, which is no server's to start


def received() -> list[dict[str, Any]]:
    """What a cluster's own pusher takes out of the default queue and hands to its workers."""
    taken: Queue[dict[str, Any]] = Queue()
    stop = Event()
    stop.set()
    for _ in range(OrmQ.objects.count()):
        pusher(taken, stop)
    return list(taken.queue)


def test_all_that_code_enqueues_is_a_named_task_of_ours() -> None:
    for call in calls():
        name, *args = call.args
        assert isinstance(name, ast.Constant)
        module, _, function = str(name.value).rpartition(".")
        assert module == tasks.__name__
        assert callable(getattr(tasks, function))
        assert len(args) <= 1
        assert {keyword.arg for keyword in call.keywords} <= {"cluster", "broker"}


def test_payloads_carry_ids_and_nothing_else(active_model: TrainedModel, alice: Viewer) -> None:
    enqueue_all(alice)
    enqueued = [row.task for row in OrmQ.objects.all()]
    assert {task["func"] for task in enqueued} == {ast.literal_eval(c.args[0]) for c in calls()}
    for task in enqueued:
        assert all(type(argument) is int for argument in task["args"])
        assert len(task["args"]) <= 1
        assert task["kwargs"] == {}
        assert not {"hook", "chain", "group", "sync"} & set(task)


def test_what_is_scheduled_names_a_task_of_ours_and_nothing_else(db: None) -> None:
    for schedule in Schedule.objects.all():
        module, _, function = schedule.func.rpartition(".")
        assert module == tasks.__name__
        assert callable(getattr(tasks, function))
        assert (schedule.args, schedule.kwargs, schedule.hook) == (None, None, None)
    assert Schedule.objects.count() == len(schedules.SCHEDULES) + 2


def test_a_task_returns_none_or_a_small_number(active_model: TrainedModel, alice: Viewer) -> None:
    """Results are pickled into the database, too."""
    enqueue_all(alice)
    ids = {
        "run_prediction": Prediction.objects.get(viewer=alice).pk,
        "import_ratings": RatingsImport.objects.get().pk,
        "train_model": TrainedModel.objects.queued().get().pk,
    }
    found = [f for f in vars(tasks).values() if getattr(f, "__module__", "") == tasks.__name__]
    assert len(found) >= 12
    for task in found:
        result = task(*(ids[task.__name__],) if task.__name__ in ids else ())
        assert result is None or (type(result) is int and 0 <= result < 1000), task.__name__


def forged(key: str, salt: str = "") -> str:
    package = {"id": "1", "name": "trap", "func": "os.abort", "args": (Trap(),), "kwargs": {}}
    salt = salt or Conf.PREFIX
    return str(core_signing.dumps(package, key=key, salt=salt, serializer=PickleSerializer))


def tampered(payload: str) -> str:
    """One letter of the pickle is another, the signature is as it was."""
    return payload[:20] + ("A" if payload[20] != "A" else "B") + payload[21:]


@pytest.mark.parametrize(
    "payload",
    [
        forged("another key"),
        forged(Conf.SECRET_KEY, salt="another salt"),
        tampered(forged(Conf.SECRET_KEY)),
        forged(Conf.SECRET_KEY).rpartition(":")[0],
        "nonsense",
        "",
        ":",
        "\x7f:é:é",
    ],
    ids=["key", "salt", "letter", "unsigned", "word", "empty", "colon", "not ASCII"],
)
def test_what_is_not_signed_by_us_is_dropped_and_never_unpickled(db: None, payload: str) -> None:
    OrmQ.objects.create(key=Conf.PREFIX, payload=payload, lock="2020-01-01T00:00Z")
    async_task("recommendations.tasks.answer")
    assert [task["func"] for task in received()] == ["recommendations.tasks.answer"]
    assert OrmQ.objects.count() == 1
    assert not Trap.sprung


def test_the_forgery_would_have_worked_with_our_key(db: None) -> None:
    """Else the tests above would hold anyway."""
    SignedPackage.loads(forged(Conf.SECRET_KEY))
    assert Trap.sprung


def test_a_forged_task_is_shown_to_staff_without_being_unpickled(
    staff_client: Client, db: None
) -> None:
    OrmQ.objects.create(key=Conf.PREFIX, payload=forged("another key"), lock="2020-01-01T00:00Z")
    assert staff_client.get("/admin/django_q/ormq/").status_code == 200
    assert not Trap.sprung


# Changing the secret


def due_again() -> None:
    """The time has passed after which workers are woken again."""
    for rows in (Prediction.objects, RatingsImport.objects, TrainedModel.objects.queued()):
        rows.update(wake_at=Now() - timedelta(seconds=1))


def test_what_was_queued_under_the_old_secret_is_woken_again_under_the_new(
    active_model: TrainedModel, alice: Viewer, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests.ensure(alice, HOME)
    imports.ask(alice, ExportFile("heat.csv", EXPORT.encode()))
    monkeypatch.setattr(Conf, "SECRET_KEY", "a new secret")
    assert received() == []
    assert OrmQ.objects.count() == 0
    due_again()
    assert (reaping.reap(), imports.reap()) == (1, 1)
    woken = {task["func"]: task["args"] for task in received()}
    assert woken == {
        "recommendations.tasks.run_prediction": (Prediction.objects.get().pk,),
        "recommendations.tasks.import_ratings": (RatingsImport.objects.get().pk,),
    }
    tasks.run_prediction(Prediction.objects.get().pk)
    assert Prediction.objects.get().status == Prediction.Status.SUCCEEDED


def test_a_training_queued_under_the_old_secret_is_woken_again(
    catalogue: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainings.ask("svd", {"factors": 4})
    monkeypatch.setattr(Conf, "SECRET_KEY", "a new secret")
    old = OrmQ.objects.get()
    with pytest.raises(core_signing.BadSignature):
        SignedPackage.loads(old.payload)
    due_again()
    assert trainings.reap() == 1
    new = OrmQ.objects.exclude(pk=old.pk).get()
    assert SignedPackage.loads(new.payload)["args"] == (TrainedModel.objects.get().pk,)
