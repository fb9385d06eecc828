"""The page Operations: true on good days and bad, for those who may see it, and its actions."""

import re
from collections.abc import Callable

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django_q.models import OrmQ

from recommendations.models import PausedQueue, Prediction, TrainedModel, Viewer, Worker
from recommendations.models.workers import QUEUES
from recommendations.operations import mending
from tests.operations.rows import ended

PAGE = "/admin/operations/"
ACTIONS = ["retry/", "reap/", "retrain/", "pause/batch/", "resume/batch/"]

StaffWith = Callable[..., Client]


@pytest.fixture
def staff_with(db: None) -> StaffWith:
    def client_with(*permissions: str) -> Client:
        user = User.objects.create_user("dora", is_staff=True)
        user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
        client = Client()
        client.force_login(user)
        return client

    return client_with


@pytest.fixture
def worker(db: None) -> Worker:
    return Worker.objects.create(
        host="here", pid=7, queue="predictions", cluster=6, memory=250_000_000, beat_at=Now()
    )


def html(client: Client, path: str = PAGE) -> str:
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.content.decode()


def test_on_a_day_without_anything_it_says_so(staff_client: Client) -> None:
    page = html(staff_client)
    assert "No worker shows a sign of life" in page
    assert "No model is active" in page
    assert "Nothing yet." in page
    assert "Nothing failed." in page
    assert 'role="img"' not in page


def test_it_shows_workers_times_failures_and_the_model(
    staff_client: Client, worker: Worker, active_model: TrainedModel, alice: Viewer
) -> None:
    Prediction.objects.bulk_create(
        [ended(alice, 60, run=2), ended(alice, 60, error="Traceback\nValueError: <no>")]
    )
    page = html(staff_client)
    for wanted in ("here:7", "250 MB", str(active_model), "ValueError: &lt;no&gt;"):
        assert wanted in page
    assert "Wait, last hour: p50 0.10 s, p95 0.10 s, p99 0.10 s." in page
    assert page.count('role="img"') == page.count("In numbers<") == 6, "a table for each plot"
    assert "style=" not in page
    assert "unsafe" not in staff_client.get(PAGE).headers["Content-Security-Policy"]


def test_a_lost_worker_is_shown_as_lost(staff_client: Client, worker: Worker) -> None:
    Worker.objects.update(beat_at="2020-01-01T00:00Z")
    assert re.search(r'operations-bad">\s*lost', html(staff_client))


def test_it_takes_as_many_queries_for_many_rows_as_for_few(
    staff_client: Client, worker: Worker, alice: Viewer
) -> None:
    def count() -> int:
        with CaptureQueriesContext(connection) as captured:
            html(staff_client)
        return len(captured)

    count()
    few = count()
    Prediction.objects.bulk_create(ended(alice, 60, error=f"E{n}") for n in range(50))
    for number in range(20):
        Worker.objects.create(host="there", pid=number, queue="batch", cluster=1)
    assert count() <= few + 1  # a model of a worker
    assert few <= 40


def test_its_parts_ask_for_their_successors_until_told_not_to(staff_client: Client) -> None:
    page = html(staff_client)
    addresses = re.findall(r'hx-get="([^"]+)"', page)
    assert len(addresses) == 2
    for address in addresses:
        assert staff_client.get(address).status_code in {200, 204}
    assert "hx-get" not in html(staff_client, f"{PAGE}?live=no")


def test_what_has_not_changed_is_not_sent_again(staff_client: Client, alice: Viewer) -> None:
    address = next(
        found for found in re.findall(r'hx-get="([^"]+)"', html(staff_client)) if "lately" in found
    )
    assert staff_client.get(address).status_code == 204
    ended(alice, 1, error="E").save()
    changed = staff_client.get(address)
    assert changed.status_code == 200
    assert "operations-failures" in changed.content.decode()
    assert "<html" not in changed.content.decode()


def test_the_index_leads_to_it_for_those_who_may_see_it(
    staff_client: Client, staff_with: StaffWith
) -> None:
    assert PAGE in html(staff_client, "/admin/")
    assert PAGE not in html(staff_with("view_movie"), "/admin/")


@pytest.mark.parametrize("path", ["", *ACTIONS])
def test_it_is_for_staff_who_may_see_workers(
    client: Client, alice_client: Client, staff_with: StaffWith, path: str
) -> None:
    assert client.get(PAGE + path).status_code == 302
    assert alice_client.get(PAGE + path).status_code == 302
    assert staff_with("view_movie").get(PAGE + path).status_code == 403


def test_a_part_that_is_asked_for_after_signing_out_leads_to_the_page(
    client: Client, staff_with: StaffWith
) -> None:
    for asker in (client, staff_with("view_movie")):
        answer = asker.get(f"{PAGE}parts/now/")
        assert answer.headers["HX-Redirect"] == PAGE
        assert b"table" not in answer.content


@pytest.mark.parametrize("path", ACTIONS)
def test_who_may_only_see_can_do_nothing(staff_with: StaffWith, path: str) -> None:
    client = staff_with("view_worker")
    page = html(client)
    assert "Pause" not in page
    assert "Retry what failed" not in page
    assert client.get(PAGE + path).status_code == 403
    assert client.post(PAGE + path).status_code == 403
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize("path", ACTIONS)
def test_an_action_is_asked_about_before_and_written_down_after(
    staff_client: Client, path: str
) -> None:
    assert "No, take me back" in html(staff_client, PAGE + path)
    assert not LogEntry.objects.exists()
    answer = staff_client.post(PAGE + path, follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    entry = LogEntry.objects.get()
    assert entry.user.username == "charlie"
    assert entry.change_message[1:] in answer.content.decode()
    assert staff_client.get("/admin/").status_code == 200


@pytest.mark.parametrize("path", ["explode/", "pause/", "pause/dreams/", "reap/batch/"])
def test_there_are_no_other_actions(staff_client: Client, path: str) -> None:
    assert staff_client.post(PAGE + path).status_code == 404


def test_a_post_needs_its_token(staff_client: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = staff_client.cookies
    assert strict.post(f"{PAGE}pause/batch/").status_code == 403
    assert not PausedQueue.objects.exists()


@pytest.mark.parametrize("queue", QUEUES)
def test_a_queue_is_paused_and_resumed(staff_client: Client, queue: str) -> None:
    staff_client.post(f"{PAGE}pause/{queue}/")
    staff_client.post(f"{PAGE}pause/{queue}/")
    assert PausedQueue.objects.get().paused_by == "charlie"
    page = html(staff_client)
    assert "paused by charlie" in page
    assert f"{PAGE}resume/{queue}/" in page
    staff_client.post(f"{PAGE}resume/{queue}/")
    assert not PausedQueue.objects.exists()


def test_what_failed_is_asked_for_anew_and_stays_as_history(
    staff_client: Client, active_model: TrainedModel, alice: Viewer, bob: Viewer
) -> None:
    failed = [ended(alice, 60, error="E"), ended(alice, 50, error="E"), ended(bob, 40, error="E")]
    Prediction.objects.bulk_create([*failed, ended(bob, 30)])
    staff_client.post(f"{PAGE}retry/")
    assert Prediction.objects.in_flight().get().viewer == alice
    assert Prediction.objects.filter(status="failed").count() == 3
    staff_client.post(f"{PAGE}retry/")
    assert Prediction.objects.in_flight().count() == 1
    assert OrmQ.objects.count() == 1


def test_of_many_failures_some_are_retried_and_the_rest_is_told(
    active_model: TrainedModel, catalogue: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mending, "AT_ONCE", 3)
    viewers = [Viewer.objects.create(display_name=f"Guest {n}") for n in range(5)]
    Prediction.objects.bulk_create(ended(viewer, 60, error="E") for viewer in viewers)
    assert mending.retry_failed() == mending.Retried(failed=5, tried=3, asked=3)
    assert mending.retry_failed() == mending.Retried(failed=2, tried=2, asked=2)


def test_reaping_by_hand_brings_back_what_a_lost_worker_held(
    staff_client: Client, alice: Viewer
) -> None:
    row = ended(alice, 60)
    row.status, row.attempt = Prediction.Status.RUNNING, 1
    row.lease_expires_at, row.finished_at = row.finished_at, None
    row.save()
    staff_client.post(f"{PAGE}reap/")
    row.refresh_from_db()
    assert row.status == Prediction.Status.QUEUED


def test_a_training_is_asked_for_once(staff_client: Client) -> None:
    staff_client.post(f"{PAGE}retrain/")
    staff_client.post(f"{PAGE}retrain/")
    assert TrainedModel.objects.unfinished().count() == 1
    said = list(LogEntry.objects.values_list("change_message", flat=True))
    assert "already" in said[0]
