"""Ten thousand requests at once: pages stay up, all is done in its turn, nothing twice."""

from functools import partial

import pytest

from tests.e2e.running import until
from tests.faults.service import PATIENCE, Service

CROWD = 10_000

#: Rows and wake-ups as `requests.request` writes them, at once; each was due for healing long ago.
#: The films do not exist, which the runs find out quickly.
ASK = """
from datetime import timedelta
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone
from django_q.models import OrmQ
from django_q.signing import SignedPackage
viewer, now = Viewer.objects.get(pk={viewer}), timezone.now()
with transaction.atomic():
    rows = Prediction.objects.bulk_create(
        Prediction(viewer=viewer, key=f"film:{{1_000_000 + n}}", taste_version=1,
                   queue="{queue}", wake_at=Now() - timedelta(seconds=1))
        for n in range({crowd})
    )
    task = {{"func": "recommendations.tasks.run_prediction", "kwargs": {{}}, "started": now}}
    OrmQ.objects.bulk_create(
        OrmQ(key="{queue}", lock=now, payload=SignedPackage.dumps(
            task | {{"id": f"{{row.pk:032}}", "name": str(row.pk), "args": (row.pk,)}}))
        for row in rows
    )
"""


def ask_at_once(service: Service, queue: str) -> None:
    viewer = service.guests[-3].viewer
    service.shell(ASK.format(viewer=viewer, queue=queue, crowd=CROWD))


def standing(service: Service) -> dict[str, int]:
    """How many of the crowd are at which point."""
    crowd = "SELECT status, count(*) FROM recommendations_prediction WHERE key LIKE 'film:1______'"
    return dict(service.query(f"{crowd} GROUP BY status"))


def done(service: Service) -> int:
    now = standing(service)
    assert sum(now.values()) == CROWD
    assert now.keys() <= {"queued", "running", "succeeded"}
    return now.get("succeeded", 0)


def has_done(service: Service, number: int) -> bool:
    return done(service) >= number


def drains(service: Service, looks: int = 3) -> None:
    """At each look more is done, and nothing is lost."""
    for _ in range(looks):
        more = done(service) + 20
        until(partial(has_done, service, more), seconds=PATIENCE)


@pytest.mark.parametrize(("database", "queue"), [("sqlite", "predictions"), ("postgres", "batch")])
def test_ten_thousand_requests_at_once(
    request: pytest.FixtureRequest, database: str, queue: str
) -> None:
    service: Service = request.getfixturevalue(f"{database}_service")
    service.environment["LIMIT_QUEUE"] = str(2 * CROWD)  # or nobody would be let in behind them
    ask_at_once(service, queue)
    service.start_web()
    service.start_workers("--queue", "predictions", "--queue", "batch")
    cluster = service.cluster(queue).pid
    with service.watched():
        drains(service)
        service.come(0)
        look = service.visitor(0)
        until(lambda: look.shelf_films("top-picks") or service.predictions(), seconds=PATIENCE)
        if queue == "batch":
            assert len(service.films(0)) > 5
            assert done(service) < CROWD
        drains(service)
    assert service.cluster(queue).pid == cluster
    [row] = service.predictions()
    assert row["status"] == ("succeeded" if queue == "batch" else "queued")
