"""What Django-Q2 calls. Each task carries one id at most, and returns None or a small number."""

import time
from datetime import timedelta

from django.conf import settings
from django.core.management import call_command

from recommendations import training
from recommendations.logs import bound
from recommendations.models import Prediction, RateCount, Viewer
from recommendations.models.workers import worker_name
from recommendations.pipeline import imports, precomputing, reaping, runs, trainings
from recommendations.training import keeping


def run_prediction(prediction_id: int) -> None:
    with bound(worker=worker_name(), prediction=prediction_id):
        runs.run(prediction_id)


def train_model(model_id: int) -> None:
    with bound(worker=worker_name(), training=model_id):
        training.run(model_id)


def retrain() -> None:
    trainings.ask_for_default()


def precompute(after: int = 0) -> int:
    return precomputing.go_on(after)


def reap_trainings() -> int:
    return trainings.reap()


def prune_models() -> int:
    return keeping.prune()


def reap_predictions() -> int:
    return reaping.reap()


def import_ratings(import_id: int) -> None:
    with bound(worker=worker_name(), ratings_import=import_id):
        imports.run(import_id)


def reap_imports() -> int:
    return imports.reap()


def prune_predictions() -> int:
    return Prediction.objects.prune(
        settings.PREDICTION_KEEP_RUNS, timedelta(days=settings.PREDICTION_KEEP_DAYS)
    )


def prune_guests() -> int:
    return Viewer.objects.delete_idle_guests(timedelta(days=settings.GUEST_KEEP_DAYS))


def clear_sessions() -> None:
    call_command("clearsessions")


def prune_rate_counts() -> int:
    return RateCount.objects.prune(time.time())


def answer() -> int:
    """Show that a worker is at work."""
    return 1
