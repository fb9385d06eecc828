"""How long one usually waits for a prediction."""

from datetime import timedelta

import pytest
from django.core.cache import caches
from django.db.models.functions import Now

from recommendations.models import Prediction, Viewer
from recommendations.models.prediction import HOME
from recommendations.pipeline.durations import AT_FIRST, usual_wait


def made(viewer: Viewer, seconds: float, key: str = HOME, ended: float = 0) -> None:
    """One good run that took so long, and ended so many seconds ago."""
    Prediction.objects.create(
        viewer=viewer,
        key=key,
        status=Prediction.Status.SUCCEEDED,
        taste_version=1,
        requested_at=Now() - timedelta(seconds=seconds + ended),
        wake_at=Now(),
        finished_at=Now() - timedelta(seconds=ended),
    )


@pytest.fixture(autouse=True)
def _forget() -> None:
    caches["process"].clear()


def test_nothing_known_is_taken_for_quick(alice: Viewer) -> None:
    assert usual_wait(HOME) == AT_FIRST


def test_three_of_four_are_done_after_the_usual_wait(alice: Viewer) -> None:
    for seconds in (1, 2, 3, 4, 5, 6, 7):
        made(alice, seconds)
    assert usual_wait(HOME) == pytest.approx(6, abs=0.1)


def test_films_are_another_kind_and_all_films_are_one(alice: Viewer) -> None:
    for number in range(4):
        made(alice, 8)
        made(alice, 2, f"film:{number}")
    assert usual_wait("film:99") == pytest.approx(2, abs=0.1)
    assert usual_wait(HOME) == pytest.approx(8, abs=0.1)


def test_what_was_long_ago_is_not_counted(alice: Viewer) -> None:
    made(alice, 8, ended=600)
    made(alice, 8, ended=600)
    assert usual_wait(HOME) == AT_FIRST


def test_only_the_last_twenty_are_counted(alice: Viewer) -> None:
    for number in range(20):
        made(alice, 9, ended=100)
        made(alice, 1, ended=number)
    assert usual_wait(HOME) == pytest.approx(1, abs=0.1)


def test_a_process_goes_by_it_for_a_while(alice: Viewer) -> None:
    usual_wait(HOME)
    made(alice, 8)
    made(alice, 8)
    assert usual_wait(HOME) == AT_FIRST
