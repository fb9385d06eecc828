"""`manage.py precompute`."""

import os
import signal
import threading
import time
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models.functions import Now
from django_q.models import OrmQ

from recommendations.models import PausedQueue, Prediction, TrainedModel, Viewer, Worker
from recommendations.tasks import run_prediction
from tests.conftest import VIEWERS, train

Status = Prediction.Status


def run(*arguments: str) -> tuple[str, str]:
    stdout, stderr = StringIO(), StringIO()
    call_command("precompute", *arguments, stdout=stdout, stderr=stderr)
    return stdout.getvalue(), stderr.getvalue()


@pytest.fixture
def somebody_works(db: None) -> None:
    Worker.objects.create(host="there", pid=1, queue="batch", cluster=1)


def test_it_asks_for_those_who_were_here(
    active_model: TrainedModel, alice: Viewer, somebody_works: None
) -> None:
    said, steps = run()
    assert said == "Asked for 1 prediction.\n"
    assert steps == "Asking for predictions\n"
    assert Prediction.objects.get().viewer == alice


def test_started_again_it_goes_on_where_it_ended(
    active_model: TrainedModel, alice: Viewer
) -> None:
    run()
    said, _ = run("--imported")
    assert said == f"Asked for {VIEWERS} predictions.\n"
    assert run("--imported")[0] == "All home pages are fresh, or on their way.\n"
    assert Prediction.objects.count() == OrmQ.objects.count() == VIEWERS + 1


def test_a_viewer_who_was_here_before_the_span_is_left_out(
    active_model: TrainedModel, alice: Viewer
) -> None:
    Viewer.objects.filter(pk=alice.pk).update(last_active_at=Now() - timedelta(hours=30))
    assert run("--active-since", "1d")[0].startswith("All home pages are fresh")
    assert run("--active-since", "31h")[0] == "Asked for 1 prediction.\n"


def test_no_more_are_asked_for_than_the_rate_allows(active_model: TrainedModel) -> None:
    began = time.monotonic()
    run("--imported", "--rate", "600")
    assert Prediction.objects.count() == VIEWERS
    assert time.monotonic() - began >= VIEWERS / 10 - 1


def test_it_says_that_nobody_works_on_the_queue(active_model: TrainedModel, alice: Viewer) -> None:
    _, said = run()
    assert "manage.py runworkers --queue batch" in said
    PausedQueue.objects.create(name="batch")
    Prediction.objects.all().delete()
    _, said = run()
    assert "The queue batch is paused" in said


def test_without_a_model_it_says_what_to_do(alice: Viewer) -> None:
    with pytest.raises(CommandError, match="No model is at work"):
        run()


@pytest.mark.parametrize(
    "arguments",
    [
        ["--active-since", "7"],
        ["--active-since", "soon"],
        ["--active-since", "9999999w"],
        ["--rate", "0"],
        ["--rate", "-3"],
        ["--backlog", "none"],
    ],
)
def test_nonsense_is_refused(db: None, arguments: list[str]) -> None:
    with pytest.raises(CommandError):
        run(*arguments)


class Telling(StringIO):
    """Sends this process a signal as soon as the command shows that it asked."""

    def __init__(self, told: signal.Signals) -> None:
        super().__init__()
        self.told = told

    def write(self, text: str) -> int:
        if "Asking" in text:
            os.kill(os.getpid(), self.told)
        return super().write(text)


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM])
def test_told_to_end_it_says_what_it_did(active_model: TrainedModel, told: signal.Signals) -> None:
    arguments = ["--imported", "--backlog", "3"]  # and nobody works: it would wait for ever
    with pytest.raises(CommandError, match="goes on where it ended") as ended:
        call_command("precompute", *arguments, stdout=StringIO(), stderr=Telling(told))
    assert ended.value.returncode == 130
    assert "Asked for 3 predictions." in str(ended.value)
    assert Prediction.objects.count() == OrmQ.objects.count() == 3


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("algorithm", "said"), [("svd", "All are done."), ("broken", "2 failed; the admin shows why")]
)
def test_it_waits_until_all_is_done_and_says_what_failed(
    catalogue: None, algorithm: str, said: str
) -> None:
    train(algorithm)
    Viewer.objects.filter(imported_id__gt=2).delete()
    worker = threading.Thread(target=work_off, args=[2])
    worker.start()
    try:
        told = run("--imported", "--wait")[0]
    except CommandError as error:
        told = str(error)
    worker.join()
    assert said in told


def work_off(number: int) -> None:
    """Do what is queued, as a worker would, until so many are done."""
    while number:
        for row in Prediction.objects.filter(status=Status.QUEUED):
            try:
                run_prediction(row.pk)
            except RuntimeError as error:
                assert "projector" in str(error)
            number -= 1
        time.sleep(0.05)
    connection.close()
