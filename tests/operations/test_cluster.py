"""What workers leave behind for those that follow them."""

import os
from ctypes import c_longlong

import pytest
from django_q.models import OrmQ

from recommendations.models import Prediction, TrainedModel, Viewer
from recommendations.models.prediction import HOME
from recommendations.operations.cluster import Dead
from recommendations.pipeline import requests, runs

Status = Prediction.Status


@pytest.fixture
def queued(active_model: TrainedModel, alice: Viewer) -> Prediction:
    row = requests.ensure(alice, HOME).in_flight
    assert row
    return row


def test_a_worker_notes_what_it_has_taken_until_that_is_done(
    queued: Prediction, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, seen = c_longlong(0), []
    monkeypatch.setattr(runs, "_taken", memory)
    monkeypatch.setattr(runs, "complete", lambda _: seen.append(memory.value))
    runs.run(queued.pk)
    assert (seen, memory.value) == ([queued.pk], 0)


def test_the_next_worker_gives_up_what_a_dead_one_held(queued: Prediction) -> None:
    runs.take(queued.pk)
    Dead(os.getpid(), queued.pk).bury()
    queued.refresh_from_db()
    assert (queued.status, queued.attempt) == (Status.QUEUED, 1)
    assert OrmQ.objects.count() == 2


def test_what_it_had_not_claimed_yet_is_woken_for_again(queued: Prediction) -> None:
    Dead(os.getpid(), queued.pk).bury()
    queued.refresh_from_db()
    assert (queued.status, queued.attempt, queued.wakes) == (Status.QUEUED, 0, 1)
    assert OrmQ.objects.count() == 2


def test_what_somebody_else_has_by_now_is_left_alone(queued: Prediction) -> None:
    runs.take(queued.pk)
    Dead(1, queued.pk).bury()
    queued.refresh_from_db()
    assert queued.status == Status.RUNNING


def test_one_that_died_idle_leaves_nothing(queued: Prediction) -> None:
    Dead(os.getpid(), 0).bury()
    assert OrmQ.objects.count() == 1
