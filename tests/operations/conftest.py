import pytest
from django.db.models.functions import Now

from recommendations.models import Worker


@pytest.fixture
def worker(db: None) -> Worker:
    """Alive, and waiting for work."""
    return Worker.objects.create(
        host="here", pid=7, queue="predictions", cluster=6, memory=250_000_000, beat_at=Now()
    )
