"""Computing ahead: for whom, never twice, and never before what somebody waits for."""

import contextlib
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import F, QuerySet
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from recommendations.models import Mark, Movie, Prediction, TrainedModel, Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline import precomputing, requests, schedules
from recommendations.pipeline.precomputing import CHUNK, LATELY, Pace, ask, ask_for_all, stale
from recommendations.tasks import precompute, run_prediction
from tests.conftest import train
from tests.pipeline.test_requests import done

Status = Prediction.Status


def of_all(model: TrainedModel) -> list[int]:
    return list(stale(Viewer.objects.all(), model.pk).values_list("pk", flat=True))


def ended(viewer: Viewer, model: TrainedModel, status: Status, **more: object) -> Prediction:
    """A home run that came to an end, of the present taste unless told otherwise."""
    viewer.refresh_from_db()
    told = {"taste_version": viewer.taste_version, "finished_at": Now(), "wake_at": Now()} | more
    return Prediction.objects.create(viewer=viewer, key=HOME, model=model, status=status, **told)


def test_for_those_with_something_to_go_by_who_were_here_lately(
    active_model: TrainedModel, alice: Viewer, bob: Viewer
) -> None:
    assert list(precomputing.viewers(LATELY)) == [alice]
    Mark.put(bob, Movie.objects.get(pk=1), Mark.Kind.MORE)
    assert list(precomputing.viewers(LATELY)) == [alice, bob]
    Viewer.objects.filter(pk=alice.pk).update(last_active_at=timezone.now() - timedelta(days=8))
    assert list(precomputing.viewers(LATELY)) == [bob]
    assert precomputing.viewers(timedelta(days=9)).count() == 2
    assert precomputing.viewers(LATELY, imported=True).count() == 31


def test_the_query_says_of_all_what_a_page_finds_of_one(
    active_model: TrainedModel, alice: Viewer
) -> None:
    older = TrainedModel.objects.create(algorithm="svd", parameters={})
    good, failed = Status.SUCCEEDED, Status.FAILED
    long_ago: dict[str, object] = {"finished_at": Now() - timedelta(hours=1)}
    lives: list[list[tuple[TrainedModel, Status, dict[str, object]]]] = [
        [],
        [(active_model, good, {})],
        [(older, good, {})],
        [(active_model, good, {"taste_version": 77})],
        [(active_model, good, {}), (older, good, {})],
        [(older, good, {}), (active_model, good, {})],
        [(active_model, failed, {})],
        [(active_model, failed, long_ago)],
        [(older, failed, {})],
        [(active_model, failed, {"taste_version": 77})],
        [(active_model, failed, {}), (older, good, {})],
        [(older, good, {}), (active_model, failed, {})],
        [(active_model, failed, {}), (older, failed, {})],
        [(active_model, failed, long_ago), (active_model, good, {})],
        [(active_model, Status.QUEUED, {"finished_at": None})],
        [(active_model, good, {}), (active_model, Status.RUNNING, {"finished_at": None})],
        [(older, good, {}), (active_model, Status.QUEUED, {"finished_at": None})],
    ]
    somebody = list(Viewer.objects.filter(kind=Viewer.Kind.IMPORTED)[: len(lives)])
    for viewer, life in zip(somebody, lives, strict=True):
        for model, status, told in life:
            ended(viewer, model, status, **told)
    found = set(of_all(active_model))
    for viewer, life in zip(somebody, lives, strict=True):
        assert (viewer.pk in found) == requests.standing(viewer, HOME).wants_run, life


def test_row_and_task_are_written_together(active_model: TrainedModel, alice: Viewer) -> None:
    [pk] = ask([alice.pk])
    row, task = Prediction.objects.get(), OrmQ.objects.get()
    assert (row.pk, row.queue, row.status, row.key) == (pk, "batch", Status.QUEUED, HOME)
    assert (row.model_id, row.taste_version) == (active_model.pk, alice.taste_version)
    assert (task.key, task.task["id"], task.task["args"]) == ("batch", row.task_id, (pk,))
    run_prediction(pk)
    row.refresh_from_db()
    assert row.status == Status.SUCCEEDED, row.error
    assert of_all(active_model).count(alice.pk) == 0


def test_who_is_fresh_or_in_flight_is_not_asked_for(
    active_model: TrainedModel, alice: Viewer
) -> None:
    done(alice)
    somebody = Viewer.objects.filter(kind=Viewer.Kind.IMPORTED)[:2]
    assert requests.request(somebody[0], HOME, active_model.pk)
    before = OrmQ.objects.count()
    asked = ask([alice.pk, *(viewer.pk for viewer in somebody)])
    assert Prediction.objects.get(pk=asked[0]).viewer == somebody[1]
    assert (len(asked), OrmQ.objects.count() - before) == (1, 1)


@pytest.mark.django_db(transaction=True)
def test_four_that_ask_at_once_ask_once(active_model: TrainedModel) -> None:
    everybody = of_all(active_model)

    def precompute_all(_: int) -> int:
        with contextlib.closing(connection):
            return len(ask(everybody))

    with ThreadPoolExecutor(4) as commands:
        asked = list(commands.map(precompute_all, range(4)))
    assert sum(asked) == Prediction.objects.count() == OrmQ.objects.count()
    # One that came second may have left rows to the first, which had not written them yet.
    ask(everybody)
    assert Prediction.objects.count() == OrmQ.objects.count() == len(everybody)


def test_ten_thousand_viewers_are_one_query(active_model: TrainedModel) -> None:
    made = Viewer.objects.bulk_create(
        Viewer(kind=Viewer.Kind.GUEST, display_name=f"Guest {number}") for number in range(10_000)
    )
    Mark.objects.bulk_create(
        [Mark(viewer=viewer, movie_id=1, kind=Mark.Kind.MORE) for viewer in made]
    )
    Prediction.objects.bulk_create(
        Prediction(
            viewer=viewer,
            key=HOME,
            model=active_model,
            status=Status.SUCCEEDED,
            taste_version=viewer.taste_version + number % 2,
            wake_at=timezone.now(),
        )
        for number, viewer in enumerate(made)
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    query = stale(precomputing.viewers(LATELY), active_model.pk)
    with CaptureQueriesContext(connection) as ran:
        assert len(query.values_list("pk", flat=True)) == 5_000
    assert len(ran) == 1
    assert scans_of_all_predictions(query) <= 8  # each once, not once for each viewer


def scans_of_all_predictions(query: QuerySet[Viewer]) -> int:
    """How often the whole table is read; by several processes at once, each counts."""
    if connection.vendor == "sqlite":
        scanned = re.findall(r"\bSCAN (\w+)", query.explain())
        return 0 if scanned in ([], ["recommendations_viewer"]) else 10_000
    plan = query.explain(analyze=True)
    return sum(
        int(times)
        for times in re.findall(r"Seq Scan on recommendations_prediction.*loops=(\d+)", plan)
    )


def test_a_chunk_takes_the_same_few_queries_whatever_its_size(
    active_model: TrainedModel, alice: Viewer
) -> None:
    everybody = of_all(active_model)
    with CaptureQueriesContext(connection) as few:
        ask(everybody[:2])
    with CaptureQueriesContext(connection) as many:
        ask(everybody[2:])
    assert len(many) == len(few) <= 9


def test_never_more_than_the_backlog_waits(active_model: TrainedModel) -> None:
    everybody = of_all(active_model)
    most = 0
    for _ in ask_for_all(everybody, Pace(backlog=4)):
        waiting = list(Prediction.objects.filter(status=Status.QUEUED))
        most = max(most, len(waiting))
        for row in waiting[:3]:
            run_prediction(row.pk)
    assert most == 4
    assert Prediction.objects.count() == len(everybody) > CHUNK / 2


def test_a_page_that_is_opened_is_served_before_all_that_is_computed_ahead(
    active_model: TrainedModel, alice: Viewer, alice_client: Client
) -> None:
    ask(of_all(active_model))
    row = Prediction.objects.get(viewer=alice)
    [ahead] = [task for task in OrmQ.objects.all() if task.task["args"] == (row.pk,)]
    alice_client.get("/")
    row.refresh_from_db()
    assert (row.queue, row.status) == ("predictions", Status.QUEUED)
    [now] = OrmQ.objects.filter(key="predictions")
    assert now.task["args"] == (row.pk,)
    alice_client.get("/")
    assert OrmQ.objects.filter(key="predictions").count() == 1
    run_prediction(row.pk)
    run_prediction(*ahead.task["args"])
    row.refresh_from_db()
    assert (row.status, row.attempt) == (Status.SUCCEEDED, 1)
    assert Prediction.objects.filter(viewer=alice).count() == 1


def test_by_night_a_task_asks_for_a_chunk_and_for_itself_behind_it(
    active_model: TrainedModel,
) -> None:
    guests = [
        Viewer.for_user(User.objects.create_user(f"member {number}"))
        for number in range(CHUNK + 3)
    ]
    for guest in guests:
        Mark.put(guest, Movie.objects.get(pk=1), Mark.Kind.MORE)
    assert precompute() == CHUNK
    *predictions, itself = [task.task for task in OrmQ.objects.order_by("pk")]
    assert {task["func"] for task in predictions} == {"recommendations.tasks.run_prediction"}
    assert itself["func"] == "recommendations.tasks.precompute"
    assert precompute(*itself["args"]) == 3
    assert precompute(guests[-1].pk) == 0
    assert Prediction.objects.filter(queue="batch").count() == CHUNK + 3
    assert not OrmQ.objects.exclude(key="batch").exists()


def test_without_a_model_the_nightly_task_does_nothing(alice: Viewer) -> None:
    assert precompute() == 0
    assert not OrmQ.objects.exists()


def test_computing_ahead_is_off_until_an_operator_turns_it_on(db: None) -> None:
    nightly = Schedule.objects.get(name=schedules.AHEAD)
    assert (nightly.repeats, nightly.cluster) == (0, "batch")
    assert nightly.schedule_type == Schedule.DAILY
    Schedule.objects.filter(pk=nightly.pk).update(
        repeats=-1, next_run=F("next_run") + timedelta(hours=1)
    )
    chosen = Schedule.objects.filter(name=schedules.AHEAD).values().get()
    schedules.install()
    assert Schedule.objects.filter(name=schedules.AHEAD).values().get() == chosen


def test_a_new_model_makes_all_of_them_stale(active_model: TrainedModel, alice: Viewer) -> None:
    done(alice)
    assert alice.pk not in of_all(active_model)
    assert alice.pk in of_all(train("svd"))
