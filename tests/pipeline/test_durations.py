"""When a run is likely done."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db.models.functions import Now

from recommendations.models import Prediction, TrainedModel, Viewer, Worker
from recommendations.models.prediction import HOME
from recommendations.models.workers import PREDICTIONS
from recommendations.pipeline import requests, runs
from recommendations.pipeline.durations import AT_FIRST, Durations, durations, likely_wait


def made(viewer: Viewer, seconds: float, key: str = HOME, ended: float = 0) -> None:
    """One good run that took so long, and ended so many seconds ago."""
    Prediction.objects.create(
        viewer=viewer,
        key=key,
        status=Prediction.Status.SUCCEEDED,
        taste_version=1,
        requested_at=Now() - timedelta(seconds=seconds + ended + 60),
        claimed_at=Now() - timedelta(seconds=seconds + ended),
        wake_at=Now(),
        finished_at=Now() - timedelta(seconds=ended),
    )


@pytest.fixture(autouse=True)
def _forget() -> None:
    caches["process"].clear()


def test_nothing_known_is_taken_for_quick(alice: Viewer) -> None:
    assert durations(HOME) == Durations(AT_FIRST, AT_FIRST)


def test_the_last_runs_tell_however_long_they_had_waited(alice: Viewer) -> None:
    for seconds in (4, 2, 3, 50, 5):
        made(alice, seconds)
    assert durations(HOME) == pytest.approx((2, 4), abs=0.1)


def test_films_are_another_kind_and_all_films_are_one(alice: Viewer) -> None:
    for number in range(4):
        made(alice, 8)
        made(alice, 2, f"film:{number}")
    assert durations("film:99").quickest == pytest.approx(2, abs=0.1)
    assert durations(HOME).quickest == pytest.approx(8, abs=0.1)


def test_what_was_long_ago_is_not_counted(alice: Viewer) -> None:
    made(alice, 8, ended=600)
    made(alice, 8, ended=600)
    assert durations(HOME) == Durations(AT_FIRST, AT_FIRST)


def test_only_the_last_twenty_are_counted(alice: Viewer) -> None:
    for number in range(20):
        made(alice, 1, ended=100)
        made(alice, 9, ended=number)
    assert durations(HOME).quickest == pytest.approx(9, abs=0.1)


def test_what_waits_is_likely_done_after_what_was_asked_for_before(
    alice: Viewer, active_model: TrainedModel
) -> None:
    made(alice, 4)
    others = [Viewer.objects.create(display_name="Guest") for _ in range(6)]
    for other in others:
        requests.request(other, HOME, active_model.pk)
    asked = requests.request(alice, HOME, active_model.pk)
    assert asked
    assert likely_wait(requests.standing(alice, HOME)) == pytest.approx(4 * 7, abs=0.5)
    assert likely_wait(requests.standing(others[0], HOME)) == pytest.approx(4, abs=0.5)
    for number in range(2):
        Worker.objects.create(host="here", pid=number, queue=PREDICTIONS, cluster=1)
    caches["process"].clear()
    assert likely_wait(requests.standing(alice, HOME)) == pytest.approx(4 * 4, abs=0.5)
    runs.take(asked.pk)
    Prediction.objects.filter(pk=asked.pk).update(claimed_at=Now() - timedelta(seconds=3))
    assert likely_wait(requests.standing(alice, HOME)) == pytest.approx(1, abs=0.5)


def test_a_process_goes_by_it_for_a_while(alice: Viewer) -> None:
    durations(HOME)
    made(alice, 8)
    made(alice, 8)
    assert durations(HOME) == Durations(AT_FIRST, AT_FIRST)


def test_a_crowd_takes_as_long_as_runs_do_and_nobody_as_the_quickest_did(
    alice: Viewer, active_model: TrainedModel
) -> None:
    for seconds in (1, 6, 6):
        made(alice, seconds)
    before = Viewer.objects.create(display_name="Guest")
    for viewer in (before, alice):
        requests.request(viewer, HOME, active_model.pk)
    assert likely_wait(requests.standing(before, HOME)) == pytest.approx(1, abs=0.5)
    assert likely_wait(requests.standing(alice, HOME)) == pytest.approx(7, abs=0.5)
