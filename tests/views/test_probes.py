"""What machines ask: answered to whom it is for, whatever else is wrong."""

from ipaddress import ip_network

import pytest
from django.conf import LazySettings
from django.db.models.functions import Now
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from recommendations.models import TrainedModel, Viewer, Worker
from tests.operations.rows import ended

TOKEN = {"Authorization": "Bearer a long secret"}


@pytest.fixture
def ready(active_model: TrainedModel) -> None:
    Worker.objects.create(host="here", pid=7, queue="predictions", cluster=6, beat_at=Now())


def samples(client: Client, **headers: str) -> dict[str, float]:
    """By name and labels."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    return {
        " ".join([sample.name, *sample.labels.values()]): sample.value
        for family in text_string_to_metric_families(answer.content.decode())
        for sample in family.samples
    }


def test_a_live_process_says_so_without_a_database(client: Client) -> None:
    """Access to the database fails in a test that did not ask for it."""
    answer = client.get("/healthz")
    assert answer.status_code == 200
    assert answer.content == b"alive\n"
    assert not answer.cookies
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.parametrize("host", ["10.1.2.3:8000", "elsewhere.example", "[fe80::1]"])
def test_a_load_balancer_may_ask_by_address_and_without_https(
    client: Client, settings: LazySettings, host: str
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz", headers={"Host": host}).status_code == 200
    assert client.get("/", headers={"Host": host}).status_code == 400


def test_nothing_is_posted_to_a_probe(client: Client) -> None:
    assert client.post("/healthz").status_code == 405
    assert client.head("/healthz").status_code == 200


def test_a_site_with_all_it_needs_is_ready(client: Client, ready: None) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.content) == (200, b"ready\n")
    assert not answer.cookies


def test_a_site_without_model_and_workers_says_what_is_missing(client: Client, db: None) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.content.decode().splitlines() == [
        "model: none is active",
        "workers: none is alive for the queue predictions",
    ]


def test_metrics_say_what_the_rows_say(client: Client, ready: None, alice: Viewer) -> None:
    ended(alice, 60, wait=0.5, run=2).save()
    ended(alice, 60, wait=0.5, run=2, error="E").save()
    found = samples(client)
    assert found["recsite_workers predictions idle"] == 1
    assert found["recsite_workers training idle"] == 0
    assert found["recsite_predictions failed"] == 1
    assert found["recsite_predictions_failed 1h"] == 1
    assert found["recsite_prediction_wait_seconds 0.95 predictions 1h"] == 0.5
    assert found["recsite_prediction_run_seconds 0.5 predictions 24h"] == 2
    assert found["recsite_queue_due_tasks batch"] == 0
    assert found["recsite_disk_free_bytes"] > 0
    assert any(name.startswith("recsite_active_model_info") for name in found)


def test_metrics_name_the_problems(client: Client, db: None) -> None:
    assert {"recsite_problems no_model", "recsite_problems no_worker"} <= samples(client).keys()


def test_metrics_are_for_near_addresses_alone(
    client: Client, db: None, settings: LazySettings
) -> None:
    settings.METRICS_ALLOW = [ip_network("10.0.0.0/8")]
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="10.2.3.4").status_code == 200
    assert client.get("/metrics", REMOTE_ADDR="11.2.3.4").status_code == 404
    assert client.get("/metrics", REMOTE_ADDR="").status_code == 404


def test_or_for_whoever_knows_the_token(db: None, settings: LazySettings) -> None:
    far = Client(REMOTE_ADDR="203.0.113.9")
    assert far.get("/metrics", headers={"Authorization": "Bearer "}).status_code == 404
    settings.METRICS_TOKEN = "a long secret"
    assert far.get("/metrics", headers=TOKEN).status_code == 200
    wrong = {"Authorization": "Bearer a long guess"}
    assert far.get("/metrics", headers=wrong).status_code == 404


@pytest.mark.parametrize(
    ("proxies", "forwarded", "status"),
    [
        (0, "127.0.0.1", 404),
        (1, "127.0.0.1", 200),
        (1, "203.0.113.9", 404),
        (1, "127.0.0.1, 203.0.113.9", 404),
        (2, "127.0.0.1, 203.0.113.9", 200),
        (2, "127.0.0.1", 404),
        (1, "nonsense", 404),
    ],
)
def test_what_a_proxy_on_this_host_passes_on_is_not_near(
    client: Client, db: None, settings: LazySettings, *, proxies: int, forwarded: str, status: int
) -> None:
    settings.TRUSTED_PROXIES = proxies
    assert client.get("/metrics", headers={"X-Forwarded-For": forwarded}).status_code == status
