"""Predictions that ended at times of a test's choice."""

from datetime import timedelta

from django.utils import timezone

from recommendations.models import Prediction, Viewer

SUCCEEDED, FAILED = Prediction.Status.SUCCEEDED, Prediction.Status.FAILED


def ended(
    viewer: Viewer,
    ago: float,
    *,
    wait: float = 0.1,
    run: float = 1.0,
    error: str = "",
    queue: str = "predictions",
) -> Prediction:
    """One that waited and ran for so many seconds and ended so many seconds ago."""
    finished = timezone.now() - timedelta(seconds=ago)
    claimed = finished - timedelta(seconds=run)
    return Prediction(
        viewer=viewer,
        key="home",
        queue=queue,
        status=FAILED if error else SUCCEEDED,
        error=error,
        taste_version=1,
        enqueued_at=claimed - timedelta(seconds=wait),
        claimed_at=claimed,
        finished_at=finished,
        wake_at=finished,
    )
